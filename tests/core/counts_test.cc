#include "counts.h"

#include "catch.h"
#include "support/event_generator.h"
#include "weir/limits.h"
#include "weir/segment.h"

namespace weir {
namespace {

using Counts = std::vector<uint64_t>;

TEST_CASE("counts round-trip, all of them or only those that are not zero") {
  TestRandom random(1);
  for (const uint64_t zero_in : {1U, 2U, 10U, 1000U}) {
    Counts counts(100);
    for (uint64_t& count : counts) count = random.chance(zero_in) ? 0 : random.below(1 << 20);
    counts[50] = kIntegerMax;
    Bytes all;
    Bytes sparse;
    encode_counts(counts, &all);
    encode_sparse_counts(counts, &sparse);
    Counts decoded(100, 7);
    ByteReader all_reader(all);
    REQUIRE(decode_counts(&all_reader, decoded));
    CHECK(decoded == counts);
    Counts decoded_sparse(100, 7);
    ByteReader sparse_reader(sparse);
    REQUIRE(decode_sparse_counts(&sparse_reader, decoded_sparse));
    CHECK(decoded_sparse == counts);
  }
}

TEST_CASE("sparse counts past their array, or zero, are refused") {
  const auto decodes = [](const Bytes& bytes) {
    Counts counts(3);
    ByteReader reader(bytes);
    return decode_sparse_counts(&reader, counts);
  };
  CHECK(decodes({0}));
  CHECK(decodes({1, 2, 9}));
  CHECK_FALSE(decodes({1, 3, 9}));              // slot 3 of 3
  CHECK_FALSE(decodes({2, 2, 9, 0, 9}));        // one after the last
  CHECK_FALSE(decodes({4, 0, 1, 0, 1, 0, 1}));  // more counts than slots
  CHECK_FALSE(decodes({1, 0, 0}));              // a count of zero
  CHECK_FALSE(decodes({1, 0}));
}

TEST_CASE("a count above what JSON can carry is refused") {
  Bytes bytes;
  ByteWriter(bytes).varint(kIntegerMax + 1);
  Counts counts(1);
  ByteReader reader(bytes);
  CHECK_FALSE(decode_counts(&reader, counts));
}

}  // namespace
}  // namespace weir
