// DNS messages for tests: queries as clients send them, responses as upstreams do, and the few
// things that tests look at in an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/dns_message.h"

namespace weir {

using Bytes = std::vector<uint8_t>;

struct QueryOptions {
  uint16_t id = 0x1234;
  uint16_t type = qtype::kA;
  uint16_t klass = kClassIn;
  bool rd = true;
  bool ad = false;
  bool cd = false;
  std::optional<DnsEdns> edns = {};
};

inline Bytes make_query(std::string_view name, const QueryOptions& options = {}) {
  Bytes room(512);
  DnsWriter writer(room);
  writer.header({.id = options.id, .rd = options.rd, .ad = options.ad, .cd = options.cd});
  writer.question(DnsName::parse(name).value(), options.type, options.klass);
  if (options.edns) writer.opt(*options.edns);
  room.resize(writer.finish().size());
  return room;
}

struct ResponseRecord {
  std::string owner = {};
  uint16_t type = qtype::kA;
  uint32_t ttl_s = 300;
  Bytes rdata = {};
  DnsWriter::Section section = DnsWriter::Section::kAnswer;
};

inline ResponseRecord address_record(std::string owner, uint8_t last_byte, uint32_t ttl_s = 300) {
  return {.owner = std::move(owner), .ttl_s = ttl_s, .rdata = {192, 0, 2, last_byte}};
}

// ns.x. host.x. 1 2 3 4 `minimum_s`
inline ResponseRecord soa_record(std::string owner, uint32_t ttl_s, uint8_t minimum_s) {
  Bytes rdata = {2, 'n', 's', 1, 'x', 0, 4, 'h', 'o', 's', 't', 1, 'x', 0};
  for (uint8_t number : {uint8_t{1}, uint8_t{2}, uint8_t{3}, uint8_t{4}, minimum_s}) {
    rdata.insert(rdata.end(), {0, 0, 0, number});
  }
  return {.owner = std::move(owner),
          .type = qtype::kSoa,
          .ttl_s = ttl_s,
          .rdata = std::move(rdata),
          .section = DnsWriter::Section::kAuthority};
}

struct ResponseOptions {
  uint16_t rcode = rcode::kNoError;
  bool tc = false;
  bool ad = false;
  bool opt = true;  // in answer to a query that has one
};

// The answer to `query`, which must be well-formed.
inline Bytes make_response(std::span<const uint8_t> query,
                           const std::vector<ResponseRecord>& records,
                           const ResponseOptions& options = {}) {
  const DnsQuery asked = read_dns_query(query).value();
  Bytes room(kMessageBytesMax);
  DnsWriter writer(room);
  writer.header({.id = asked.header.id,
                 .qr = true,
                 .tc = options.tc,
                 .rd = asked.header.rd,
                 .ra = true,
                 .ad = options.ad,
                 .rcode = static_cast<uint8_t>(options.rcode)});
  writer.question(asked.qname, asked.qtype, asked.qclass);
  for (const ResponseRecord& record : records) {
    writer.record(record.section, DnsName::parse(record.owner).value(), record.type, kClassIn,
                  record.ttl_s, record.rdata);
  }
  if (asked.edns && options.opt) writer.opt({.udp_payload = 4096});
  room.resize(writer.finish().size());
  return room;
}

// The TTL of record `i` of a message.
inline uint32_t ttl_of(std::span<const uint8_t> message, size_t i = 0) {
  const DnsResponse response = read_dns_response(message).value();
  const uint32_t at = response.ttl_offsets.at(i);
  return uint32_t{message[at]} << 24 | uint32_t{message[at + 1]} << 16 |
         uint32_t{message[at + 2]} << 8 | message[at + 3];
}

// The last `size` bytes of a message: the RDATA of its last record.
inline Bytes tail(std::span<const uint8_t> message, size_t size) {
  const auto last = message.last(size);
  return {last.begin(), last.end()};
}

}  // namespace weir
