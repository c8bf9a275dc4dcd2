// Where counts, minutes and events of a window are put.
#include <algorithm>

#include "query_window.h"

namespace weir {

WindowAnswer::WindowAnswer(const WindowPlan& plan) {
  if (plan.step_ms == 0) return;
  const int64_t first_ms = plan.since_ms - plan.since_ms % plan.step_ms;
  for (int64_t time = first_ms; time < plan.until_ms; time += plan.step_ms) {
    points.push_back({time, {}});
  }
}

void WindowAnswer::add_counts(const WindowPlan& plan, int64_t time_ms, const OutcomeCounts& more) {
  counts.add(more);
  if (points.empty()) return;
  const int64_t offset_ms = time_ms - points.front().time_ms;
  const auto bucket = static_cast<size_t>(std::max<int64_t>(offset_ms, 0) / plan.step_ms);
  points[std::min(bucket, points.size() - 1)].counts.add(more);
}

void WindowAnswer::add_minutes(const WindowPlan& plan, const Summary& hour) {
  for (size_t i = 0; i < hour.series_size(); ++i) {
    const int64_t time_ms = hour.start_ms() + static_cast<int64_t>(i) * kMinuteMs;
    if (time_ms >= plan.since_ms && time_ms < plan.until_ms) {
      add_counts(plan, time_ms, hour.series(i));
    }
  }
}

void WindowAnswer::add_event(const WindowPlan& plan, const Event& event) {
  if (event.time_ms >= plan.since_ms && event.time_ms < plan.until_ms) {
    OutcomeCounts one;
    one.by_outcome[static_cast<size_t>(event.outcome)] = 1;
    add_counts(plan, event.time_ms, one);
  }
  if (plan.summary) summary.add(event);
}

}  // namespace weir
