#include "histogram.h"

#include <bit>
#include <numeric>

#include "counts.h"
#include "weir/status.h"

namespace weir {

size_t Histogram::bucket_of(uint32_t value) {
  if (value < (1U << kSubBits)) return value;
  const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
  return ((size_t{octave} + 1) << kSubBits) + ((value >> octave) - (1U << kSubBits));
}

uint32_t Histogram::middle_of(size_t bucket) {
  if (bucket < (1U << kSubBits)) return static_cast<uint32_t>(bucket);
  const auto octave = static_cast<unsigned>(bucket >> kSubBits) - 1;
  const auto step = static_cast<uint32_t>(bucket & ((1U << kSubBits) - 1)) + (1U << kSubBits);
  return (step << octave) + ((1U << octave) - 1) / 2;
}

void Histogram::merge(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  sum_ += other.sum_;
}

uint64_t Histogram::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

uint32_t Histogram::value_at_rank(uint64_t rank) const {
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return middle_of(i);
  }
  WEIR_CHECK(false);  // the rank is beyond total()
  return 0;
}

void Histogram::encode(std::vector<uint8_t>* out) const {
  ByteWriter(*out).varint(sum_);
  encode_sparse_counts(counts_, out);
}

bool Histogram::decode(ByteReader* reader) {
  sum_ = reader->varint();
  return decode_sparse_counts(reader, counts_);
}

}  // namespace weir
