// Backoff: how long to wait before something that failed is tried again.
//
// The delay doubles with each failure in a row from the least to the most. The upper half of it is
// random, so that several that failed together do not come back together.
#pragma once

#include <cstdint>

namespace weir {

struct BackoffBounds {  // 1 … 2^40 ms
  int64_t least_ms;
  int64_t most_ms;
};

// After so many failures in a row, at least one. `random`: another one each time, any value.
int64_t backoff_ms(uint64_t failures, const BackoffBounds& bounds, uint64_t random);

}  // namespace weir
