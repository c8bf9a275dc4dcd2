#include "weir/backoff.h"

#include <algorithm>

#include "hash.h"

namespace weir {

int64_t backoff_ms(uint64_t failures, const BackoffBounds& bounds, uint64_t random) {
  const uint64_t doublings = std::clamp<uint64_t>(failures, 1, 21) - 1;
  const int64_t delay_ms = std::min(bounds.least_ms << doublings, bounds.most_ms);
  const auto half = static_cast<uint64_t>(delay_ms / 2);
  return delay_ms - static_cast<int64_t>(mix64(random) % (half + 1));
}

}  // namespace weir
