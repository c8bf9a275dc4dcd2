#include "weir/backoff.h"

#include <set>

#include "catch.h"

namespace weir {
namespace {

constexpr BackoffBounds kBounds{100, 30'000};

TEST_CASE("a backoff doubles with each failure up to its bound, and half of it is random") {
  for (uint64_t failures = 1; failures <= 100; ++failures) {
    const int64_t most = failures <= 9 ? int64_t{100} << (failures - 1) : 30'000;
    for (uint64_t random = 0; random < 50; ++random) {
      const int64_t delay = backoff_ms(failures, kBounds, random);
      CHECK(delay >= most / 2);
      CHECK(delay <= most);
    }
  }
  CHECK(backoff_ms(UINT64_MAX, kBounds, 7) >= 15'000);
}

TEST_CASE("backoffs of different numbers differ") {
  std::set<int64_t> delays;
  for (uint64_t random = 0; random < 100; ++random) {
    delays.insert(backoff_ms(20, kBounds, random));
  }
  CHECK(delays.size() > 90);
}

TEST_CASE("a backoff of one millisecond has no half to take off") {
  for (uint64_t random = 0; random < 50; ++random) CHECK(backoff_ms(1, {1, 1}, random) == 1);
}

}  // namespace
}  // namespace weir
