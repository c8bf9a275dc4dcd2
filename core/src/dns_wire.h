// The parts that DNS reading and writing share: network byte order and the walk over records.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "weir/dns_message.h"
#include "weir/dns_name.h"
#include "weir/status.h"

namespace weir::internal {

inline constexpr size_t kDnsHeaderBytes = 12;  // RFC 1035 4.1.1

inline uint16_t load_be16(std::span<const uint8_t> bytes, size_t offset) {
  return static_cast<uint16_t>(bytes[offset] << 8 | bytes[offset + 1]);
}

inline uint32_t load_be32(std::span<const uint8_t> bytes, size_t offset) {
  return uint32_t{load_be16(bytes, offset)} << 16 | load_be16(bytes, offset + 2);
}

inline void store_be16(std::span<uint8_t> bytes, size_t offset, uint16_t value) {
  bytes[offset] = static_cast<uint8_t>(value >> 8);
  bytes[offset + 1] = static_cast<uint8_t>(value);
}

inline void store_be32(std::span<uint8_t> bytes, size_t offset, uint32_t value) {
  store_be16(bytes, offset, static_cast<uint16_t>(value >> 16));
  store_be16(bytes, offset + 2, static_cast<uint16_t>(value));
}

// A TTL with the high bit set counts as zero (RFC 2181 8).
constexpr uint32_t effective_ttl(uint32_t ttl_s) { return ttl_s > INT32_MAX ? 0 : ttl_s; }

// A resource record as it stands in a message (RFC 1035 4.1.3).
struct DnsRecord {
  size_t start = 0;  // offset of the owner
  DnsName owner;
  uint16_t type = 0;
  uint16_t klass = 0;
  size_t ttl_offset = 0;
  uint32_t ttl_s = 0;  // effective
  size_t rdata = 0;    // offset
  size_t end = 0;      // offset after the RDATA
};

// The record at `offset`. Its RDATA lies within the message and, for the types whose names may be
// compressed and for addresses, is well formed. kInvalid otherwise.
Result<DnsRecord> read_record(std::span<const uint8_t> message, size_t offset);

// What is left of a SOA record's RDATA after its names: five 32-bit numbers.
inline constexpr size_t kSoaNumbersBytes = 20;

// Calls visit(section, record) -> Status for every record after the question. The last one must end
// where the message ends.
template <class Visit>
Status walk_records(std::span<const uint8_t> message, const DnsHeader& header, size_t offset,
                    Visit visit) {
  using Section = DnsWriter::Section;
  if (size_t{header.ancount} + header.nscount + header.arcount > kMessageRecordsMax) {
    return Status(Code::kInvalid, "a message has too many records");
  }
  const std::pair<Section, uint16_t> sections[] = {{Section::kAnswer, header.ancount},
                                                   {Section::kAuthority, header.nscount},
                                                   {Section::kAdditional, header.arcount}};
  for (const auto& [section, count] : sections) {
    for (uint16_t i = 0; i < count; ++i) {
      WEIR_ASSIGN(const DnsRecord record, read_record(message, offset));
      WEIR_TRY(visit(section, record));
      offset = record.end;
    }
  }
  if (offset != message.size()) return Status(Code::kInvalid, "bytes follow the last record");
  return {};
}

}  // namespace weir::internal
