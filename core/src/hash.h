// A seeded 64-bit hash of bytes, the same on every platform: for dictionaries, bloom filters and
// sketches.
//
// Stored formats depend on it (docs/segment_format.md and docs/summary_format.md repeat it), so it
// is frozen. It is multiply–rotate over 8-byte words with an avalanche at the end, in the manner of
// xxHash64's short path, and uses no 128-bit multiplication, which WebAssembly lacks. It resists
// accidents, not attackers: tables that strangers fill take a secret seed, or go over to other bits
// of it where many keys agree (interner.h), and are bounded anyway.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "bytes.h"

namespace weir {

namespace internal {
inline constexpr uint64_t kHashPrime1 = 0x9e3779b185ebca87;
inline constexpr uint64_t kHashPrime2 = 0xc2b2ae3d27d4eb4f;
inline constexpr uint64_t kHashPrime3 = 0x165667b19e3779f9;

constexpr uint64_t hash_step(uint64_t state, uint64_t word) {
  return std::rotl(state ^ (std::rotl(word * kHashPrime2, 31) * kHashPrime1), 27) * kHashPrime1 +
         kHashPrime3;
}
}  // namespace internal

// Spreads the entropy of every bit over all 64; a bijection.
constexpr uint64_t mix64(uint64_t value) {
  value = (value ^ (value >> 33)) * internal::kHashPrime2;
  value = (value ^ (value >> 29)) * internal::kHashPrime3;
  return value ^ (value >> 32);
}

// Brings every bit into the higher ones: less than mix64(), and quicker.
constexpr uint64_t spread64(uint64_t value) { return value * internal::kHashPrime1; }

// Whole words first, then one word with the 0 to 7 bytes that are left; the length is in the start
// value, so that trailing zeros count.
inline uint64_t hash64(std::span<const uint8_t> bytes, uint64_t seed = 0) {
  uint64_t state = seed + internal::kHashPrime3 + bytes.size() * internal::kHashPrime1;
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    state = internal::hash_step(state, load_le<uint64_t>(at));
  }
  uint64_t tail = 0;
  if (left > 0 && bytes.size() >= 8) {  // the word that ends with them, without what was taken
    tail = load_le<uint64_t>(at + left - 8) >> (8 * (8 - left));
  } else {
    for (size_t i = 0; i < left; ++i) tail |= static_cast<uint64_t>(at[i]) << (8 * i);
  }
  return mix64(internal::hash_step(state, tail));
}
inline uint64_t hash64(std::string_view text, uint64_t seed = 0) {
  return hash64(as_bytes(text), seed);
}

}  // namespace weir
