#include "section_table.h"

#include <algorithm>

#include "bytes.h"

namespace weir {
namespace {

// The first section of each part, and the end.
constexpr std::array<size_t, kSectionPartCount + 1> kPartStarts = {0, 1, 6, kSectionCount};

}  // namespace

Result<SectionTable> SectionTable::read(ByteView content, uint32_t crc, size_t content_bytes) {
  SectionTable table;
  ByteReader reader(content);
  std::array<uint64_t, kSectionCount> lengths{};
  for (uint64_t& length : lengths) length = reader.varint_up_to(content_bytes);
  for (uint32_t& part : table.crcs_) part = reader.u32();
  if (!reader.ok() || crc32c(content.first(reader.position())) != crc) {
    return Status(Code::kCorrupt, "a segment's section table fails its checksum");
  }
  table.starts_[0] = reader.position();
  for (size_t i = 0; i < kSectionCount; ++i) {
    table.starts_[i + 1] = table.starts_[i] + static_cast<size_t>(lengths[i]);
  }
  if (table.starts_.back() != content_bytes) {
    return Status(Code::kCorrupt, "a segment's sections do not fill it");
  }
  return table;
}

ByteView SectionTable::section(ByteView content, Section section) const {
  const auto index = static_cast<size_t>(section);
  if (starts_[index + 1] > content.size()) return {};
  return content.subspan(starts_[index], starts_[index + 1] - starts_[index]);
}

Status SectionTable::check_part(ByteView content, SectionPart part) const {
  const auto index = static_cast<size_t>(part);
  const size_t start = starts_[kPartStarts[index]];
  const size_t end = starts_[kPartStarts[index + 1]];
  if (end <= content.size() && crc32c(content.subspan(start, end - start)) == crcs_[index]) {
    return {};
  }
  return Status(Code::kCorrupt, "a segment fails its checksum");
}

Bytes make_content(const std::array<size_t, kSectionCount>& starts, ByteView body, uint32_t* crc) {
  Bytes content;
  content.reserve(kSectionTableBytesMax + body.size());
  ByteWriter writer(content);
  for (size_t i = 0; i < kSectionCount; ++i) {
    const size_t end = i + 1 < kSectionCount ? starts[i + 1] : body.size();
    writer.varint(end - starts[i]);
  }
  for (size_t part = 0; part < kSectionPartCount; ++part) {
    const size_t start = starts[kPartStarts[part]];
    const size_t end = part + 1 < kSectionPartCount ? starts[kPartStarts[part + 1]] : body.size();
    writer.u32(crc32c(body.subspan(start, end - start)));
  }
  *crc = crc32c(content);
  writer.bytes(body);
  return content;
}

Status check_content(const SegmentHead& head, ByteView content) {
  WEIR_ASSIGN(const SectionTable table,
              SectionTable::read(content, head.content_crc, head.total_bytes - head.head_bytes));
  for (size_t part = 0; part < kSectionPartCount; ++part) {
    WEIR_TRY(table.check_part(content, static_cast<SectionPart>(part)));
  }
  return {};
}

}  // namespace weir
