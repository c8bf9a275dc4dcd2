// Writing: into a buffer that the caller gave, never past its end, and the two answers that are
// made from another message: an error, and a truncated copy.
#include <algorithm>

#include "dns_wire.h"
#include "weir/dns_message.h"

namespace weir {
namespace {

using internal::kDnsHeaderBytes;
using internal::store_be16;

// Compression towards the question, which always stands right behind the header.
constexpr uint16_t kQuestionPointer = 0xC000 | kDnsHeaderBytes;
constexpr size_t kOptBytes = 11;  // without options

uint8_t bit(bool value, unsigned shift) { return static_cast<uint8_t>(value ? 1U << shift : 0U); }

}  // namespace

void write_dns_header(const DnsHeader& header, std::span<uint8_t> message) {
  store_be16(message, 0, header.id);
  message[2] = static_cast<uint8_t>(bit(header.qr, 7) | (header.opcode & 0x0FU) << 3 |
                                    bit(header.aa, 2) | bit(header.tc, 1) | bit(header.rd, 0));
  message[3] = static_cast<uint8_t>(bit(header.ra, 7) | bit(header.ad, 5) | bit(header.cd, 4) |
                                    (header.rcode & 0x0FU));
  store_be16(message, 4, header.qdcount);
  store_be16(message, 6, header.ancount);
  store_be16(message, 8, header.nscount);
  store_be16(message, 10, header.arcount);
}

// The only place that writes: whatever does not fit ends the message.
void DnsWriter::put(std::span<const uint8_t> bytes) {
  if (overflow_ || out_.size() - size_ < bytes.size()) {
    overflow_ = true;
    return;
  }
  std::ranges::copy(bytes, out_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += bytes.size();
}

void DnsWriter::put16(uint16_t value) {
  std::array<uint8_t, 2> bytes;
  store_be16(bytes, 0, value);
  put(bytes);
}

void DnsWriter::put32(uint32_t value) {
  put16(static_cast<uint16_t>(value >> 16));
  put16(static_cast<uint16_t>(value));
}

void DnsWriter::header(const DnsHeader& header) {
  header_ = header;
  header_.qdcount = header_.ancount = header_.nscount = header_.arcount = 0;
  put(std::array<uint8_t, kDnsHeaderBytes>{});  // its room: the counts are not known yet
}

void DnsWriter::question(const DnsName& name, uint16_t type, uint16_t klass) {
  question_name_ = name;
  has_question_ = true;
  ++header_.qdcount;
  put(name.wire());
  put16(type);
  put16(klass);
}

void DnsWriter::record(Section section, const DnsName& owner, uint16_t type, uint16_t klass,
                       uint32_t ttl_s, std::span<const uint8_t> rdata) {
  if (rdata.size() > UINT16_MAX) {
    overflow_ = true;
    return;
  }
  uint16_t& count = section == Section::kAnswer      ? header_.ancount
                    : section == Section::kAuthority ? header_.nscount
                                                     : header_.arcount;
  ++count;
  if (has_question_ && owner == question_name_) {
    put16(kQuestionPointer);
  } else {
    put(owner.wire());
  }
  put16(type);
  put16(klass);
  put32(ttl_s);
  put16(static_cast<uint16_t>(rdata.size()));
  put(rdata);
}

void DnsWriter::opt(const DnsEdns& edns) {
  const uint32_t flags = uint32_t{edns.extended_rcode} << 24 | uint32_t{edns.version} << 16 |
                         (edns.dnssec_ok ? 0x8000U : 0U);
  ++header_.arcount;
  put(DnsName().wire());  // never compressed: a pointer would be longer
  put16(qtype::kOpt);
  put16(edns.udp_payload);
  put32(flags);
  put16(0);
}

std::span<const uint8_t> DnsWriter::finish() {
  if (overflow_) return {};
  WEIR_CHECK(size_ >= kDnsHeaderBytes);  // header() comes first
  write_dns_header(header_, out_);
  return out_.first(size_);
}

size_t write_error_response(const DnsQuery& query, uint16_t rcode, std::span<uint8_t> out) {
  DnsHeader header;
  header.id = query.header.id;
  header.qr = true;
  header.opcode = query.header.opcode;
  header.rd = query.header.rd;
  header.ra = true;
  header.cd = query.header.cd;
  header.rcode = rcode & 0x0F;
  // AA and AD stay clear: nothing here is authoritative or validated.
  DnsWriter writer(out);
  writer.header(header);
  if (query.question_end != 0) writer.question(query.qname, query.qtype, query.qclass);
  if (query.edns) {
    writer.opt({.udp_payload = kUdpPayloadBytesMax,
                .extended_rcode = static_cast<uint8_t>(rcode >> 4),
                .version = 0,
                .dnssec_ok = query.edns->dnssec_ok});
  }
  return writer.finish().size();
}

size_t truncate_response(std::span<uint8_t> message, size_t limit) {
  if (message.size() <= limit) return message.size();
  auto header = read_dns_header(message);
  if (!header.ok() || limit < kDnsHeaderBytes) return 0;
  header->tc = true;
  header->qdcount = header->ancount = header->nscount = header->arcount = 0;
  size_t size = kDnsHeaderBytes;
  const auto response = read_dns_response(message);
  if (response.ok() && response->question_end <= limit) {
    size = response->question_end;
    header->qdcount = 1;
    if (response->opt_offset && limit - size >= kOptBytes) {
      // It stands behind the question in any case, so it moves towards the front.
      const auto opt = message.subspan(*response->opt_offset, kOptBytes);
      std::ranges::copy(opt, message.begin() + static_cast<std::ptrdiff_t>(size));
      size += kOptBytes;
      store_be16(message, size - 2, 0);  // no options
      header->arcount = 1;
    }
  }
  write_dns_header(*header, message);
  return size;
}

}  // namespace weir
