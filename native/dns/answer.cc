// Two ways to an answer: render_answer() copies a kept message and patches what belongs to the
// client (header, question, TTLs, OPT), write_answer() composes one from nothing. Both end in the
// same rule: what does not fit becomes header, question and OPT with TC set (RFC 2181 9).
#include "native/dns/answer.h"

#include <cstring>
#include <iterator>

namespace weir {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kOptBytes = 11;  // without options

// The OPT record of a response (RFC 6891 6.1.2).
std::array<uint8_t, kOptBytes> opt_record(uint16_t rcode, bool dnssec_ok) {
  return {0,  // the root
          0,
          qtype::kOpt,
          kUdpPayloadBytesMax >> 8,
          kUdpPayloadBytesMax & 0xFF,
          static_cast<uint8_t>(rcode >> 4),
          0,  // version
          static_cast<uint8_t>(dnssec_ok ? 0x80 : 0),
          0,
          0,
          0};
}

// The answer's header for `request`. AA is clear: the answer is not from an authority (RFC 1035
// 4.1.1).
DnsHeader client_header(const AnswerView& answer, const Request& request) {
  DnsHeader header = read_dns_header(answer.message).value();
  const DnsHeader& asked = request.query.header;
  header.id = asked.id;
  header.rd = asked.rd;
  header.cd = asked.cd;
  header.aa = false;
  header.ra = true;
  header.ad = shows_ad(answer, request);
  return header;
}

}  // namespace

// Names point backwards only, so the message can end before its OPT record: nothing that is kept
// leads behind the cut.
Answer make_answer(std::span<const uint8_t> message, const DnsResponse& response) {
  Answer answer;
  answer.rcode = response.rcode;
  answer.ttl_s = response.cache_ttl_s;
  const size_t end = response.opt_offset.value_or(message.size());
  answer.message.assign(message.begin(), message.begin() + static_cast<ptrdiff_t>(end));
  std::ranges::copy_if(response.ttl_offsets, std::back_inserter(answer.ttl_offsets),
                       [end](uint32_t offset) { return offset < end; });
  DnsHeader header = response.header;
  const size_t dropped = response.ttl_offsets.size() - answer.ttl_offsets.size();
  header.arcount = static_cast<uint16_t>(header.arcount - dropped - (response.opt_offset ? 1 : 0));
  write_dns_header(header, answer.message);
  return answer;
}

void clamp_answer(Answer* answer, uint32_t ttl_min_s, uint32_t ttl_max_s) {
  if (answer->ttl_s) answer->ttl_s = std::clamp(*answer->ttl_s, ttl_min_s, ttl_max_s);
  clamp_ttls(answer->message, answer->ttl_offsets, ttl_min_s, ttl_max_s);
}

size_t response_limit(const Request& request) {
  if (request.transport != Transport::kUdp) return kMessageBytesMax;
  if (!request.query.edns) return kUdpPayloadBytesMin;
  return std::clamp<size_t>(request.query.edns->udp_payload, kUdpPayloadBytesMin,
                            kUdpPayloadBytesMax);
}

bool shows_ad(const AnswerView& answer, const Request& request) {
  const DnsQuery& query = request.query;
  const bool wanted = query.header.ad || (query.edns && query.edns->dnssec_ok);
  return wanted && (answer.message[3] & 0x20U) != 0;
}

void restore_question(const Request& request, std::span<uint8_t> message) {
  if (message.size() < kHeaderBytes + request.question_bytes) return;  // a header alone
  std::memcpy(message.data() + kHeaderBytes, request.question.data(), request.question_bytes);
}

size_t render_answer(const AnswerView& answer, const Request& request, std::span<uint8_t> out) {
  const size_t limit = std::min(response_limit(request), out.size());
  const size_t opt_bytes = request.query.edns ? kOptBytes : 0;
  const bool fits = answer.message.size() + opt_bytes <= limit;
  const size_t size = fits ? answer.message.size() : kHeaderBytes + request.question_bytes;
  DnsHeader header = client_header(answer, request);
  std::memcpy(out.data(), answer.message.data(), size);
  restore_question(request, out.first(size));
  if (fits) {
    age_ttls(out, answer.ttl_offsets, answer.age_s);
  } else {
    header.tc = true;
    header.ancount = header.nscount = header.arcount = 0;
  }
  if (request.query.edns) {
    ++header.arcount;
    std::ranges::copy(opt_record(answer.rcode, request.query.edns->dnssec_ok),
                      out.begin() + static_cast<ptrdiff_t>(size));
  }
  write_dns_header(header, out);
  return size + opt_bytes;
}

namespace internal {

void begin_answer(const Request& request, uint16_t rcode, bool truncated, DnsWriter* writer) {
  const DnsQuery& query = request.query;
  writer->header({.id = query.header.id,
                  .qr = true,
                  .tc = truncated,
                  .rd = query.header.rd,
                  .ra = true,
                  .cd = query.header.cd,
                  .rcode = static_cast<uint8_t>(rcode & 0x0FU)});
  writer->question(query.qname, query.qtype, query.qclass);
}

size_t end_answer(const Request& request, DnsWriter* writer, std::span<uint8_t> out) {
  if (request.query.edns) {
    writer->opt({.udp_payload = kUdpPayloadBytesMax, .dnssec_ok = request.query.edns->dnssec_ok});
  }
  const size_t size = writer->finish().size();
  restore_question(request, out.first(size));
  return size;
}

}  // namespace internal

}  // namespace weir
