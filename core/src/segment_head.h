// Writing the head of a segment; reading it is public (weir/segment.h). The layout is in
// docs/segment_format.md.
#pragma once

#include "weir/segment.h"

namespace weir {

inline constexpr uint8_t kSegmentVersion = 1;
inline constexpr uint32_t kSegmentMagic = 0x47455357;  // "WSEG"
// Fixed fields, 17 varints and the checksum.
inline constexpr size_t kSegmentHeadBytesMax = 34 + 17 * 10 + 4;

// Appends the head; fills in head_bytes and total_bytes for content of that many bytes.
void append_segment_head(SegmentHead head, size_t content_bytes, Bytes* out);

}  // namespace weir
