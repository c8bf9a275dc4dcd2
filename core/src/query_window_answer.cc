// Where counts, minutes and events of a window are put.
#include <algorithm>
#include <utility>

#include "query_window.h"

namespace weir {

WindowAnswer::WindowAnswer(const WindowPlan& plan) : summary(Summary::Span::kAny, 0, plan.tops) {
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

void WindowAnswer::add_events(const WindowPlan& plan, const SegmentScan& scan) {
  const SegmentChunk& chunk = scan.chunk();
  if (plan.summary) summary.add(scan.reader(), chunk, scan.matches());
  if (!chunk.columns.has(Column::kTimes) || !chunk.columns.has(Column::kTraits)) return;
  // Times go on in one bucket for a while.
  OutcomeCounts part;
  int64_t part_ms = 0;
  const int64_t unit_ms = plan.step_ms == 0 ? kHourMs : plan.step_ms;
  for (const uint32_t i : scan.matches()) {
    const int64_t time_ms = chunk.times_ms[i];
    if (time_ms < plan.since_ms || time_ms >= plan.until_ms) continue;
    if (time_ms / unit_ms != part_ms / unit_ms) {
      add_counts(plan, part_ms, std::exchange(part, {}));
      part_ms = time_ms;
    }
    ++part.by_outcome[static_cast<size_t>(scan.reader().trait(chunk.traits[i]).outcome)];
  }
  if (part.total() > 0) add_counts(plan, part_ms, part);
}

void WindowAnswer::finish_events(const SegmentScan& scan) {
  if (scan.is_open()) summary.finish(scan.reader(), scan.questions_left());
}

}  // namespace weir
