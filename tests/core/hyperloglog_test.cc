#include "hyperloglog.h"

#include <cmath>
#include <string>

#include "catch.h"
#include "hash.h"
#include "support/event_generator.h"
#include "weir/segment.h"

namespace weir {
namespace {

uint64_t hash_of(uint64_t number) { return hash64("name" + std::to_string(number)); }

HyperLogLog counted(unsigned precision, uint64_t from, uint64_t to) {
  HyperLogLog sketch(precision);
  for (uint64_t i = from; i < to; ++i) sketch.add(hash_of(i));
  return sketch;
}

std::vector<uint8_t> encoded(const HyperLogLog& sketch) {
  std::vector<uint8_t> bytes;
  sketch.encode(&bytes);
  return bytes;
}

TEST_CASE("up to 256 values are counted exactly, however often they come") {
  HyperLogLog sketch(12);
  for (uint64_t i = 0; i < HyperLogLog::kExactMax; ++i) {
    sketch.add(hash_of(i));
    sketch.add(hash_of(i / 2));
    REQUIRE(sketch.estimate() == i + 1);
  }
}

TEST_CASE("beyond 256 values the error stays within four standard errors") {
  for (const unsigned precision : {11U, 12U}) {
    HyperLogLog sketch(precision);
    const double standard_error = 1.04 / std::sqrt(std::pow(2.0, precision));
    uint64_t added = 0;
    for (const uint64_t count :
         {257U, 500U, 1000U, 3000U, 10'000U, 30'000U, 100'000U, 1'000'000U}) {
      for (; added < count; ++added) sketch.add(hash_of(added));
      const double error = static_cast<double>(sketch.estimate()) / static_cast<double>(count) - 1;
      CAPTURE(precision, count, error);
      CHECK(std::abs(error) < 4 * standard_error);
    }
  }
}

TEST_CASE("the mean error over many sets is the standard error, without bias") {
  const int sets = 200;
  const uint64_t size = 5000;
  double sum = 0;
  double square_sum = 0;
  for (uint64_t set = 0; set < sets; ++set) {
    const HyperLogLog sketch = counted(12, set * size, (set + 1) * size);
    const double error = static_cast<double>(sketch.estimate()) / size - 1;
    sum += error;
    square_sum += error * error;
  }
  CHECK(std::abs(sum / sets) < 0.005);
  CHECK(std::sqrt(square_sum / sets) < 0.02);
}

TEST_CASE("any grouping and order of merges of registers gives the same bytes") {
  for (const uint64_t size : {uint64_t{200}, uint64_t{300}, uint64_t{20'000}}) {
    const auto whole = encoded(counted(12, 0, size));
    TestRandom random(size);
    for (int round = 0; round < 50; ++round) {
      // Overlapping parts, merged into one of two, which are merged at the end.
      HyperLogLog left(12);
      HyperLogLog right(12);
      for (uint64_t from = 0; from < size;) {
        const uint64_t to = std::min(size, from + 1 + random.below(size));
        (random.chance(2) ? left : right).merge(counted(12, from / 2, to));
        from = to;
      }
      HyperLogLog merged = left;
      merged.merge(right);
      right.merge(left);
      REQUIRE(encoded(merged) == whole);
      REQUIRE(encoded(right) == whole);
    }
  }
}

TEST_CASE("a sketch round-trips in both forms, and a cut one is refused") {
  for (const uint64_t size : {0U, 1U, 256U, 257U, 50'000U}) {
    const HyperLogLog sketch = counted(11, 0, size);
    const auto bytes = encoded(sketch);
    HyperLogLog decoded(11);
    ByteReader reader(bytes);
    REQUIRE(decoded.decode(&reader));
    CHECK(reader.at_end());
    CHECK(decoded == sketch);
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      ByteReader short_reader(ByteView(bytes).first(cut));
      REQUIRE_FALSE(decoded.decode(&short_reader));
    }
  }
}

TEST_CASE("a full sketch of 4096 registers takes less than 2.7 KiB") {
  CHECK(encoded(counted(12, 0, 1'000'000)).size() < 2700);
}

TEST_CASE("registers that no values could have made give a finite estimate") {
  std::vector<uint8_t> bytes = {1};
  for (int block = 0; block < 32; ++block) {
    bytes.push_back(0x40);  // width 0 with a base: all registers are 29
    bytes.push_back(58);
  }
  HyperLogLog sketch(12);
  ByteReader reader(bytes);
  REQUIRE(sketch.decode(&reader));
  CHECK(sketch.estimate() <= uint64_t{1} << HyperLogLog::kValueBits);
  bytes.back() = 60;  // 30: one past what 40 bits can give
  ByteReader beyond(bytes);
  CHECK_FALSE(sketch.decode(&beyond));
}

}  // namespace
}  // namespace weir
