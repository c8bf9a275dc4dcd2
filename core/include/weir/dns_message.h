// DNS messages (RFC 1035, 2181, 2308, 6891): bounded reading and writing, no allocation on the hot
// path.
//
// Reading never trusts a length; writing never passes the end of the buffer given. Messages are
// spans in network order; a parsed view borrows the message.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/dns_name.h"
#include "weir/status.h"

namespace weir {

// Types and codes that Weir itself needs; everything else passes as a number.
namespace qtype {
inline constexpr uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kPtr = 12, kMx = 15, kTxt = 16,
                          kAaaa = 28, kSrv = 33, kDname = 39, kOpt = 41, kSvcb = 64, kHttps = 65,
                          kIxfr = 251, kAxfr = 252, kAny = 255;
}
namespace rcode {
inline constexpr uint16_t kNoError = 0, kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4,
                          kRefused = 5, kBadVers = 16;
}
inline constexpr uint16_t kClassIn = 1;

std::string qtype_text(uint16_t type);                // "A", "HTTPS", "TYPE1234" (RFC 3597)
Result<uint16_t> parse_qtype(std::string_view text);  // mnemonic in any case, TYPE65, or a number
std::string rcode_text(uint16_t code);                // "NOERROR", …, "RCODE24"
Result<uint16_t> parse_rcode(std::string_view text);

struct DnsHeader {
  uint16_t id = 0;
  bool qr = false, aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  uint8_t opcode = 0;
  uint8_t rcode = 0;
  uint16_t qdcount = 0, ancount = 0, nscount = 0, arcount = 0;
};
// kInvalid if shorter than 12 bytes.
Result<DnsHeader> read_dns_header(std::span<const uint8_t> message);
// The inverse, counts included. Precondition: `message` has at least 12 bytes.
void write_dns_header(const DnsHeader& header, std::span<uint8_t> message);

struct DnsEdns {
  uint16_t udp_payload = 512;  // as sent, not clamped
  uint8_t extended_rcode = 0;
  uint8_t version = 0;
  bool dnssec_ok = false;
};

struct DnsQuery {
  DnsHeader header;
  DnsName qname;
  uint16_t qtype = 0;
  uint16_t qclass = 0;
  size_t question_end = 0;  // offset after the question; 0: none was read
  std::optional<DnsEdns> edns;
};
// One question, no answers, one OPT at most (RFC 6891 6.1.1), no trailing bytes; other records are
// checked and ignored. kInvalid: malformed; the caller answers FORMERR if the header could be read
// and QR is clear. kUnsupported: an opcode other than QUERY (the caller answers NOTIMP).
Result<DnsQuery> read_dns_query(std::span<const uint8_t> message);

struct DnsResponse {
  DnsHeader header;
  DnsName qname;
  uint16_t qtype = 0;
  uint16_t qclass = 0;
  size_t question_end = 0;
  uint16_t rcode = 0;  // extended
  std::optional<DnsEdns> edns;
  std::optional<size_t> opt_offset;   // where the OPT record stands
  std::vector<uint32_t> ttl_offsets;  // of every record but OPT
  // Seconds that the answer may be cached, from 1 on: the least TTL of the answer section, for
  // NXDOMAIN and NODATA also at most min(SOA TTL, SOA MINIMUM) (RFC 2308 5). Nothing: do not cache
  // (a TTL of 0, no SOA, another rcode, truncated).
  std::optional<uint32_t> cache_ttl_s;
};
// Exactly one question, one OPT at most, no trailing bytes. kInvalid otherwise; whether TC is set
// can then still be had from read_dns_header.
Result<DnsResponse> read_dns_response(std::span<const uint8_t> message);

// Takes `age_s` off the TTLs at `ttl_offsets` (DnsResponse::ttl_offsets of the same message), down
// to 0. A TTL with the high bit set is 0 (RFC 2181 8).
void age_ttls(std::span<uint8_t> message, std::span<const uint32_t> ttl_offsets, uint32_t age_s);
// Brings the TTLs at `ttl_offsets` within [min, max].
void clamp_ttls(std::span<uint8_t> message, std::span<const uint32_t> ttl_offsets,
                uint32_t ttl_min_s, uint32_t ttl_max_s);

// Appends to a fixed buffer; after the first thing that does not fit, everything is refused and
// overflow() is true. Order: header, question, then the sections' records in their order.
class DnsWriter {
 public:
  explicit DnsWriter(std::span<uint8_t> out) : out_(out) {}

  void header(const DnsHeader& header);  // the counts are overwritten by finish()
  void question(const DnsName& name, uint16_t type, uint16_t klass);
  enum class Section : uint8_t { kAnswer, kAuthority, kAdditional };
  // The owner is compressed to the question's name where equal.
  void record(Section section, const DnsName& owner, uint16_t type, uint16_t klass, uint32_t ttl_s,
              std::span<const uint8_t> rdata);
  void opt(const DnsEdns& edns);
  bool overflow() const { return overflow_; }
  // Writes the counts. Returns the message, or an empty span after overflow.
  std::span<const uint8_t> finish();

 private:
  void put(std::span<const uint8_t> bytes);
  void put16(uint16_t value);
  void put32(uint32_t value);

  std::span<uint8_t> out_;
  size_t size_ = 0;
  DnsHeader header_;
  DnsName question_name_;
  bool has_question_ = false;
  bool overflow_ = false;
};

// An answer without records to `query` (FORMERR, SERVFAIL, REFUSED, NOTIMP, BADVERS, NXDOMAIN):
// header, the question if one was read and, if the query had one, OPT. Returns the bytes used, 0 if
// `out` is too small.
size_t write_error_response(const DnsQuery& query, uint16_t rcode, std::span<uint8_t> out);

// Cuts a response that is longer than `limit` down to header, question and OPT (without options)
// with TC set (RFC 2181 9), in place. Returns the new size: of the header alone if the message is
// malformed, 0 if not even that fits.
size_t truncate_response(std::span<uint8_t> message, size_t limit);

// RDATA from text, for local records: A, AAAA, CNAME, NS, PTR, MX ("10 mail.example"), SRV ("1 2 53
// ns.example"), TXT (bare text as it stands, in strings of 255 bytes, or "quoted" "strings").
// kUnsupported for other types.
Result<std::vector<uint8_t>> parse_rdata(uint16_t type, std::string_view text);

}  // namespace weir
