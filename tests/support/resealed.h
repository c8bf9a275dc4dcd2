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
  constexpr size_t kHeadBytesMin = 38;
  Bytes& bytes = *segment;
  if (bytes.size() < kHeadBytesMin) return;
  const size_t head = load_le<uint16_t>(bytes.data() + 8);
  if (head < kHeadBytesMin || head > bytes.size()) return;
  ByteReader reader(ByteView(bytes).subspan(head));
  std::array<uint64_t, kSectionCount> lengths{};
  for (uint64_t& length : lengths) length = reader.varint_up_to(bytes.size());
  const size_t crcs_at = head + reader.position();
  reader.take(kSectionPartCount * 4);
  if (reader.ok()) {
    // Parts: section 0, 1 … 5, 6 … 11.
    size_t at = crcs_at + kSectionPartCount * 4;
    for (size_t part = 0, section = 0; part < kSectionPartCount; ++part) {
      uint64_t length = 0;
      for (const size_t end = part == 0 ? 1 : part == 1 ? 6 : kSectionCount; section < end;) {
        length += lengths[section++];
      }
      length = std::min<uint64_t>(length, bytes.size() - at);
      const ByteView covered = ByteView(bytes).subspan(at, static_cast<size_t>(length));
      store_le(bytes.data() + crcs_at + part * 4, crc32c(covered));
      at += static_cast<size_t>(length);
    }
    const size_t table_bytes = crcs_at + kSectionPartCount * 4 - head;
    store_le(bytes.data() + kContentCrcAt, crc32c(ByteView(bytes).subspan(head, table_bytes)));
  }
  store_le(bytes.data() + head - 4, crc32c(ByteView(bytes).first(head - 4)));
}

inline Bytes resealed(Bytes segment) {
  reseal(&segment);
  return segment;
}

}  // namespace weir
