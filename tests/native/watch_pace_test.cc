#include "native/store/watch_pace.h"

#include <algorithm>

#include "catch.h"

namespace weir {
namespace {

// When it is due next, seen from `now_ms`.
int64_t delay_ms(const WatchPace& pace, int64_t now_ms) {
  int64_t delay = 0;
  while (!pace.due(now_ms + delay)) ++delay;
  return delay;
}

TEST_CASE("a database that is there is looked at each second") {
  WatchPace pace(1);
  CHECK(pace.due(0));
  for (int64_t now_ms = 0; now_ms < 10'000; now_ms += WatchPace::kIntervalMs) {
    pace.found(now_ms);
    CHECK(delay_ms(pace, now_ms) == WatchPace::kIntervalMs);
  }
}

TEST_CASE("a database that cannot be made is tried later and later, up to a bound") {
  WatchPace pace(1);
  int64_t now_ms = 5'000;
  for (uint64_t failures = 1; failures <= 12; ++failures) {
    pace.failed(now_ms);
    CHECK(pace.failures() == failures);
    const int64_t most = std::min(WatchPace::kIntervalMs << (failures - 1), kRetryDelayMsMax);
    const int64_t delay = delay_ms(pace, now_ms);
    CHECK(delay >= most / 2);
    CHECK(delay <= most);
    now_ms += delay;
  }
}

TEST_CASE("once there is a database again, the next that is lost is tried soon") {
  WatchPace pace(1);
  for (int i = 0; i < 10; ++i) pace.failed(0);
  pace.found(100'000);
  CHECK(pace.failures() == 0);
  CHECK(delay_ms(pace, 100'000) == WatchPace::kIntervalMs);
  pace.failed(200'000);
  CHECK(delay_ms(pace, 200'000) <= WatchPace::kIntervalMs);
}

}  // namespace
}  // namespace weir
