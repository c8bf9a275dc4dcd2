#include "counts.h"

#include <algorithm>

#include "weir/limits.h"

namespace weir {

void encode_counts(std::span<const uint64_t> counts, std::vector<uint8_t>* out) {
  ByteWriter writer(*out);
  for (const uint64_t count : counts) writer.varint(count);
}

bool decode_counts(ByteReader* reader, std::span<uint64_t> counts) {
  for (uint64_t& count : counts) count = reader->varint_up_to(kIntegerMax);
  return reader->ok();
}

void encode_sparse_counts(std::span<const uint64_t> counts, std::vector<uint8_t>* out) {
  ByteWriter writer(*out);
  const auto zeros = static_cast<size_t>(std::count(counts.begin(), counts.end(), uint64_t{0}));
  writer.varint(counts.size() - zeros);
  size_t zeros_before = 0;
  for (const uint64_t count : counts) {
    if (count == 0) {
      ++zeros_before;
      continue;
    }
    writer.varint(zeros_before);
    writer.varint(count);
    zeros_before = 0;
  }
}

bool decode_sparse_counts(ByteReader* reader, std::span<uint64_t> counts) {
  std::fill(counts.begin(), counts.end(), uint64_t{0});
  const uint64_t size = reader->varint_up_to(counts.size());
  size_t at = 0;
  for (uint64_t i = 0; i < size; ++i, ++at) {
    if (at == counts.size()) return false;
    at += static_cast<size_t>(reader->varint_up_to(counts.size() - 1 - at));
    counts[at] = reader->varint_up_to(kIntegerMax);
    if (counts[at] == 0) return false;
  }
  return reader->ok();
}

}  // namespace weir
