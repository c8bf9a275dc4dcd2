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

// A column whose values are taken out one by one: all is checked at first, nothing decoded. Borrows
// the bytes.
class ColumnView {
 public:
  // As decode_column() for `size` values.
  bool open(ByteReader* reader, ColumnRange range, size_t size);

  size_t size() const { return size_; }
  size_t block_count() const { return starts_.size(); }
  int64_t operator[](size_t index) const;
  // The values of a block, modulo 2^32; how many there are.
  size_t block(size_t number, std::span<uint32_t, kBlockValues> values) const;

 private:
  friend class ColumnSums;
  template <class Check>
  bool open_blocks(ByteReader* reader, size_t size, Check check);

  std::span<const uint8_t> bytes_;  // from the first block on; more may follow the last
  size_t size_ = 0;
  std::vector<uint32_t> starts_;  // of the blocks, in bytes_
};

// A column of values from 0 to 2^24, and what those before one add up to.
class ColumnSums {
 public:
  bool open(ByteReader* reader, ColumnRange range, size_t size);

  const ColumnView& values() const { return values_; }
  uint64_t total() const { return sums_.back(); }
  // Of the values before `index`, which is at most size().
  uint64_t before(size_t index) const;
  // The first index with which the values up to it, its own included, reach `sum`; size() if none.
  size_t reaching(uint64_t sum) const;

 private:
  ColumnView values_;
  std::vector<uint64_t> sums_;  // before each block, and of all
};

extern template bool decode_column(ByteReader*, ColumnRange, std::span<int32_t>);
extern template bool decode_column(ByteReader*, ColumnRange, std::span<uint32_t>);
extern template bool decode_column(ByteReader*, ColumnRange, std::span<uint16_t>);
extern template bool decode_column(ByteReader*, ColumnRange, std::span<uint8_t>);

}  // namespace weir
