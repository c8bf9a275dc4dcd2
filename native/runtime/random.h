// RandomSource: unpredictable numbers from the kernel (through libsodium), fetched in blocks so
// that a query costs no system call.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace weir {

// Thread-compatible: one per thread.
class RandomSource {
 public:
  template <class T>
  T next() {
    static_assert(std::is_unsigned_v<T>);
    if (used_ + sizeof(T) > block_.size()) refill();
    T value;
    std::memcpy(&value, block_.data() + used_, sizeof(T));
    // A used value is not kept: it may be an id that an attacker would like to know.
    std::memset(block_.data() + used_, 0, sizeof(T));
    used_ += sizeof(T);
    return value;
  }

 private:
  void refill();

  std::array<uint8_t, 512> block_{};
  size_t used_ = 512;  // all of it
};

}  // namespace weir
