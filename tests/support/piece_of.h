// What a read of a range brings, of bytes that may end before it: less, or nothing.
#pragma once

#include <algorithm>

#include "weir/segment.h"

namespace weir {

inline Bytes piece_of(ByteView bytes, ByteRange range) {
  const ByteView behind = bytes.subspan(std::min<size_t>(range.offset, bytes.size()));
  const ByteView piece = behind.first(std::min<size_t>(range.length, behind.size()));
  return {piece.begin(), piece.end()};
}

}  // namespace weir
