// The table at the start of a segment's content: where each section lies, and checksums of three
// parts, so that whoever needs only the names checks only these.
//
//   12 varints  lengths of the sections, which follow the table in their order
//   3 × u32     CRC32C of the bloom filter, of the dictionaries, of the columns
//
// The head's checksum of the content covers the table, and with it all the rest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "segment_content.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

class SectionTable {
 public:
  // Reads the table from the beginning of the content, which may be cut off behind it; kCorrupt if
  // it fails its checksum or does not announce `content_bytes` in all.
  static Result<SectionTable> read(ByteView content, uint32_t crc, size_t content_bytes);

  // Of the content's bytes, whole or cut off: empty where the section is not all there.
  ByteView section(ByteView content, Section section) const;
  // kCorrupt if the part's bytes fail their checksum or are not all there.
  Status check_part(ByteView content, SectionPart part) const;

 private:
  std::array<size_t, kSectionCount + 1> starts_{};  // in the content; the last one is its end
  std::array<uint32_t, kSectionPartCount> crcs_{};
};

// The content: the table, then `body`, in which section i begins at starts[i]. `*crc` is what the
// head says of it.
Bytes make_content(const std::array<size_t, kSectionCount>& starts, ByteView body, uint32_t* crc);
// Whether all of a segment's content is as its table says.
Status check_content(const SegmentHead& head, ByteView content);

}  // namespace weir
