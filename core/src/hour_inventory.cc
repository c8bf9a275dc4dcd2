#include "hour_inventory.h"

#include <algorithm>

namespace weir {

void HourInventory::begin_log(const LogState& log) {
  log_ = log;
  missing_ = false;
  last_hour_ = 0;
}

void HourInventory::add(const SegmentReader& segment) {
  const SegmentHead& head = segment.head();
  const int64_t hour = hour_of(head.first_ms);
  if (last_hour_ == 0 && head.first > 0) missing_ = true;
  if (missing_) stretches_.push_back({last_hour_ - 1, hour + 1});
  missing_ = false;
  last_hour_ = hour;
  if (head.first >= log_.rolled_through) return;
  const uint64_t end = std::min(head.end(), log_.rolled_through);
  parts_.emplace(hour, Part{log_.log_no, head.first, end});
  OutcomeCounts& counts = counts_[hour];
  if (end == head.end()) {
    counts.add({head.outcomes});
  } else {
    for (uint64_t i = 0; i < end - head.first; ++i) {
      const auto& trait = segment.trait(segment.trait_index(static_cast<size_t>(i)));
      ++counts.by_outcome[static_cast<size_t>(trait.outcome)];
    }
  }
}

void HourInventory::end_log() {
  if (missing_ && log_.rolled_through > 0) stretches_.push_back({last_hour_ - 1, kHourNumberMax});
}

bool HourInventory::is_complete(int64_t hour) const {
  return std::none_of(stretches_.begin(), stretches_.end(), [hour](const Stretch& stretch) {
    return hour >= stretch.from_hour && hour <= stretch.to_hour;
  });
}

}  // namespace weir
