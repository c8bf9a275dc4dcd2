// WatchPace: when the writer looks whether its database is still there, and when it tries to make a
// new one that could not be made.
//
// A look is a stat and a few bytes, each second. An attempt makes a directory, locks it, opens and
// migrates a file: the first follows the look that misses the database, further ones come later and
// later, as repeated commits do.
#pragma once

#include <cstdint>

#include "weir/backoff.h"
#include "weir/limits.h"

namespace weir {

// Lives on the writer thread; times are of the monotonic clock.
class WatchPace {
 public:
  static constexpr int64_t kIntervalMs = 1000;
  static constexpr BackoffBounds kRetryMs{kIntervalMs, kRetryDelayMsMax};

  explicit WatchPace(uint64_t jitter_seed) : random_(jitter_seed) {}

  bool due(int64_t now_ms) const { return now_ms >= next_ms_; }
  // A database is there.
  void found(int64_t now_ms) {
    failures_ = 0;
    next_ms_ = now_ms + kIntervalMs;
  }
  // There is none, and none could be made.
  void failed(int64_t now_ms) { next_ms_ = now_ms + backoff_ms(++failures_, kRetryMs, ++random_); }
  // Since a database was there last.
  uint64_t failures() const { return failures_; }

 private:
  uint64_t random_;
  uint64_t failures_ = 0;
  int64_t next_ms_ = 0;
};

}  // namespace weir
