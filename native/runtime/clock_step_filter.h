// ClockStepFilter: the wall clock for work that cannot be undone.
//
// A clock that is set ahead makes everything look old, and retention would remove it. So a step
// ahead is believed only after it has stood for an hour; until then this clock goes on as it did. A
// step back is believed at once: it makes nothing older.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

#include "native/runtime/clock.h"

namespace weir {

// Lives on one thread.
class ClockStepFilter {
 public:
  static constexpr int64_t kStepMs = 60'000;  // less between two readings is drift
  static constexpr int64_t kTrustMs = 3'600'000;

  // Before the first reading, which is believed only up to this time.
  void expect_until(int64_t wall_ms) { expected_ms_ = wall_ms; }
  // Takes a reading and answers the time in milliseconds UTC, never later than the reading.
  int64_t wall_ms(const ClockPair& now) {
    const int64_t monotonic_ms = now.monotonic_us / 1000;
    const int64_t offset_ms = now.wall_ms - monotonic_ms;
    if (!offset_ms_) offset_ms_ = std::min(now.wall_ms, expected_ms_) - monotonic_ms;
    if (offset_ms <= *offset_ms_ + kStepMs) return believe(now.wall_ms, offset_ms);
    if (!step_ || std::abs(offset_ms - step_->offset_ms) > kStepMs) {
      step_ = {offset_ms, monotonic_ms};
    }
    if (monotonic_ms - step_->since_ms >= kTrustMs) return believe(now.wall_ms, offset_ms);
    return monotonic_ms + *offset_ms_;
  }

  // By how much the clock is ahead of what is believed; 0 most of the time.
  int64_t ahead_ms() const { return step_ ? step_->offset_ms - *offset_ms_ : 0; }

 private:
  struct StepAhead {
    int64_t offset_ms = 0;
    int64_t since_ms = 0;  // monotonic
  };

  int64_t believe(int64_t wall_ms, int64_t offset_ms) {
    offset_ms_ = offset_ms;
    step_.reset();
    return wall_ms;
  }

  int64_t expected_ms_ = std::numeric_limits<int64_t>::max();
  std::optional<int64_t> offset_ms_;  // of the wall clock to the monotonic one, as it is believed
  std::optional<StepAhead> step_;
};

}  // namespace weir
