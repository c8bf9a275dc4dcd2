// Reading: the header, one question, then every record once. A message is accepted only as a whole:
// counts, lengths and names must agree to its last byte. RDATA is checked where it decides
// something here (addresses, names that may be compressed, SOA, OPT) and otherwise passes
// untouched.
#include "weir/dns_message.h"

#include <algorithm>

#include "dns_wire.h"

namespace weir {
namespace {

using internal::DnsRecord;
using internal::kDnsHeaderBytes;
using internal::load_be16;
using internal::load_be32;
using Section = DnsWriter::Section;
using Message = std::span<const uint8_t>;

Status malformed(const char* what) { return Status(Code::kInvalid, what); }

// The one question of a query or a response. More than one has no meaning in practice (RFC 9619),
// and none leaves nothing to answer or to match.
template <class Parsed>
Status read_question(Message message, Parsed* parsed) {
  if (parsed->header.qdcount != 1) return malformed("a message has not exactly one question");
  size_t end = 0;
  WEIR_ASSIGN(parsed->qname, DnsName::read(message, kDnsHeaderBytes, &end));
  if (message.size() - end < 4) return malformed("a question passes the end");
  parsed->qtype = load_be16(message, end);
  parsed->qclass = load_be16(message, end + 2);
  parsed->question_end = end + 4;
  return {};
}

// OPT (RFC 6891 6.1.2): owner the root, class the payload size, TTL the flags, RDATA options.
Result<DnsEdns> read_edns(Message message, const DnsRecord& record) {
  if (record.owner != DnsName()) return malformed("an OPT record is not owned by the root");
  // Options are not used here, but they must fill the RDATA: others behind us will read them.
  size_t offset = record.rdata;
  while (offset != record.end) {
    if (record.end - offset < 4) return malformed("an EDNS option passes the end");
    offset += 4;
    const size_t length = load_be16(message, offset - 2);
    if (record.end - offset < length) return malformed("an EDNS option passes the end");
    offset += length;
  }
  DnsEdns edns;
  edns.udp_payload = record.klass;
  edns.extended_rcode = message[record.ttl_offset];
  edns.version = message[record.ttl_offset + 1];
  edns.dnssec_ok = (message[record.ttl_offset + 2] & 0x80U) != 0;
  return edns;
}

// The OPT record of a message, which may have one (RFC 6891 6.1.1).
template <class Parsed>
Status take_edns(Message message, Section section, const DnsRecord& record, Parsed* parsed) {
  if (section != Section::kAdditional) return malformed("an OPT record stands in a wrong section");
  if (parsed->edns) return malformed("a message has two OPT records");
  WEIR_ASSIGN(parsed->edns, read_edns(message, record));
  return {};
}

// Gathers how long a response may be cached (RFC 2308 2, 5).
class CacheTtl {
 public:
  explicit CacheTtl(uint16_t qtype) : qtype_(qtype) {}

  void see(Message message, Section section, const DnsRecord& record) {
    if (section == Section::kAnswer) {
      least_s_ = std::min(least_s_, record.ttl_s);
      // A chain of CNAMEs without what was asked for at its end is a negative answer (RFC
      // 2308 2.2).
      answered_ = answered_ || record.type == qtype_ || qtype_ == qtype::kAny;
    } else if (section == Section::kAuthority && record.type == qtype::kSoa) {
      soa_s_ = std::min(record.ttl_s, load_be32(message, record.end - 4));
    }
  }

  // The rest of the message is known only when it has been read to its end.
  std::optional<uint32_t> decide(const DnsHeader& header, uint16_t code) const {
    if (header.tc || (code != rcode::kNoError && code != rcode::kNxDomain)) return std::nullopt;
    const bool negative = code == rcode::kNxDomain || !answered_;
    const uint32_t ttl_s = negative ? std::min(least_s_, soa_s_) : least_s_;
    if (ttl_s == 0) return std::nullopt;  // for this transaction only (RFC 1035 3.2.1)
    return ttl_s;
  }

 private:
  uint16_t qtype_;
  bool answered_ = false;          // a record of the type asked for is there
  uint32_t least_s_ = UINT32_MAX;  // of the answer section; with a negative answer, of the CNAMEs
  uint32_t soa_s_ = 0;             // of a negative answer; without a SOA it is not cached
};

}  // namespace

Result<DnsHeader> read_dns_header(Message message) {
  if (message.size() < kDnsHeaderBytes) return malformed("a message is shorter than its header");
  const uint8_t high = message[2];
  const uint8_t low = message[3];
  DnsHeader header;
  header.id = load_be16(message, 0);
  header.qr = (high & 0x80U) != 0;
  header.opcode = high >> 3 & 0x0F;
  header.aa = (high & 0x04U) != 0;
  header.tc = (high & 0x02U) != 0;
  header.rd = (high & 0x01U) != 0;
  header.ra = (low & 0x80U) != 0;
  header.ad = (low & 0x20U) != 0;
  header.cd = (low & 0x10U) != 0;
  header.rcode = low & 0x0F;
  header.qdcount = load_be16(message, 4);
  header.ancount = load_be16(message, 6);
  header.nscount = load_be16(message, 8);
  header.arcount = load_be16(message, 10);
  return header;
}

Result<DnsQuery> read_dns_query(Message message) {
  DnsQuery query;
  WEIR_ASSIGN(query.header, read_dns_header(message));
  if (query.header.qr) return malformed("a response stands where a query was expected");
  if (query.header.opcode != 0) return Status(Code::kUnsupported, "the opcode is not QUERY");
  WEIR_TRY(read_question(message, &query));
  // The authority section may hold something: the SOA of an IXFR (RFC 1995 3).
  if (query.header.ancount != 0) return malformed("a query has an answer section");
  WEIR_TRY(internal::walk_records(message, query.header, query.question_end,
                                  [&](Section section, const DnsRecord& record) {
                                    if (record.type != qtype::kOpt) return Status();
                                    return take_edns(message, section, record, &query);
                                  }));
  return query;
}

Result<DnsResponse> read_dns_response(Message message) {
  DnsResponse response;
  WEIR_ASSIGN(response.header, read_dns_header(message));
  if (!response.header.qr) return malformed("a query stands where a response was expected");
  WEIR_TRY(read_question(message, &response));
  CacheTtl cache_ttl(response.qtype);
  WEIR_TRY(internal::walk_records(message, response.header, response.question_end,
                                  [&](Section section, const DnsRecord& record) {
                                    if (record.type == qtype::kOpt) {
                                      response.opt_offset = record.start;
                                      return take_edns(message, section, record, &response);
                                    }
                                    response.ttl_offsets.push_back(
                                        static_cast<uint32_t>(record.ttl_offset));
                                    cache_ttl.see(message, section, record);
                                    return Status();
                                  }));
  // The upper eight of twelve bits are in the OPT record (RFC 6891 6.1.3).
  response.rcode = response.header.rcode;
  if (response.edns) {
    response.rcode = static_cast<uint16_t>(response.edns->extended_rcode << 4 | response.rcode);
  }
  response.cache_ttl_s = cache_ttl.decide(response.header, response.rcode);
  return response;
}

void age_ttls(std::span<uint8_t> message, std::span<const uint32_t> ttl_offsets, uint32_t age_s) {
  for (const uint32_t offset : ttl_offsets) {
    const uint32_t ttl_s = internal::effective_ttl(load_be32(message, offset));
    internal::store_be32(message, offset, ttl_s > age_s ? ttl_s - age_s : 0);
  }
}

void clamp_ttls(std::span<uint8_t> message, std::span<const uint32_t> ttl_offsets,
                uint32_t ttl_min_s, uint32_t ttl_max_s) {
  for (const uint32_t offset : ttl_offsets) {
    const uint32_t ttl_s = internal::effective_ttl(load_be32(message, offset));
    internal::store_be32(message, offset, std::clamp(ttl_s, ttl_min_s, ttl_max_s));
  }
}

}  // namespace weir
