// The table at the start of a segment's content: where each section and each chunk lies, and a
// checksum for each part that is read by itself, so that whoever needs only the names, or one
// event, reads and checks no more than that.
//
//   6 varints  lengths of the sections, which follow the table in their order
//   varints    lengths of the chunks' questions, which follow the sections, then of the chunks'
//              other columns, which follow those
//   u32 each   CRC32C of the index, of the small dictionaries, of the bloom filter, of each chunk's
//              questions, of each chunk's other columns
//
// The head's checksum of the content covers the table, and with it all the rest: the index has the
// checksums of the pages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bytes.h"
#include "segment_content.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

// Sections with one checksum; the pages have one each.
enum class SectionPart : uint8_t { kIndex = 0, kDictionaries = 1, kBloom = 2 };
inline constexpr size_t kSectionPartCount = 3;
constexpr SectionPart part_of(Section section) {
  switch (section) {
    case Section::kIndex:
      return SectionPart::kIndex;
    case Section::kBloom:
      return SectionPart::kBloom;
    default:
      return SectionPart::kDictionaries;
  }
}

// What the encoder makes, to be put together.
struct ContentParts {
  std::array<Bytes, kSectionCount> sections;
  std::array<std::vector<Bytes>, kChunkPartCount> chunks;
};

class SectionTable {
 public:
  // Reads the table from the first bytes of a segment; kCorrupt if it fails its checksum or its
  // lengths do not fill the segment. Offsets are those in the segment.
  static Result<SectionTable> read(const SegmentHead& head, ByteView front);

  size_t chunk_count() const { return chunks_[0].crcs.size(); }
  ByteRange sections(Section first, Section last) const;
  ByteRange chunks(ChunkPart part, size_t first, size_t last) const;
  ByteRange part(SectionPart part) const;
  uint32_t part_crc(SectionPart part) const { return part_crcs_[static_cast<size_t>(part)]; }
  uint32_t chunk_crc(ChunkPart part, size_t chunk) const {
    return chunks_[static_cast<size_t>(part)].crcs[chunk];
  }

 private:
  Status read_lengths(const SegmentHead& head, ByteReader* reader);

  struct Chunks {
    std::vector<uint32_t> starts;  // and the end of the last one
    std::vector<uint32_t> crcs;
  };

  std::array<uint32_t, kSectionCount + 1> starts_{};
  std::array<uint32_t, kSectionPartCount> part_crcs_{};
  std::array<Chunks, kChunkPartCount> chunks_;
};

// The table of the parts, which follow it. Its CRC32C is what the head says of the content.
Bytes make_table(const ContentParts& parts);
// Whether all of a segment's content is as its table says.
Status check_content(const SegmentHead& head, ByteView segment);

}  // namespace weir
