#include "section_table.h"

#include <algorithm>

#include "bytes.h"
#include "page_index.h"
#include "segment_head.h"

namespace weir {
namespace {

constexpr size_t kChunkPartsMax = kChunkPartCount * kSegmentChunksMax;
// Head and table: the fixed bytes; for a section a varint of four bytes (2^25), for a part of a
// chunk one of three, since a value takes five bytes at most; and a checksum for each part.
constexpr size_t kChunkPartBytesMax = kSegmentChunkEvents * kColumnCount * 5;
static_assert(kChunkPartBytesMax < 1 << 21);
static_assert(kSegmentHeadBytesMax + kSectionCount * 4 + kChunkPartsMax * 3 +
                  (kSectionPartCount + kChunkPartsMax) * 4 <=
              kSegmentFrontBytes);

constexpr std::array<Section, kSectionPartCount> kPartFirst = {Section::kIndex, Section::kClients,
                                                               Section::kBloom};
constexpr std::array<Section, kSectionPartCount> kPartLast = {Section::kIndex, Section::kTraits,
                                                              Section::kBloom};

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

}  // namespace

Status SectionTable::read_lengths(const SegmentHead& head, ByteReader* reader) {
  const size_t content_bytes = head.total_bytes - head.head_bytes;
  const size_t chunks = chunks_of(static_cast<size_t>(head.count));
  std::array<uint64_t, kSectionCount> lengths{};
  for (uint64_t& length : lengths) length = reader->varint_up_to(content_bytes);
  std::vector<uint64_t> chunk_lengths(kChunkPartCount * chunks);
  for (uint64_t& length : chunk_lengths) length = reader->varint_up_to(kChunkPartBytesMax);
  for (uint32_t& crc : part_crcs_) crc = reader->u32();
  for (Chunks& part : chunks_) {
    part.crcs.resize(chunks);
    for (uint32_t& crc : part.crcs) crc = reader->u32();
  }
  if (!reader->ok()) return corrupt("a segment's table is malformed");
  // Sums of at most 518 numbers below 2^25.
  uint64_t at = head.head_bytes + reader->position();
  const auto next = [&at](uint64_t length) {
    const uint64_t start = at;
    at += length;
    return static_cast<uint32_t>(std::min<uint64_t>(start, UINT32_MAX));
  };
  for (size_t i = 0; i < kSectionCount; ++i) starts_[i] = next(lengths[i]);
  starts_[kSectionCount] = next(0);
  for (size_t part = 0; part < kChunkPartCount; ++part) {
    for (size_t i = 0; i < chunks; ++i) {
      chunks_[part].starts.push_back(next(chunk_lengths[part * chunks + i]));
    }
    chunks_[part].starts.push_back(next(0));
  }
  if (at != head.total_bytes) return corrupt("a segment's parts do not fill it");
  return {};
}

Result<SectionTable> SectionTable::read(const SegmentHead& head, ByteView front) {
  const ByteView content = front.subspan(std::min<size_t>(head.head_bytes, front.size()));
  SectionTable table;
  ByteReader reader(content);
  const Status lengths = table.read_lengths(head, &reader);
  const bool intact = reader.ok() && crc32c(content.first(reader.position())) == head.content_crc;
  if (!intact) return corrupt("a segment's table fails its checksum");
  WEIR_TRY(lengths);
  return table;
}

ByteRange SectionTable::sections(Section first, Section last) const {
  const uint32_t start = starts_[static_cast<size_t>(first)];
  return {start, starts_[static_cast<size_t>(last) + 1] - start};
}

ByteRange SectionTable::chunks(ChunkPart part, size_t first, size_t last) const {
  const std::vector<uint32_t>& starts = chunks_[static_cast<size_t>(part)].starts;
  return {starts[first], starts[last + 1] - starts[first]};
}

ByteRange SectionTable::part(SectionPart part) const {
  const auto index = static_cast<size_t>(part);
  return sections(kPartFirst[index], kPartLast[index]);
}

Bytes make_table(const ContentParts& parts) {
  Bytes table;
  ByteWriter writer(table);
  for (const Bytes& section : parts.sections) writer.varint(section.size());
  for (const std::vector<Bytes>& part : parts.chunks) {
    for (const Bytes& chunk : part) writer.varint(chunk.size());
  }
  for (size_t part = 0; part < kSectionPartCount; ++part) {
    uint32_t part_crc = 0;
    for (auto i = static_cast<size_t>(kPartFirst[part]); i <= static_cast<size_t>(kPartLast[part]);
         ++i) {
      part_crc = crc32c(parts.sections[i], part_crc);
    }
    writer.u32(part_crc);
  }
  for (const std::vector<Bytes>& part : parts.chunks) {
    for (const Bytes& chunk : part) writer.u32(crc32c(chunk));
  }
  return table;
}

namespace {

// Whether all pages are as the index says.
bool pages_are_intact(ByteView index_bytes, ByteView pages, size_t events) {
  PageIndex index;
  ByteReader reader(index_bytes);
  if (!index.open(&reader, events, pages.size())) return false;
  for (size_t page = 0; page < index.page_count(); ++page) {
    const ByteRange range = index.range(page, page);
    if (crc32c(pages.subspan(range.offset, range.length)) != index.crc(page)) return false;
  }
  return true;
}

}  // namespace

Status check_content(const SegmentHead& head, ByteView segment) {
  WEIR_ASSIGN(const SectionTable table, SectionTable::read(head, segment));
  const auto at = [&](ByteRange range) { return segment.subspan(range.offset, range.length); };
  bool intact = true;
  for (const SectionPart part :
       {SectionPart::kIndex, SectionPart::kDictionaries, SectionPart::kBloom}) {
    intact = intact && crc32c(at(table.part(part))) == table.part_crc(part);
  }
  intact = intact && pages_are_intact(at(table.sections(Section::kIndex, Section::kIndex)),
                                      at(table.sections(Section::kPages, Section::kPages)),
                                      static_cast<size_t>(head.count));
  for (const ChunkPart part : {ChunkPart::kQuestions, ChunkPart::kRest}) {
    for (size_t chunk = 0; chunk < table.chunk_count(); ++chunk) {
      intact =
          intact && crc32c(at(table.chunks(part, chunk, chunk))) == table.chunk_crc(part, chunk);
    }
  }
  return intact ? Status() : corrupt("a segment fails its checksum");
}

}  // namespace weir
