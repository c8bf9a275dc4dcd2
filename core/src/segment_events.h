// Walking over the events of a segment from SegmentReader::open(), chunk by chunk.
#pragma once

#include <numeric>
#include <vector>

#include "weir/segment.h"

namespace weir {

// visit(chunk, begin): each chunk with events from `from` on, `begin` being the first of these in
// the chunk, until visit answers false.
template <class Visit>
void for_each_chunk(const SegmentReader& segment, size_t from, ColumnSet columns, Visit visit) {
  SegmentChunk chunk;
  for (size_t at = from; at < segment.count(); at = chunk.first + chunk.count) {
    const Status status = segment.load_chunk(at / kSegmentChunkEvents, columns, &chunk);
    WEIR_CHECK(status.ok());  // open() has decoded it before
    if (!visit(chunk, at - chunk.first)) return;
  }
}

// The indexes begin … end − 1.
inline std::vector<uint32_t> indexes(size_t begin, size_t end) {
  std::vector<uint32_t> all(end - begin);
  std::iota(all.begin(), all.end(), static_cast<uint32_t>(begin));
  return all;
}

}  // namespace weir
