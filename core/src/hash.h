// A 64-bit hash for tables in memory: quick, well mixed, the same on every platform.
//
// Not cryptographic: where strangers choose the keys, the seed must be random and secret. Hashes
// are never stored; sketches that are stored have their own, frozen one.
#pragma once

#include <cstdint>
#include <span>

namespace weir::internal {

// The finalizer of MurmurHash3: every input bit reaches every output bit.
constexpr uint64_t mix64(uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdULL;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return value ^ (value >> 33);
}

constexpr uint64_t hash_bytes(std::span<const uint8_t> bytes, uint64_t seed) {
  uint64_t hash = mix64(seed + bytes.size());
  uint64_t word = 0;
  unsigned shift = 0;
  for (const uint8_t byte : bytes) {
    word |= uint64_t{byte} << shift;
    shift = (shift + 8) % 64;
    if (shift == 0) {
      hash = mix64(hash ^ word) + 0x9e3779b97f4a7c15ULL;
      word = 0;
    }
  }
  return mix64(hash ^ word);
}

}  // namespace weir::internal
