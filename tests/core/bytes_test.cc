#include "bytes.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <string>

#include "catch.h"
#include "hash.h"
#include "hex.h"
#include "weir/segment.h"

namespace weir {
namespace {

TEST_CASE("a writer's integers come back from a reader") {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.u8(0xfe);
  writer.u16(0xfedc);
  writer.u32(0xfedcba98);
  writer.u64(0xfedcba9876543210);
  writer.sized_text("weir");
  ByteReader reader(bytes);
  CHECK(reader.u8() == 0xfe);
  CHECK(reader.u16() == 0xfedc);
  CHECK(reader.u32() == 0xfedcba98);
  CHECK(reader.u64() == 0xfedcba9876543210);
  CHECK(reader.take_text(reader.varint()) == "weir");
  CHECK(reader.at_end());
  CHECK(reader.ok());
}

TEST_CASE("varints of every length round-trip") {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const uint64_t value = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
    Bytes bytes;
    ByteWriter(bytes).varint(value);
    CHECK(bytes.size() == std::max<size_t>(1, (bits + 6) / 7));
    ByteReader reader(bytes);
    CHECK(reader.varint() == value);
    CHECK(reader.ok());
  }
}

TEST_CASE("a varint with a needless byte, or with more than 64 bits, is refused") {
  const Bytes needless = {0x81, 0x00};
  ByteReader short_reader(needless);
  CHECK(short_reader.varint() == 0);
  CHECK_FALSE(short_reader.ok());

  Bytes too_wide(9, 0xff);
  too_wide.push_back(0x02);
  ByteReader wide_reader(too_wide);
  wide_reader.varint();
  CHECK_FALSE(wide_reader.ok());

  const Bytes endless(11, 0x80);
  ByteReader endless_reader(endless);
  endless_reader.varint();
  CHECK_FALSE(endless_reader.ok());
}

TEST_CASE("a bounded varint takes its bound and refuses one more") {
  const Bytes bytes = {100, 100};
  ByteReader reader(bytes);
  CHECK(reader.varint_up_to(100) == 100);
  CHECK(reader.ok());
  CHECK(reader.varint_up_to(99) == 0);
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a reader that ran short stays failed and gives nothing") {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  CHECK(reader.u32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
  CHECK(reader.take(0).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("taking a huge length fails instead of wrapping around") {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  reader.u8();
  CHECK(reader.take(UINT64_MAX).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("zigzag keeps small magnitudes small and is reversible at its ends") {
  CHECK(zigzag(0) == 0);
  CHECK(zigzag(-1) == 1);
  CHECK(zigzag(1) == 2);
  for (const int64_t value : {std::numeric_limits<int64_t>::min(), int64_t{-12345}, int64_t{0},
                              std::numeric_limits<int64_t>::max()}) {
    CHECK(unzigzag(zigzag(value)) == value);
  }
}

TEST_CASE("CRC32C gives the check value of RFC 3720 and continues over pieces") {
  const auto digits = as_bytes("123456789");
  CHECK(crc32c(digits) == 0xe3069283);
  CHECK(crc32c(Bytes(32, 0)) == 0x8a9136aa);
  CHECK(crc32c({}) == 0);
  for (size_t cut = 0; cut <= digits.size(); ++cut) {
    CHECK(crc32c(digits.subspan(cut), crc32c(digits.first(cut))) == 0xe3069283);
  }
}

TEST_CASE("CRC32C of long inputs is that of their pieces, whatever their length") {
  Bytes bytes(10'000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i >> 3);
  uint32_t by_piece = 0;
  for (size_t end = 0; end < bytes.size(); end += 5) {
    REQUIRE(crc32c(ByteView(bytes).first(end)) == by_piece);
    by_piece = crc32c(ByteView(bytes).subspan(end, 5), by_piece);
  }
}

TEST_CASE("hash64 is frozen: stored bloom filters and sketches depend on it") {
  CHECK(hash64("") == 0xc094692e94f37973);
  CHECK(hash64("a") == 0x01b634c56326a5b8);
  CHECK(hash64("www.example.com") == 0x77859b6de6b66fa3);
  CHECK(hash64("www.example.com", 1) == 0xa1c6a419e1f99b8d);
}

TEST_CASE("hash64 tells lengths and trailing zeros apart") {
  std::vector<uint64_t> seen;
  for (size_t length = 0; length <= 40; ++length) seen.push_back(hash64(Bytes(length, 0)));
  std::sort(seen.begin(), seen.end());
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("hash64 fills buckets evenly for consecutive names") {
  std::array<int, 64> low{};
  std::array<int, 64> high{};
  const int names = 64'000;
  for (int i = 0; i < names; ++i) {
    const uint64_t hash = hash64("host" + std::to_string(i) + ".example");
    ++low[hash & 63];
    ++high[hash >> 58];
  }
  for (size_t bucket = 0; bucket < 64; ++bucket) {
    CHECK(std::abs(low[bucket] - 1000) < 200);  // about six standard deviations
    CHECK(std::abs(high[bucket] - 1000) < 200);
  }
}

TEST_CASE("hex round-trips and refuses other digits and lengths") {
  const Bytes bytes = {0x00, 0x7f, 0xa5, 0xff};
  CHECK(to_hex(bytes) == "007fa5ff");
  Bytes back(4);
  CHECK(from_hex("007FA5ff", back));
  CHECK(back == bytes);
  CHECK_FALSE(from_hex("007fa5f", back));
  CHECK_FALSE(from_hex("007fa5fg", back));
  CHECK_FALSE(from_hex("007fa5ff00", back));
}

}  // namespace
}  // namespace weir
