// A column of integers as bit-packed blocks with patched exceptions (PFOR; Zukowski et al. 2006).
//
// A block holds 128 values, the last one what is left. Each block stands alone:
//
//   u8      width w of a packed value (bits 0–5), bit 6: a base follows, bit 7: exceptions follow
//   varint  base, zigzag, if bit 6 is set, else the base is 0
//   u8, u8  number e of exceptions and width h of their high parts, if bit 7 is set
//   bytes   all values − base, their low w bits each, least significant bit first, padded to a byte
//   bytes   e positions in the block of 7 bits each, ascending, padded to a byte
//   bytes   e high parts of h bits each, padded to a byte: value − base = low + (high << w)
//
// w + h ≤ 32. The encoder takes the width that makes the block smallest, so a rare large value
// costs itself and not the whole block.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "bytes.h"

namespace weir {

inline constexpr size_t kBlockValues = 128;
inline constexpr unsigned kColumnWidthMax = 32;
// What a block costs beyond the bits of its values and exceptions, at most: head, base, padding.
inline constexpr size_t kBlockOverheadBytesMax = 1 + 6 + 3;

// Within a block no two values may be 2^32 or more apart, and none may leave ±2^40. Small types are
// quicker.
template <class T>
void encode_column(std::span<const T> values, std::vector<uint8_t>* out);
template <class T>
void encode_column(const std::vector<T>& values, std::vector<uint8_t>* out) {
  encode_column(std::span<const T>(values), out);
}

extern template void encode_column(std::span<const int64_t>, std::vector<uint8_t>*);
extern template void encode_column(std::span<const int32_t>, std::vector<uint8_t>*);
extern template void encode_column(std::span<const uint32_t>, std::vector<uint8_t>*);
extern template void encode_column(std::span<const uint8_t>, std::vector<uint8_t>*);

// What encode_column() will need for a column that is still growing: never too little, a little too
// much for the block that is not full.
class ColumnEstimate {
 public:
  void add(int64_t value) {
    least_ = std::min(least_, value);
    most_ = std::max(most_, value);
    if (value >= 0) ++widths_[static_cast<size_t>(std::bit_width(static_cast<uint64_t>(value)))];
    if (++size_ == kBlockValues) end_block();
  }
  size_t bytes() const;

 private:
  void end_block();
  size_t full_block_bytes() const;

  size_t full_bytes_ = 0;
  // The block that is not full yet.
  size_t size_ = 0;
  int64_t least_ = std::numeric_limits<int64_t>::max();
  int64_t most_ = std::numeric_limits<int64_t>::min();
  std::array<uint8_t, kColumnWidthMax + 1> widths_{};  // as if the base were 0
};

struct ColumnRange {
  int64_t least = 0;
  int64_t most = 0;
};
// Reads out.size() values; false if the bytes are no column of that many values or one of them is
// outside `range`, which must fit T.
template <class T>
bool decode_column(ByteReader* reader, ColumnRange range, std::span<T> out);

extern template bool decode_column(ByteReader*, ColumnRange, std::span<int32_t>);
extern template bool decode_column(ByteReader*, ColumnRange, std::span<uint32_t>);
extern template bool decode_column(ByteReader*, ColumnRange, std::span<uint16_t>);
extern template bool decode_column(ByteReader*, ColumnRange, std::span<uint8_t>);

}  // namespace weir
