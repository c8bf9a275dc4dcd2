// What the writer and the reader of a segment's content agree on. docs/segment_format.md has the
// whole layout.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hash.h"
#include "weir/segment.h"

namespace weir {

constexpr size_t chunks_of(size_t events) {
  return (events + kSegmentChunkEvents - 1) / kSegmentChunkEvents;
}

inline constexpr size_t kClientKindCount = 4;

// Bloom filter of names (Kirsch and Mitzenmacher 2006): bit i of kBloomProbes is
// ((h + i · g) mod 2^32) · bits >> 32, with h and g the halves of the name's hash, g made odd.
// 10 bits and 7 probes per name: a name that is not there passes about once in 120 times.
inline constexpr size_t kBloomBitsPerName = 10;
inline constexpr uint32_t kBloomProbes = 7;

// Calls probe(byte, mask) for each bit of a name until it gives false; true if none did.
template <class Probe>
bool probe_bloom(std::string_view name, size_t bloom_bytes, Probe probe) {
  const uint64_t hash = hash64(name);
  auto at = static_cast<uint32_t>(hash);
  const auto stride = static_cast<uint32_t>(hash >> 32) | 1;
  for (uint32_t i = 0; i < kBloomProbes; ++i, at += stride) {
    const uint64_t bit = at * static_cast<uint64_t>(bloom_bytes * 8) >> 32;
    if (!probe(static_cast<size_t>(bit / 8), static_cast<uint8_t>(1U << (bit % 8)))) return false;
  }
  return true;
}

// A trait's first byte: outcome, transport << 3, ad << 5. Then varints: rcode, 0 or 1 + number of
// the list, 0 or 1 + number of the upstream.
constexpr uint8_t trait_byte(Outcome outcome, Transport transport, bool ad) {
  return static_cast<uint8_t>(static_cast<unsigned>(outcome) |
                              static_cast<unsigned>(transport) << 3 |
                              static_cast<unsigned>(ad) << 5);
}

}  // namespace weir
