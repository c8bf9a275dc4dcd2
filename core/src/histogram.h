// A log-linear histogram of 32-bit values (as HdrHistogram's): 16 buckets to the octave.
//
// Values below 16 have a bucket each; above, a bucket spans a sixteenth of its octave's start, and
// its middle is within 1/32 of every value in it. 464 buckets cover all of uint32_t. Merging adds
// counts, so it is exact, commutative and associative.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bytes.h"

namespace weir {

class Histogram {
 public:
  static constexpr unsigned kSubBits = 4;
  static constexpr size_t kBuckets = (33 - kSubBits) << kSubBits;

  static size_t bucket_of(uint32_t value);
  // The middle of a bucket's values, rounded down.
  static uint32_t middle_of(size_t bucket);

  void add(uint32_t value) {
    ++counts_[bucket_of(value)];
    sum_ += value;
  }
  void merge(const Histogram& other);

  uint64_t total() const;
  uint64_t sum() const { return sum_; }  // exact
  // The value that the `rank`-th smallest is represented by, rank 1 … total().
  uint32_t value_at_rank(uint64_t rank) const;

  // varint sum, then the counts (counts.h).
  void encode(std::vector<uint8_t>* out) const;
  bool decode(ByteReader* reader);

 private:
  std::array<uint64_t, kBuckets> counts_{};
  uint64_t sum_ = 0;
};

}  // namespace weir
