// Arrays of counters as bytes: all of them as varints, or only those that are not zero.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bytes.h"

namespace weir {

// One varint per counter.
void encode_counts(std::span<const uint64_t> counts, std::vector<uint8_t>* out);
// False if the bytes end early or a counter is above kIntegerMax.
bool decode_counts(ByteReader* reader, std::span<uint64_t> counts);

// varint number of counters that are not zero, then for each: varint of the zeros before it, varint
// of its value.
void encode_sparse_counts(std::span<const uint64_t> counts, std::vector<uint8_t>* out);
bool decode_sparse_counts(ByteReader* reader, std::span<uint64_t> counts);

}  // namespace weir
