// One resource record: its bounds, and the RDATA of the types that Weir must be able to trust.
//
// Types whose names may be compressed are the closed list of RFC 3597 4; a bad pointer in them
// would otherwise travel on to clients.
#include "dns_wire.h"

namespace weir::internal {
namespace {

using Message = std::span<const uint8_t>;

// True if [offset, end) is `count` names, back to back, and then `tail` more bytes.
bool holds_names(Message message, size_t offset, size_t end, int count, size_t tail) {
  for (int i = 0; i < count; ++i) {
    if (!DnsName::read(message.first(end), offset, &offset).ok()) return false;
  }
  return end - offset == tail;
}

bool rdata_well_formed(Message message, const DnsRecord& record) {
  const size_t length = record.end - record.rdata;
  // `skip` bytes of numbers, then names, then `tail` bytes.
  const auto names = [&](size_t skip, int count, size_t tail) {
    return length >= skip && holds_names(message, record.rdata + skip, record.end, count, tail);
  };
  switch (record.type) {
    case qtype::kA:
      return length == 4;
    case qtype::kAaaa:
      return length == 16;
    case qtype::kNs:
    case qtype::kCname:
    case qtype::kPtr:
    case qtype::kDname:
      return names(0, 1, 0);
    case qtype::kMx:
      return names(2, 1, 0);
    case qtype::kSrv:
      return names(6, 1, 0);
    case qtype::kSoa:
      return names(0, 2, kSoaNumbersBytes);
    default:
      return true;  // opaque (RFC 3597): passed on as it is
  }
}

}  // namespace

Result<DnsRecord> read_record(Message message, size_t offset) {
  DnsRecord record;
  // Owner, then type, class, TTL and length: ten bytes (RFC 1035 4.1.3).
  record.start = offset;
  WEIR_ASSIGN(record.owner, DnsName::read(message, offset, &offset));
  if (message.size() - offset < 10) return Status(Code::kInvalid, "a record passes the end");
  record.type = load_be16(message, offset);
  record.klass = load_be16(message, offset + 2);
  record.ttl_offset = offset + 4;
  record.ttl_s = effective_ttl(load_be32(message, offset + 4));
  record.rdata = offset + 10;
  const size_t length = load_be16(message, offset + 8);
  if (message.size() - record.rdata < length) return Status(Code::kInvalid, "RDATA passes the end");
  record.end = record.rdata + length;
  if (!rdata_well_formed(message, record)) return Status(Code::kInvalid, "RDATA is malformed");
  return record;
}

}  // namespace weir::internal
