// Messages that several DNS tests begin with.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/dns_message.h"

namespace weir::sample {

using Message = std::vector<uint8_t>;
using Section = DnsWriter::Section;

inline DnsName name(std::string_view text) { return *DnsName::parse(text); }

inline std::vector<uint8_t> wire_of(std::string_view text) {
  const DnsName parsed = name(text);
  return {parsed.wire().begin(), parsed.wire().end()};
}

inline const std::vector<uint8_t> kAddress = {192, 0, 2, 1};

// RDATA of a SOA record with this MINIMUM.
inline std::vector<uint8_t> soa(uint8_t minimum_s) {
  std::vector<uint8_t> rdata = wire_of("ns.example");
  for (const uint8_t byte : wire_of("admin.example")) rdata.push_back(byte);
  for (int i = 0; i < 19; ++i) rdata.push_back(0);
  rdata.push_back(minimum_s);
  return rdata;
}

struct Record {
  Section section = Section::kAnswer;
  std::string_view owner = "www.example";
  uint16_t type = qtype::kA;
  uint32_t ttl_s = 300;
  std::vector<uint8_t> rdata = kAddress;
};

// A message that asks for www.example A, with `records` and perhaps an OPT.
inline Message message(const DnsHeader& header, std::span<const Record> records,
                       const DnsEdns* edns = nullptr) {
  std::vector<uint8_t> buffer(kMessageBytesMax);
  DnsWriter writer(buffer);
  writer.header(header);
  writer.question(name("www.example"), qtype::kA, kClassIn);
  for (const Record& record : records) {
    writer.record(record.section, name(record.owner), record.type, kClassIn, record.ttl_s,
                  record.rdata);
  }
  if (edns != nullptr) writer.opt(*edns);
  const auto written = writer.finish();
  return {written.begin(), written.end()};
}

inline Message query(const DnsEdns* edns = nullptr) {
  return message({.id = 0x1234, .rd = true}, {}, edns);
}

inline Message response(std::vector<Record> records, uint8_t code = 0,
                        const DnsEdns* edns = nullptr) {
  return message({.id = 0x1234, .qr = true, .rd = true, .ra = true, .rcode = code}, records, edns);
}

// One record of each type whose RDATA is checked, over all sections, and an OPT.
inline Message rich_response() {
  const DnsEdns edns{.udp_payload = 1232, .extended_rcode = 0, .version = 0, .dnssec_ok = true};
  std::vector<uint8_t> mx = {0, 10};
  for (const uint8_t byte : wire_of("mail.example")) mx.push_back(byte);
  std::vector<uint8_t> srv = {0, 1, 0, 2, 0, 53};
  for (const uint8_t byte : wire_of("ns.example")) srv.push_back(byte);
  return response({{.type = qtype::kCname, .rdata = wire_of("a.example")},
                   {.owner = "a.example"},
                   {.type = qtype::kAaaa, .rdata = std::vector<uint8_t>(16, 7)},
                   {.type = qtype::kMx, .rdata = mx},
                   {.type = qtype::kSrv, .rdata = srv},
                   {.type = 65400, .rdata = {1, 2, 3}},
                   {Section::kAuthority, "example", qtype::kNs, 60, wire_of("ns.example")},
                   {Section::kAuthority, "example", qtype::kSoa, 60, soa(9)},
                   {Section::kAdditional, "ns.example", qtype::kA, 60, kAddress}},
                  0, &edns);
}

}  // namespace weir::sample
