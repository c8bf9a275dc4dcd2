// One system call per block of numbers; libsodium chooses the kernel's best source (getrandom).
#include "native/runtime/random.h"

#include <sodium.h>

#include "weir/status.h"

namespace weir {

void RandomSource::refill() {
  // sodium_init() is idempotent and thread-safe; it fails only where the kernel has no randomness.
  WEIR_CHECK(sodium_init() >= 0);
  randombytes_buf(block_.data(), block_.size());
  used_ = 0;
}

}  // namespace weir
