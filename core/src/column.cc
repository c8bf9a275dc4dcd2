#include "column.h"

#include <algorithm>
#include <array>
#include <bit>

#include "weir/status.h"

namespace weir {
namespace {

constexpr uint8_t kWidthMask = 0x3f;
constexpr uint8_t kBaseFlag = 0x40;
constexpr uint8_t kExceptionsFlag = 0x80;
constexpr unsigned kPositionBits = 7;
constexpr int64_t kBaseMax = int64_t{1} << 40;

using Block = std::array<uint32_t, kBlockValues>;

constexpr size_t packed_bytes(size_t count, unsigned width) { return (count * width + 7) / 8; }

unsigned width_of(int64_t value) {
  return static_cast<unsigned>(std::bit_width(static_cast<uint64_t>(value)));
}

// Appends the low `width` bits of each value. With 0 bits nothing is written.
void pack(std::span<const uint32_t> values, unsigned width, std::vector<uint8_t>* out) {
  const size_t start = out->size();
  const size_t size = packed_bytes(values.size(), width);
  out->resize(start + size + sizeof(uint64_t));  // room for whole words; cut off below
  uint8_t* at = out->data() + start;
  const uint64_t mask = (uint64_t{1} << width) - 1;
  uint64_t pending = 0;
  unsigned filled = 0;
  for (const uint32_t value : values) {
    pending |= (value & mask) << filled;
    filled += width;
    if (filled >= 32) {
      store_le(at, static_cast<uint32_t>(pending));
      at += 4;
      pending >>= 32;
      filled -= 32;
    }
  }
  store_le(at, static_cast<uint32_t>(pending));
  out->resize(start + size);
}

// `bytes` must be packed_bytes(out.size(), width) long and out.size() at most kBlockValues.
void unpack(std::span<const uint8_t> bytes, unsigned width, std::span<uint32_t> out) {
  // A copy with eight bytes of slack lets every value be one unaligned load.
  std::array<uint8_t, kBlockValues * kColumnWidthMax / 8 + 8> padded;
  std::copy(bytes.begin(), bytes.end(), padded.begin());
  std::fill_n(padded.begin() + static_cast<ptrdiff_t>(bytes.size()), 8, uint8_t{0});
  const uint64_t mask = (uint64_t{1} << width) - 1;
  size_t bit = 0;
  for (uint32_t& value : out) {
    value = static_cast<uint32_t>(load_le<uint64_t>(padded.data() + bit / 8) >> (bit % 8) & mask);
    bit += width;
  }
}

// How many of a block's values need exactly 0, 1, … 32 bits.
using WidthCounts = std::array<size_t, kColumnWidthMax + 1>;

struct WidthChoice {
  unsigned width = 0;
  size_t bits = 0;  // of the values and their exceptions
};

// The width with the fewest bits, exceptions included; of equals the widest.
WidthChoice best_width(const WidthCounts& counts, size_t size, unsigned widest) {
  WidthChoice best = {widest, size * widest};
  size_t exceptions = 0;
  for (unsigned width = widest; width > 0;) {
    exceptions += counts[width];
    --width;
    const size_t bits = size * width + 16 + exceptions * (kPositionBits + widest - width);
    if (bits < best.bits) best = {width, bits};
  }
  return best;
}

// The least value, or 0 where leaving it out costs no bit.
int64_t choose_base(std::span<const int64_t> values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  WEIR_CHECK(*least >= -kBaseMax && *most <= kBaseMax);
  WEIR_CHECK(width_of(*most - *least) <= kColumnWidthMax);
  return *least >= 0 && width_of(*most) == width_of(*most - *least) ? 0 : *least;
}

void encode_block(std::span<const int64_t> values, std::vector<uint8_t>* out) {
  const int64_t base = choose_base(values);
  Block offsets;
  WidthCounts counts{};
  unsigned widest = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    offsets[i] = static_cast<uint32_t>(values[i] - base);
    const unsigned width = width_of(offsets[i]);
    ++counts[width];
    widest = std::max(widest, width);
  }
  const unsigned width = best_width(counts, values.size(), widest).width;
  Block positions;
  Block highs;
  size_t exceptions = 0;
  for (size_t i = 0; i < values.size() && width < widest; ++i) {
    if (offsets[i] >> width == 0) continue;
    positions[exceptions] = static_cast<uint32_t>(i);
    highs[exceptions++] = offsets[i] >> width;
  }
  ByteWriter writer(*out);
  writer.u8(static_cast<uint8_t>(width | (base != 0 ? kBaseFlag : 0U) |
                                 (exceptions != 0 ? kExceptionsFlag : 0U)));
  if (base != 0) writer.zigzag_varint(base);
  if (exceptions != 0) {
    writer.u8(static_cast<uint8_t>(exceptions));
    writer.u8(static_cast<uint8_t>(widest - width));
  }
  pack(std::span(offsets).first(values.size()), width, out);
  pack(std::span(positions).first(exceptions), kPositionBits, out);
  pack(std::span(highs).first(exceptions), widest - width, out);
}

// Adds the exceptions' high parts to the low ones in `offsets`.
bool patch(ByteReader* reader, unsigned width, size_t exceptions, unsigned high_width,
           std::span<uint32_t> offsets) {
  Block positions;
  Block highs;
  const auto position_bytes = reader->take(packed_bytes(exceptions, kPositionBits));
  const auto high_bytes = reader->take(packed_bytes(exceptions, high_width));
  if (!reader->ok()) return false;
  unpack(position_bytes, kPositionBits, std::span(positions).first(exceptions));
  unpack(high_bytes, high_width, std::span(highs).first(exceptions));
  for (size_t i = 0; i < exceptions; ++i) {
    if (positions[i] >= offsets.size()) return false;
    if (i > 0 && positions[i] <= positions[i - 1]) return false;
    offsets[positions[i]] |= highs[i] << width;
  }
  return true;
}

bool decode_block(ByteReader* reader, std::span<uint32_t> offsets, int64_t* base) {
  const uint8_t head = reader->u8();
  const unsigned width = head & kWidthMask;
  *base = (head & kBaseFlag) != 0 ? reader->zigzag_varint() : 0;
  size_t exceptions = 0;
  unsigned high_width = 0;
  if ((head & kExceptionsFlag) != 0) {
    exceptions = reader->u8();
    high_width = reader->u8();
    if (exceptions > offsets.size() || high_width == 0) return false;
  }
  if (width > kColumnWidthMax || high_width > kColumnWidthMax - width) return false;
  if (*base < -kBaseMax || *base > kBaseMax) return false;
  const auto packed = reader->take(packed_bytes(offsets.size(), width));
  if (!reader->ok()) return false;
  unpack(packed, width, offsets);
  return patch(reader, width, exceptions, high_width, offsets);
}

}  // namespace

void encode_column(std::span<const int64_t> values, std::vector<uint8_t>* out) {
  for (; !values.empty(); values = values.subspan(std::min(kBlockValues, values.size()))) {
    encode_block(values.first(std::min(kBlockValues, values.size())), out);
  }
}

void ColumnEstimate::add(int64_t value) {
  least_ = size_ == 0 ? value : std::min(least_, value);
  most_ = size_ == 0 ? value : std::max(most_, value);
  if (value >= 0) ++widths_[width_of(value)];
  if (++size_ < kBlockValues) return;
  full_bytes_ += block_bytes();
  size_ = 0;
  widths_.fill(0);
}

// With a base above 0 the values only get narrower; with one below, exceptions are not counted on.
size_t ColumnEstimate::block_bytes() const {
  if (size_ == 0) return 0;
  const size_t bits = least_ < 0 ? size_ * width_of(most_ - least_)
                                 : best_width(widths_, size_, width_of(most_)).bits;
  return bits / 8 + kBlockOverheadBytesMax;
}

template <class T>
bool decode_column(ByteReader* reader, ColumnRange range, std::span<T> out) {
  Block block;
  for (size_t start = 0; start < out.size(); start += kBlockValues) {
    const auto offsets = std::span(block).first(std::min(kBlockValues, out.size() - start));
    int64_t base = 0;
    if (!decode_block(reader, offsets, &base)) return false;
    uint32_t most = 0;
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < offsets.size(); ++i) {
      const uint32_t offset = offsets[i];
      most = std::max(most, offset);
      least = std::min(least, offset);
      out[start + i] = static_cast<T>(base + offset);
    }
    if (base + least < range.least || base + most > range.most) return false;
  }
  return true;
}

template bool decode_column(ByteReader*, ColumnRange, std::span<int32_t>);
template bool decode_column(ByteReader*, ColumnRange, std::span<uint32_t>);
template bool decode_column(ByteReader*, ColumnRange, std::span<uint16_t>);
template bool decode_column(ByteReader*, ColumnRange, std::span<uint8_t>);

}  // namespace weir
