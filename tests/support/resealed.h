// A segment whose bytes were changed, with its checksums made right again: what a hostile sender
// would do, so that tests reach the checks behind them.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "bytes.h"
#include "column.h"
#include "page_index.h"
#include "section_table.h"
#include "weir/segment.h"

namespace weir {

// The checksums of the pages, which stand in the index: as far as it can be read.
inline void reseal_pages(std::span<uint8_t> index, ByteView pages) {
  ByteReader reader(index);
  const size_t count = pages_of(static_cast<size_t>(reader.varint_up_to(kSegmentEventsMax)));
  const size_t crcs_at = reader.position();
  reader.take(4 * count);
  std::vector<uint32_t> lengths(count);
  if (!reader.ok() || !decode_column<uint32_t>(&reader, {0, kSegmentBytesMax}, lengths)) return;
  for (size_t page = 0; page < count; ++page) {
    const size_t length = std::min<size_t>(lengths[page], pages.size());
    store_le(index.data() + crcs_at + 4 * page, crc32c(pages.first(length)));
    pages = pages.subspan(length);
  }
}

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
  reader.take((kSectionPartCount + kChunkPartCount * chunks) * 4);
  if (reader.ok()) {
    // The sections and the parts of the chunks, one after the other, as far as there are bytes.
    std::vector<std::span<uint8_t>> parts;
    std::span<uint8_t> rest = std::span(bytes).subspan(head + reader.position());
    for (const uint64_t length : lengths) {
      parts.push_back(rest.first(static_cast<size_t>(std::min<uint64_t>(length, rest.size()))));
      rest = rest.subspan(parts.back().size());
    }
    reseal_pages(parts[0], parts[5]);
    size_t crc_at = crcs_at;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i == 5) continue;  // the pages
      uint32_t crc = crc32c(parts[i]);
      while (i > 0 && i < 3) crc = crc32c(parts[++i], crc);  // clients, strings, traits
      store_le(bytes.data() + crc_at, crc);
      crc_at += 4;
    }
    const ByteView table = ByteView(bytes).subspan(head, crc_at - head);
    store_le(bytes.data() + kContentCrcAt, crc32c(table));
  }
  store_le(bytes.data() + head - 4, crc32c(ByteView(bytes).first(head - 4)));
}

inline Bytes resealed(Bytes segment) {
  reseal(&segment);
  return segment;
}

}  // namespace weir
