// Statistics, series, tops and the overview: one window, different parts of its answer.
#include <utility>

#include "query_window.h"

namespace weir {
namespace {

void take_statistics(const WindowPlan& plan, WindowAnswer* answer, StatisticsResult* result) {
  result->since_ms = plan.since_ms;
  result->until_ms = plan.until_ms;
  result->counts = answer->counts;
  result->summary = std::move(answer->summary);
  result->unreadable = answer->unreadable;
}

void take_series(const WindowPlan& plan, WindowAnswer* answer, SeriesResult* result) {
  result->since_ms = plan.since_ms;
  result->until_ms = plan.until_ms;
  result->step_ms = plan.step_ms;
  result->points = std::move(answer->points);
  result->unreadable = answer->unreadable;
}

OperationPtr window_operation(Result<WindowPlan> plan, QueryBudget budget,
                              WindowOperation::Finish finish) {
  return std::make_unique<WindowOperation>(std::move(plan), budget, std::move(finish));
}

// What a scan decodes of events to count the keys of one list.
ColumnSet columns_for(Summary::Top by) {
  switch (by) {
    case Summary::Top::kNames:
    case Summary::Top::kTypes:
      return {Column::kQuestions};
    case Summary::Top::kBlockedNames:
      return {Column::kQuestions, Column::kTraits};
    case Summary::Top::kClients:
      return {Column::kClients};
    case Summary::Top::kUpstreams:
    case Summary::Top::kLists:
      return {Column::kTraits};
  }
  return ColumnSet::all();
}

}  // namespace

OperationPtr find_statistics(Filter filter, QueryBudget budget, StatisticsResult* result) {
  return window_operation(plan_window(std::move(filter), 0, true), budget,
                          [result](const WindowPlan& plan, WindowAnswer answer) {
                            take_statistics(plan, &answer, result);
                          });
}

OperationPtr find_series(Filter filter, int64_t step_ms, QueryBudget budget, SeriesResult* result) {
  return window_operation(plan_window(std::move(filter), step_ms, false), budget,
                          [result](const WindowPlan& plan, WindowAnswer answer) {
                            take_series(plan, &answer, result);
                          });
}

OperationPtr find_top(Filter filter, Summary::Top by, size_t limit, QueryBudget budget,
                      TopResult* result) {
  if (by == Summary::Top::kNames && filter.outcomes == std::vector{Outcome::kBlocked}) {
    Filter rest = filter;
    rest.outcomes.clear();
    if (rest.only_time_and_site()) {
      filter = std::move(rest);
      by = Summary::Top::kBlockedNames;
    }
  }
  Result<WindowPlan> top_plan = plan_window(std::move(filter), 0, true, by);
  if (top_plan.ok()) top_plan->columns = columns_for(by);
  return window_operation(std::move(top_plan), budget,
                          [by, limit, result](const WindowPlan& plan, WindowAnswer answer) {
                            result->since_ms = plan.filter.since_ms;
                            result->until_ms = plan.filter.until_ms;
                            result->items = answer.summary.top(by, limit);
                            result->unreadable = answer.unreadable;
                          });
}

OperationPtr find_overview(Filter filter, int64_t step_ms, QueryBudget budget,
                           StatisticsResult* statistics, SeriesResult* series) {
  const auto tops = Summary::TopSet::all();
  return window_operation(plan_window(std::move(filter), step_ms, true, tops), budget,
                          [statistics, series](const WindowPlan& plan, WindowAnswer answer) {
                            take_statistics(plan, &answer, statistics);
                            take_series(plan, &answer, series);
                          });
}

}  // namespace weir
