// CRC32C (Castagnoli; RFC 3720 B.4): reflected polynomial 0x82f63b78, initial value and final xor
// all ones.
//
// Where the CPU has the instruction (x86 with SSE 4.2), eight bytes take it once. It answers three
// cycles later but can begin in each, so long inputs are taken in three lanes at once;
// elsewhere, in WebAssembly for one, slicing-by-8: eight table lookups per eight bytes,
// about 2 GB/s.
#include <array>

#include "bytes.h"
#include "weir/segment.h"

namespace weir {
namespace {

using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

// tables[k][b]: the CRC of byte b followed by k zero bytes.
constexpr CrcTables make_tables() {
  CrcTables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr CrcTables kTables = make_tables();

uint32_t step8_tables(uint32_t crc, const uint8_t* at) {
  const uint64_t word = load_le<uint64_t>(at) ^ crc;
  uint32_t next = 0;
  for (size_t k = 0; k < 8; ++k) next ^= kTables[7 - k][(word >> (8 * k)) & 0xff];
  return next;
}

// Eight bytes a step; what is left, less than eight, is the caller's.
uint32_t whole_words(uint32_t crc, const uint8_t* at, size_t words) {
  for (; words > 0; at += 8, --words) crc = step8_tables(crc, at);
  return crc;
}

#if defined(__x86_64__)
constexpr size_t kLaneBytes = 256;  // three fit a page of questions
constexpr size_t kLaneWords = kLaneBytes / 8;

using ShiftTables = std::array<std::array<uint32_t, 256>, 4>;

// tables[k][b]: what byte k of a CRC, being b, contributes to it after a lane of zero bytes.
constexpr ShiftTables make_shift_tables() {
  ShiftTables tables{};
  for (size_t bit = 0; bit < 32; ++bit) {
    uint32_t crc = uint32_t{1} << bit;
    for (size_t i = 0; i < kLaneBytes; ++i) crc = (crc >> 8) ^ kTables[0][crc & 0xff];
    for (size_t byte = 0; byte < 256; ++byte) {
      if ((byte >> bit % 8 & 1) != 0) tables[bit / 8][byte] ^= crc;
    }
  }
  return tables;
}

constexpr ShiftTables kShiftTables = make_shift_tables();

uint32_t shift_lane(uint32_t crc) {
  uint32_t shifted = 0;
  for (size_t k = 0; k < 4; ++k) shifted ^= kShiftTables[k][crc >> (8 * k) & 0xff];
  return shifted;
}

__attribute__((target("sse4.2"))) uint32_t three_lanes(uint32_t crc, const uint8_t* at) {
  std::array<uint64_t, 3> lanes = {crc, 0, 0};
  for (size_t i = 0; i < kLaneWords; ++i, at += 8) {
    for (size_t lane = 0; lane < 3; ++lane) {
      lanes[lane] = __builtin_ia32_crc32di(lanes[lane], load_le<uint64_t>(at + lane * kLaneBytes));
    }
  }
  const uint32_t two =
      shift_lane(static_cast<uint32_t>(lanes[0])) ^ static_cast<uint32_t>(lanes[1]);
  return shift_lane(two) ^ static_cast<uint32_t>(lanes[2]);
}

__attribute__((target("sse4.2"))) uint32_t whole_words_sse42(uint32_t crc, const uint8_t* at,
                                                             size_t words) {
  for (; words >= 3 * kLaneWords; at += 3 * kLaneBytes, words -= 3 * kLaneWords) {
    crc = three_lanes(crc, at);
  }
  uint64_t wide = crc;
  for (; words > 0; at += 8, --words) wide = __builtin_ia32_crc32di(wide, load_le<uint64_t>(at));
  return static_cast<uint32_t>(wide);
}
#endif

using WholeWords = uint32_t (*)(uint32_t, const uint8_t*, size_t);
WholeWords best_whole_words() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return whole_words_sse42;
#endif
  return whole_words;
}

}  // namespace

uint32_t crc32c(ByteView bytes, uint32_t crc) {
  static const WholeWords kWholeWords = best_whole_words();
  crc = ~crc;
  const size_t words = bytes.size() / 8;
  crc = kWholeWords(crc, bytes.data(), words);
  const uint8_t* at = bytes.data() + words * 8;
  size_t left = bytes.size() % 8;
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

}  // namespace weir
