#include "column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

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

// Eight values of a width take as many bytes as they have bits, so each begins at a place that the
// compiler knows. Values have no higher bits; writes up to seven bytes past its output.
template <unsigned kWidth, size_t... kIndex>
void pack_eight(const uint32_t* values, uint8_t* out, std::index_sequence<kIndex...>) {
  constexpr size_t kWords = (kWidth + 7) / 8;
  uint64_t words[kWords + 1] = {};  // one more, so that the last value needs no other case
  const auto put = [&words](uint64_t value, size_t bit) {
    words[bit / 64] |= value << (bit % 64);
    if (bit % 64 + kWidth > 64) words[bit / 64 + 1] |= value >> (64 - bit % 64);
  };
  (put(values[kIndex], kIndex * kWidth), ...);
  for (size_t i = 0; i < kWords; ++i) store_le(out + 8 * i, words[i]);
}

template <unsigned kWidth>
void pack_values(const uint32_t* values, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i += 8, out += kWidth) {
    pack_eight<kWidth>(values + i, out, std::make_index_sequence<8>());
  }
}

using PackValues = void (*)(const uint32_t*, size_t, uint8_t*);
template <unsigned... kWidth>
constexpr auto make_packers(std::integer_sequence<unsigned, kWidth...>) {
  return std::array<PackValues, sizeof...(kWidth)>{pack_values<kWidth>...};
}
constexpr auto kPackers = make_packers(std::make_integer_sequence<unsigned, kColumnWidthMax + 1>());

// Appends the first `count` values, which have `width` bits at most. With 0 bits nothing is
// written.
void pack(Block* values, size_t count, unsigned width, std::vector<uint8_t>* out) {
  const size_t eights = (count + 7) / 8;
  std::fill(values->data() + count, values->data() + 8 * eights, 0U);
  const size_t start = out->size();
  out->resize(start + eights * width + sizeof(uint64_t));  // cut off below
  kPackers[width](values->data(), count, out->data() + start);
  out->resize(start + packed_bytes(count, width));
}

// A load, a shift and a mask per value. Reads up to eight bytes past its input.
template <unsigned kWidth, size_t... kIndex>
void unpack_eight(const uint8_t* bytes, uint32_t* out, std::index_sequence<kIndex...>) {
  constexpr uint64_t kMask = (uint64_t{1} << kWidth) - 1;
  ((out[kIndex] = static_cast<uint32_t>(
        load_le<uint64_t>(bytes + kIndex * kWidth / 8) >> (kIndex * kWidth % 8) & kMask)),
   ...);
}

template <unsigned kWidth>
void unpack_block(const uint8_t* bytes, uint32_t* out) {
  for (size_t i = 0; i < kBlockValues; i += 8, bytes += kWidth) {
    unpack_eight<kWidth>(bytes, out + i, std::make_index_sequence<8>());
  }
}

using UnpackBlock = void (*)(const uint8_t*, uint32_t*);
template <unsigned... kWidth>
constexpr auto make_unpackers(std::integer_sequence<unsigned, kWidth...>) {
  return std::array<UnpackBlock, sizeof...(kWidth)>{unpack_block<kWidth>...};
}
constexpr auto kUnpackers =
    make_unpackers(std::make_integer_sequence<unsigned, kColumnWidthMax + 1>());

constexpr size_t kOverread = 8;  // of unpacking, past the packed bytes

// From so many values on, 128 are unpacked as quickly, whatever the others are.
constexpr size_t kWholeBlockFrom = 32;

// How many bytes unpacking looks at.
constexpr size_t bytes_looked_at(size_t count, unsigned width) {
  return packed_bytes(count < kWholeBlockFrom ? count : kBlockValues, width) + kOverread;
}

void unpack_some(const uint8_t* bytes, unsigned width, size_t count, Block* out) {
  if (count >= kWholeBlockFrom) return kUnpackers[width](bytes, out->data());
  const uint64_t mask = (uint64_t{1} << width) - 1;
  size_t bit = 0;
  for (size_t i = 0; i < count; ++i, bit += width) {
    (*out)[i] = static_cast<uint32_t>(load_le<uint64_t>(bytes + bit / 8) >> (bit % 8) & mask);
  }
}

// Takes `count` packed values, at most kBlockValues, from the reader. What is behind them in `out`
// is anything then.
bool unpack(ByteReader* reader, unsigned width, size_t count, Block* out) {
  const bool roomy = reader->remaining() >= bytes_looked_at(count, width);
  const auto bytes = reader->take(packed_bytes(count, width));
  if (!reader->ok()) return false;
  if (roomy) {
    unpack_some(bytes.data(), width, count, out);
    return true;
  }
  std::array<uint8_t, bytes_looked_at(kBlockValues, kColumnWidthMax)> padded;
  const auto end = std::copy(bytes.begin(), bytes.end(), padded.begin());
  std::fill(end, padded.end(), uint8_t{0});
  unpack_some(padded.data(), width, count, out);
  return true;
}

struct WidthChoice {
  unsigned width = 0;
  size_t bits = 0;  // of the values and their exceptions
};

// The width with the fewest bits, exceptions included; of equals the widest. exceptions_of(width):
// how many values need more bits than that; asked from the widest on down.
template <class ExceptionsOf>
WidthChoice best_width(size_t size, unsigned widest, ExceptionsOf exceptions_of) {
  WidthChoice best = {widest, size * widest};
  for (unsigned width = widest; width > 0;) {
    --width;
    const size_t exceptions = exceptions_of(width);
    const size_t bits = size * width + 16 + exceptions * (kPositionBits + widest - width);
    if (bits < best.bits) best = {width, bits};
    // Narrower ones have as many exceptions at least.
    if (16 + exceptions * (kPositionBits + widest) >= best.bits) break;
  }
  return best;
}

// The least value, or 0 where leaving it out costs no bit.
template <class T>
int64_t choose_base(std::span<const T> values) {
  T lowest = values[0];
  T highest = values[0];
  for (const T value : values) {
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  const int64_t least = lowest;
  const int64_t most = highest;
  WEIR_CHECK(least >= -kBaseMax && most <= kBaseMax);
  WEIR_CHECK(width_of(most - least) <= kColumnWidthMax);
  return least >= 0 && width_of(most) == width_of(most - least) ? 0 : least;
}

// The values that do not fit a width.
struct Exceptions {
  size_t count = 0;
  Block positions;
  Block highs;

  // Leaves their low bits to `offsets`. Without a branch, which would be guessed wrong for each.
  void split(std::span<uint32_t> offsets, unsigned width) {
    for (size_t i = 0; i < offsets.size(); ++i) {
      const uint32_t high = offsets[i] >> width;
      positions[count] = static_cast<uint32_t>(i);
      highs[count] = high;
      count += high != 0 ? 1 : 0;
    }
    for (uint32_t& offset : offsets) offset &= (1U << width) - 1;
  }
};

template <class T>
void encode_block(std::span<const T> values, std::vector<uint8_t>* out) {
  const int64_t base = choose_base(values);
  Block offsets;
  const auto used = std::span(offsets).first(values.size());
  uint32_t all_bits = 0;
  for (size_t i = 0; i < used.size(); ++i) {
    used[i] = static_cast<uint32_t>(values[i]) - static_cast<uint32_t>(base);
    all_bits |= used[i];
  }
  const unsigned widest = width_of(all_bits);
  const auto exceptions_of = [&](unsigned width) {
    uint32_t count = 0;
    for (const uint32_t offset : used) count += offset >> width != 0 ? 1 : 0;
    return size_t{count};
  };
  const unsigned width = best_width(values.size(), widest, exceptions_of).width;
  ByteWriter writer(*out);
  writer.u8(static_cast<uint8_t>(width | (base != 0 ? kBaseFlag : 0U) |
                                 (width != widest ? kExceptionsFlag : 0U)));
  if (base != 0) writer.zigzag_varint(base);
  if (width == widest) return pack(&offsets, values.size(), width, out);
  Exceptions exceptions;
  exceptions.split(used, width);
  writer.u8(static_cast<uint8_t>(exceptions.count));
  writer.u8(static_cast<uint8_t>(widest - width));
  pack(&offsets, values.size(), width, out);
  pack(&exceptions.positions, exceptions.count, kPositionBits, out);
  pack(&exceptions.highs, exceptions.count, widest - width, out);
}

// Adds the exceptions' high parts to the low ones in `offsets`.
bool patch(ByteReader* reader, unsigned width, size_t exceptions, unsigned high_width,
           std::span<uint32_t> offsets) {
  Block positions;
  Block highs;
  if (!unpack(reader, kPositionBits, exceptions, &positions)) return false;
  if (!unpack(reader, high_width, exceptions, &highs)) return false;
  for (size_t i = 0; i < exceptions; ++i) {
    if (positions[i] >= offsets.size()) return false;
    if (i > 0 && positions[i] <= positions[i - 1]) return false;
    offsets[positions[i]] |= highs[i] << width;
  }
  return true;
}

// What stands in front of a block's packed values.
struct BlockHead {
  int64_t base = 0;
  unsigned width = 0;
  unsigned high_width = 0;
  size_t exceptions = 0;

  // Bits of the greatest offset, at most.
  unsigned widest() const { return width + high_width; }
};

bool read_head(ByteReader* reader, size_t size, BlockHead* head) {
  const uint8_t bits = reader->u8();
  head->width = bits & kWidthMask;
  head->base = (bits & kBaseFlag) != 0 ? reader->zigzag_varint() : 0;
  if ((bits & kExceptionsFlag) != 0) {
    head->exceptions = reader->u8();
    head->high_width = reader->u8();
    if (head->exceptions > size || head->high_width == 0) return false;
  }
  return head->width <= kColumnWidthMax && head->high_width <= kColumnWidthMax - head->width &&
         head->base >= -kBaseMax && head->base <= kBaseMax;
}

// The offsets from the base, which are the first of `block`.
bool read_offsets(ByteReader* reader, const BlockHead& head, std::span<uint32_t> offsets,
                  Block* block) {
  return unpack(reader, head.width, offsets.size(), block) &&
         (head.exceptions == 0 ||
          patch(reader, head.width, head.exceptions, head.high_width, offsets));
}

// Whether all values lie in the range; only if the head does not tell are they looked at.
bool lie_within(const BlockHead& head, std::span<const uint32_t> offsets, ColumnRange range) {
  const int64_t most_possible = head.base + (int64_t{1} << head.widest()) - 1;
  if (head.base >= range.least && most_possible <= range.most) return true;
  // A difference below zero leaves the sign set.
  const int64_t least = range.least - head.base;
  const int64_t most = range.most - head.base;
  int64_t outside = 0;
  for (const uint32_t offset : offsets) outside |= (offset - least) | (most - offset);
  return outside >= 0;
}

}  // namespace

template <class T>
void encode_column(std::span<const T> values, std::vector<uint8_t>* out) {
  for (; !values.empty(); values = values.subspan(std::min(kBlockValues, values.size()))) {
    encode_block(values.first(std::min(kBlockValues, values.size())), out);
  }
}

template void encode_column(std::span<const int64_t>, std::vector<uint8_t>*);
template void encode_column(std::span<const int32_t>, std::vector<uint8_t>*);
template void encode_column(std::span<const uint32_t>, std::vector<uint8_t>*);
template void encode_column(std::span<const uint8_t>, std::vector<uint8_t>*);

void ColumnEstimate::end_block() {
  ColumnEstimate next;
  next.full_bytes_ = full_bytes_ + full_block_bytes();
  *this = next;
}

size_t ColumnEstimate::bytes() const {
  if (size_ == 0) return full_bytes_;
  // All as wide as the widest: quick, and exceptions may only make it less.
  const size_t bits = size_ * width_of(most_ - std::min<int64_t>(least_, 0));
  return full_bytes_ + bits / 8 + kBlockOverheadBytesMax;
}

// With a base above 0 the values only get narrower; with one below, exceptions are not counted on.
size_t ColumnEstimate::full_block_bytes() const {
  size_t exceptions = 0;
  const auto exceptions_of = [&](unsigned width) { return exceptions += widths_[width + 1]; };
  const size_t bits = least_ < 0 ? size_ * width_of(most_ - least_)
                                 : best_width(size_, width_of(most_), exceptions_of).bits;
  return bits / 8 + kBlockOverheadBytesMax;
}

template <class T>
bool decode_column(ByteReader* reader, ColumnRange range, std::span<T> out) {
  Block block;
  for (size_t start = 0; start < out.size(); start += kBlockValues) {
    const auto offsets = std::span(block).first(std::min(kBlockValues, out.size() - start));
    BlockHead head;
    if (!read_head(reader, offsets.size(), &head)) return false;
    if (!read_offsets(reader, head, offsets, &block)) return false;
    if (!lie_within(head, offsets, range)) return false;
    const auto base = static_cast<uint32_t>(head.base);  // modulo 2^32, as is the sum
    for (size_t i = 0; i < offsets.size(); ++i) {
      out[start + i] = static_cast<T>(base + offsets[i]);
    }
  }
  return true;
}

template bool decode_column(ByteReader*, ColumnRange, std::span<int32_t>);
template bool decode_column(ByteReader*, ColumnRange, std::span<uint32_t>);
template bool decode_column(ByteReader*, ColumnRange, std::span<uint16_t>);
template bool decode_column(ByteReader*, ColumnRange, std::span<uint8_t>);

}  // namespace weir
