#include "histogram.h"

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "support/event_generator.h"
#include "weir/segment.h"

namespace weir {
namespace {

TEST_CASE("buckets ascend, cover every value, and their middles are within 1/32") {
  size_t before = 0;
  for (uint64_t value = 0; value <= UINT32_MAX; value += 1 + value / 300) {
    const size_t bucket = Histogram::bucket_of(static_cast<uint32_t>(value));
    REQUIRE(bucket >= before);
    REQUIRE(bucket <= before + 1);
    before = bucket;
    const double middle = Histogram::middle_of(bucket);
    REQUIRE(std::abs(middle - static_cast<double>(value)) <= static_cast<double>(value) / 32);
  }
  CHECK(Histogram::bucket_of(UINT32_MAX) == Histogram::kBuckets - 1);
}

TEST_CASE("ranks give the exact order statistics within 1/32") {
  EventGenerator generator;
  Histogram histogram;
  std::vector<uint32_t> values;
  uint64_t sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(generator.next().duration_us);
    histogram.add(values.back());
    sum += values.back();
  }
  std::sort(values.begin(), values.end());
  CHECK(histogram.total() == values.size());
  CHECK(histogram.sum() == sum);
  for (const size_t rank : {1U, 2U, 100U, 5000U, 9500U, 9900U, 9999U, 10'000U}) {
    const double exact = values[rank - 1];
    CHECK(std::abs(histogram.value_at_rank(rank) - exact) <= exact / 32);
  }
}

TEST_CASE("merging gives the same bytes as adding everything to one") {
  TestRandom random(3);
  Histogram whole;
  std::vector<Histogram> parts(7);
  for (int i = 0; i < 5000; ++i) {
    const auto value = static_cast<uint32_t>(random.next() >> (32 + random.below(32)));
    whole.add(value);
    parts[random.below(parts.size())].add(value);
  }
  std::vector<uint8_t> expected;
  whole.encode(&expected);
  Histogram merged;
  for (const Histogram& part : parts) merged.merge(part);
  std::vector<uint8_t> bytes;
  merged.encode(&bytes);
  CHECK(bytes == expected);

  Histogram decoded;
  ByteReader reader(bytes);
  REQUIRE(decoded.decode(&reader));
  CHECK(decoded.total() == whole.total());
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    ByteReader short_reader(ByteView(bytes).first(cut));
    REQUIRE_FALSE(decoded.decode(&short_reader));
  }
}

}  // namespace
}  // namespace weir
