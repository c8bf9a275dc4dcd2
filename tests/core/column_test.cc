#include "column.h"

#include <algorithm>
#include <array>

#include "catch.h"
#include "support/event_generator.h"
#include "weir/segment.h"

namespace weir {
namespace {

constexpr ColumnRange kAny = {INT32_MIN, INT32_MAX};

Bytes encoded(const std::vector<int64_t>& values) {
  Bytes bytes;
  encode_column(values, &bytes);
  return bytes;
}

void check_round_trip(const std::vector<int64_t>& values) {
  const Bytes bytes = encoded(values);
  std::vector<int32_t> decoded(values.size());
  ByteReader reader(bytes);
  REQUIRE(decode_column<int32_t>(&reader, kAny, decoded));
  REQUIRE(reader.at_end());
  REQUIRE(std::equal(values.begin(), values.end(), decoded.begin()));
}

bool decodes(const Bytes& bytes, size_t count, ColumnRange range = kAny) {
  std::vector<int32_t> decoded(count);
  ByteReader reader(bytes);
  return decode_column<int32_t>(&reader, range, decoded) && reader.at_end();
}

TEST_CASE("columns of every length around a block round-trip") {
  TestRandom random(1);
  for (const size_t size : {0U, 1U, 2U, 127U, 128U, 129U, 256U, 1000U}) {
    std::vector<int64_t> values(size);
    for (int64_t& value : values) value = static_cast<int64_t>(random.below(1000)) - 500;
    check_round_trip(values);
  }
}

TEST_CASE("columns of every width round-trip, with any number of exceptions") {
  TestRandom random(2);
  for (unsigned width = 0; width <= 31; ++width) {
    for (const uint64_t outlier_every : {2U, 5U, 40U, 1000U}) {
      std::vector<int64_t> values(300);
      for (int64_t& value : values) {
        value = static_cast<int64_t>(random.next() >> (random.chance(outlier_every) ? 33 : 63) >>
                                     (31 - width));
      }
      check_round_trip(values);
    }
  }
}

TEST_CASE("the whole range of 32 bits round-trips in either sign") {
  check_round_trip({INT32_MIN, INT32_MAX, 0, -1, 1});
  std::vector<uint32_t> decoded(2);
  const Bytes bytes = encoded({0, UINT32_MAX});
  ByteReader reader(bytes);
  REQUIRE(decode_column<uint32_t>(&reader, {0, UINT32_MAX}, decoded));
  CHECK(decoded == std::vector<uint32_t>{0, UINT32_MAX});
}

TEST_CASE("a constant column costs a head per block") {
  CHECK(encoded(std::vector<int64_t>(128, 0)).size() == 1);
  CHECK(encoded(std::vector<int64_t>(1280, 0)).size() == 10);
  CHECK(encoded(std::vector<int64_t>(128, 5)).size() == 2);  // and its base
}

TEST_CASE("one outlier costs itself and not the block") {
  std::vector<int64_t> values(128, 1);
  values[3] = 0;
  const size_t without = encoded(values).size();
  values[77] = 1'000'000;
  CHECK(encoded(values).size() <= without + 2 + 1 + 3);
}

TEST_CASE("values outside the reader's range are refused, those at its ends taken") {
  const Bytes bytes = encoded({-5, 0, 9});
  CHECK(decodes(bytes, 3, {-5, 9}));
  CHECK_FALSE(decodes(bytes, 3, {-4, 9}));
  CHECK_FALSE(decodes(bytes, 3, {-5, 8}));
}

TEST_CASE("a cut column is refused at every length") {
  std::vector<int64_t> values(200, 7);
  values[150] = 100'000;
  const Bytes bytes = encoded(values);
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_FALSE(decodes(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)), 200));
  }
}

TEST_CASE("blocks that no encoder writes are refused") {
  CHECK(decodes({0x00}, 3));
  CHECK_FALSE(decodes({33, 0, 0, 0, 0, 0}, 1));               // a width of 33
  CHECK_FALSE(decodes({0x80 | 1, 1, 32, 0, 0, 0, 0, 0}, 1));  // 1 + 32 bits
  CHECK_FALSE(decodes({0x80, 1, 0, 0}, 1));                   // exceptions without high bits
  CHECK_FALSE(decodes({0x80, 2, 1, 0, 0, 3}, 1));             // more exceptions than values
  CHECK_FALSE(decodes({0x80, 1, 1, 2, 1}, 2));                // a position past the block
  CHECK_FALSE(decodes({0x80, 2, 1, 0x81, 0x00, 3}, 2));       // positions 1, 1
  CHECK_FALSE(decodes({0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, 1));  // a base past 2^40
}

TEST_CASE("an estimate is never below the encoded column and seldom far above") {
  TestRandom random(3);
  for (int round = 0; round < 200; ++round) {
    ColumnEstimate estimate;
    std::vector<int64_t> values;
    const uint64_t bits = random.below(31);
    const int64_t shift = random.chance(3) ? int64_t{1} << bits : 0;
    const uint64_t outlier_every = 1 + random.below(100);
    for (uint64_t size = random.below(1000); size > 0; --size) {
      const uint64_t most = random.chance(outlier_every) ? 1U << 30 : 1U << bits;
      values.push_back(static_cast<int64_t>(random.below(most)) - shift);
      estimate.add(values.back());
    }
    const size_t size = encoded(values).size();
    REQUIRE(estimate.bytes() >= size);
    // The last block is taken to be as wide as its widest value.
    const size_t last_bytes = 4 * (values.size() % kBlockValues);
    if (shift == 0) REQUIRE(estimate.bytes() <= size + size / 8 + 100 + last_bytes);
  }
}

}  // namespace
}  // namespace weir
