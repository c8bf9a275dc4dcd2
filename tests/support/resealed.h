// A segment whose bytes were changed, with its checksums made right again: what a hostile sender
// would do, so that tests reach the checks behind them.
#pragma once

#include <algorithm>

#include "bytes.h"
#include "section_table.h"
#include "weir/segment.h"

namespace weir {

// Leaves bytes alone that are too damaged to tell where their checksums stand.
inline void reseal(Bytes* segment) {
  constexpr size_t kContentCrcAt = 14;
  constexpr size_t kCountAt = 34;
  constexpr size_t kHeadBytesMin = 38;
  Bytes& bytes = *segment;
  if (bytes.size() < kHeadBytesMin) return;
  const size_t head = load_le<uint16_t>(bytes.data() + 8);
  if (head < kHeadBytesMin || head > bytes.size()) return;
  ByteReader numbers(ByteView(bytes).subspan(kCountAt));
  numbers.varint();  // first
  const auto chunks = chunks_of(static_cast<size_t>(numbers.varint_up_to(kSegmentEventsMax)));
  ByteReader reader(ByteView(bytes).subspan(head));
  std::vector<uint64_t> lengths(kSectionCount + kChunkPartCount * chunks);
  for (uint64_t& length : lengths) length = reader.varint_up_to(bytes.size());
  const size_t crcs_at = head + reader.position();
  const size_t parts = kSectionPartCount + kChunkPartCount * chunks;
  reader.take(parts * 4);
  if (reader.ok()) {
    // Parts: section 0, section 1, sections 2 … 5, section 6, then each part of a chunk.
    size_t at = crcs_at + parts * 4;
    for (size_t part = 0, next = 0; part < parts; ++part) {
      uint64_t length = lengths[next++];
      while (part == 2 && next + 1 < kSectionCount) length += lengths[next++];
      length = std::min<uint64_t>(length, bytes.size() - at);
      const ByteView covered = ByteView(bytes).subspan(at, static_cast<size_t>(length));
      store_le(bytes.data() + crcs_at + part * 4, crc32c(covered));
      at += static_cast<size_t>(length);
    }
    const size_t table_bytes = crcs_at + parts * 4 - head;
    store_le(bytes.data() + kContentCrcAt, crc32c(ByteView(bytes).subspan(head, table_bytes)));
  }
  store_le(bytes.data() + head - 4, crc32c(ByteView(bytes).first(head - 4)));
}

inline Bytes resealed(Bytes segment) {
  reseal(&segment);
  return segment;
}

}  // namespace weir
