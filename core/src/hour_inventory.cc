#include "hour_inventory.h"

#include <algorithm>
#include <set>

#include "segment_events.h"

namespace weir {

void HourInventory::begin_log(const LogState& log) {
  log_ = log;
  missing_ = false;
  missing_to_hour_ = last_hour_ = 0;
}

void HourInventory::missing_until(int64_t hour) {
  missing_ = true;
  missing_to_hour_ = std::max(missing_to_hour_, hour);
}

// Gaps of two reasons hide nothing that rollups count: the events are counted elsewhere or never
// were.
void HourInventory::add_gap(const SegmentHead& gap) {
  const bool hides_nothing =
      gap.gap_reason == GapReason::kForked || gap.gap_reason == GapReason::kData;
  if (!hides_nothing) missing_until(hour_of(gap.first_ms) + 1);
}

void HourInventory::add(const SegmentReader& segment) {
  const SegmentHead& head = segment.head();
  const int64_t hour = hour_of(head.first_ms);
  if (last_hour_ == 0 && head.first > 0) missing_ = true;
  if (missing_) stretches_.push_back({last_hour_ - 1, hour + 1});
  missing_ = false;
  missing_to_hour_ = 0;
  last_hour_ = hour_of(head.last_ms);
  if (head.first >= log_.rolled_through) return;
  const uint64_t end = std::min(head.end(), log_.rolled_through);
  if (end == head.end() && hour == last_hour_) {
    parts_.emplace(hour, Part{log_.log_no, head.first, end});
    counts_[hour].add({head.outcomes});
    return;
  }
  std::set<int64_t> hours;
  const ColumnSet columns = {Column::kTimes, Column::kTraits};
  for_each_chunk(segment, 0, columns, [&](const SegmentChunk& chunk, size_t) {
    const size_t counted = std::min<size_t>(chunk.count, end - head.first - chunk.first);
    for (size_t i = 0; i < counted; ++i) {
      hours.insert(hour_of(chunk.times_ms[i]));
      const Outcome outcome = segment.trait(chunk.traits[i]).outcome;
      ++counts_[hour_of(chunk.times_ms[i])].by_outcome[static_cast<size_t>(outcome)];
    }
    return counted == chunk.count;
  });
  for (const int64_t of : hours) parts_.emplace(of, Part{log_.log_no, head.first, end});
}

void HourInventory::end_log() {
  if (missing_ && log_.rolled_through > 0) stretches_.push_back({last_hour_ - 1, missing_to_hour_});
}

bool HourInventory::is_complete(int64_t hour) const {
  return std::none_of(stretches_.begin(), stretches_.end(), [hour](const Stretch& stretch) {
    return hour >= stretch.from_hour && hour <= stretch.to_hour;
  });
}

}  // namespace weir
