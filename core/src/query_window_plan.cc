// Which rollups make up a window: the plan of WindowOperation.
#include <algorithm>

#include "query_window.h"

namespace weir {
namespace {

int64_t floor_to(int64_t time_ms, int64_t step_ms) { return time_ms - time_ms % step_ms; }
int64_t ceil_to(int64_t time_ms, int64_t step_ms) {
  return floor_to(time_ms + step_ms - 1, step_ms);
}

// Hours since 1970 that a rollup can have, however far the window reaches.
int64_t hour_number(int64_t time_ms) {
  return std::clamp<int64_t>(time_ms / kHourMs, 0, kHourNumberMax);
}

// The hours [from, to) of the window, of which the first and last may stick out of it.
void add_hours(int64_t from, int64_t to, WindowPlan* plan) {
  using Counts = WindowRange::Counts;
  auto add = [&](int64_t first, int64_t end, Counts counts) {
    if (first < end) {
      plan->ranges.push_back({RollupLevel::kHour, first, end, counts, plan->summary});
    }
  };
  if (plan->step_ms != 0 && plan->step_ms < kHourMs) return add(from, to, Counts::kMinutes);
  if (from < to && from * kHourMs < plan->since_ms) {
    add(from, from + 1, Counts::kMinutes);
    ++from;
  }
  if (from < to && to * kHourMs > plan->until_ms) {
    add(to - 1, to, Counts::kMinutes);
    --to;
  }
  add(from, to, Counts::kWhole);
}

void add_days(int64_t from, int64_t to, WindowPlan* plan) {
  using Counts = WindowRange::Counts;
  const bool by_hour = plan->step_ms == kHourMs;
  if (by_hour) plan->ranges.push_back({RollupLevel::kHour, from, to, Counts::kWhole, false});
  if (!by_hour || plan->summary) {
    const Counts counts = by_hour ? Counts::kNone : Counts::kWhole;
    plan->ranges.push_back({RollupLevel::kDay, from, to, counts, plan->summary});
  }
}

void plan_ranges(WindowPlan* plan) {
  const int64_t from = hour_number(plan->filter.since_ms);
  const int64_t to = hour_number(plan->filter.until_ms);
  const int64_t first_day = hour_number(ceil_to(plan->since_ms, kDayMs));
  const int64_t end_day = hour_number(floor_to(plan->until_ms, kDayMs));
  const bool finer = plan->step_ms != 0 && plan->step_ms < kHourMs;
  if (finer || first_day >= end_day) return add_hours(from, to, plan);
  add_hours(from, first_day, plan);
  add_days(first_day, end_day, plan);
  add_hours(end_day, to, plan);
}

}  // namespace

Result<WindowPlan> plan_window(Filter filter, int64_t step_ms, bool summary, Summary::TopSet tops) {
  WindowPlan plan;
  plan.since_ms = floor_to(filter.since_ms, kMinuteMs);
  plan.until_ms = ceil_to(filter.until_ms, kMinuteMs);
  plan.step_ms = step_ms;
  plan.summary = summary;
  plan.tops = tops;
  if (summary) plan.columns = ColumnSet::all();
  plan.from_rollups = filter.only_time_and_site();
  plan.filter = std::move(filter);
  const int64_t outward_ms = plan.from_rollups ? kHourMs : kMinuteMs;
  plan.filter.since_ms = floor_to(plan.since_ms, outward_ms);
  plan.filter.until_ms = ceil_to(plan.until_ms, outward_ms);
  if (step_ms != 0) {
    const int64_t span_ms = ceil_to(plan.until_ms, step_ms) - floor_to(plan.since_ms, step_ms);
    if (span_ms / step_ms > static_cast<int64_t>(kSeriesPointsMax)) {
      return Status(Code::kTooLarge, "more points than an answer holds; choose a longer step");
    }
  }
  if (plan.from_rollups) plan_ranges(&plan);
  return plan;
}

}  // namespace weir
