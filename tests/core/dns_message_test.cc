#include "weir/dns_message.h"

#include "catch.h"
#include "dns_samples.h"

namespace weir {
namespace {

using sample::Message;
using sample::Record;
using sample::Section;

constexpr size_t kCountsOffset = 4;  // QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT

Message with_count(Message message, size_t section, uint8_t count) {
  message[kCountsOffset + 2 * section + 1] = count;
  return message;
}

// Appends an OPT with this RDATA and counts it.
Message with_opt(Message message, std::vector<uint8_t> rdata, std::vector<uint8_t> owner = {0}) {
  message.insert(message.end(), owner.begin(), owner.end());
  const uint8_t fixed[] = {0, 41, 4, 208, 0, 0, 0, 0, 0, static_cast<uint8_t>(rdata.size())};
  message.insert(message.end(), std::begin(fixed), std::end(fixed));
  message.insert(message.end(), rdata.begin(), rdata.end());
  ++message[kCountsOffset + 7];
  return message;
}

std::optional<uint32_t> cache_ttl(std::vector<Record> records, uint8_t code = rcode::kNoError) {
  const auto response = read_dns_response(sample::response(std::move(records), code));
  REQUIRE(response.ok());
  return response->cache_ttl_s;
}

TEST_CASE("a header needs twelve bytes") {
  CHECK_FALSE(read_dns_header(Message(11)).ok());
  CHECK(read_dns_header(Message(12)).ok());
}

TEST_CASE("every header bit is read from its place") {
  const auto header = read_dns_header(Message{0xAB, 0xCD, 0xFF, 0xFF, 0, 1, 0, 2, 0, 3, 0, 4});
  REQUIRE(header.ok());
  CHECK(header->id == 0xABCD);
  CHECK((header->qr && header->aa && header->tc && header->rd));
  CHECK((header->ra && header->ad && header->cd));
  CHECK(header->opcode == 15);
  CHECK(header->rcode == 15);
  CHECK(header->qdcount == 1);
  CHECK(header->arcount == 4);
  const auto clear = read_dns_header(Message(12));
  CHECK_FALSE((clear->qr || clear->aa || clear->tc || clear->rd || clear->ra || clear->ad));
}

TEST_CASE("a plain query is read") {
  const Message message = sample::query();
  const auto query = read_dns_query(message);
  REQUIRE(query.ok());
  CHECK(query->header.id == 0x1234);
  CHECK(query->qname.text() == "www.example");
  CHECK(query->qtype == qtype::kA);
  CHECK(query->qclass == kClassIn);
  CHECK(query->question_end == message.size());
  CHECK_FALSE(query->edns.has_value());
}

TEST_CASE("a query's OPT is read as it was sent") {
  const DnsEdns edns{.udp_payload = 4096, .extended_rcode = 1, .version = 3, .dnssec_ok = true};
  const auto query = read_dns_query(sample::query(&edns));
  REQUIRE(query.ok());
  REQUIRE(query->edns.has_value());
  CHECK(query->edns->udp_payload == 4096);
  CHECK(query->edns->extended_rcode == 1);
  CHECK(query->edns->version == 3);
  CHECK(query->edns->dnssec_ok);
}

TEST_CASE("a message in the other direction is refused") {
  CHECK(read_dns_query(sample::response({})).status().code() == Code::kInvalid);
  CHECK(read_dns_response(sample::query()).status().code() == Code::kInvalid);
}

TEST_CASE("an opcode other than QUERY is unsupported") {
  Message message = sample::query();
  message[2] = 5 << 3;  // UPDATE
  CHECK(read_dns_query(message).status().code() == Code::kUnsupported);
}

TEST_CASE("a query has exactly one question and no answer") {
  CHECK_FALSE(read_dns_query(with_count(sample::query(), 0, 0)).ok());
  CHECK_FALSE(read_dns_query(with_count(sample::query(), 0, 2)).ok());
  const Record record;
  CHECK_FALSE(read_dns_query(sample::message({.rd = true}, {&record, 1})).ok());
}

TEST_CASE("bytes after the last record are malformed") {
  Message message = sample::query();
  message.push_back(0);
  CHECK_FALSE(read_dns_query(message).ok());
}

TEST_CASE("counts beyond the records are malformed") {
  for (size_t section = 1; section < 4; ++section) {
    CHECK_FALSE(read_dns_response(with_count(sample::response({}), section, 1)).ok());
  }
}

TEST_CASE("two OPT records are malformed") {
  const Message one = with_opt(sample::query(), {});
  CHECK(read_dns_query(one).ok());
  CHECK_FALSE(read_dns_query(with_opt(one, {})).ok());
}

TEST_CASE("an OPT record belongs to the root and to the additional section") {
  CHECK_FALSE(read_dns_query(with_opt(sample::query(), {}, {1, 'a', 0})).ok());
  Message message = with_opt(sample::response({}), {});
  std::swap(message[kCountsOffset + 3], message[kCountsOffset + 7]);
  CHECK_FALSE(read_dns_response(message).ok());
}

TEST_CASE("EDNS options must fill the OPT record exactly") {
  CHECK(read_dns_query(with_opt(sample::query(), {0, 10, 0, 2, 7, 7})).ok());
  CHECK(read_dns_query(with_opt(sample::query(), {0, 10, 0, 0, 0, 12, 0, 1, 0})).ok());
  CHECK_FALSE(read_dns_query(with_opt(sample::query(), {0, 10, 0, 3, 7, 7})).ok());
  CHECK_FALSE(read_dns_query(with_opt(sample::query(), {0, 10, 0})).ok());
}

TEST_CASE("every prefix of a message is malformed") {
  const Message message = sample::rich_response();
  REQUIRE(read_dns_response(message).ok());
  for (size_t size = 0; size < message.size(); ++size) {
    CHECK_FALSE(read_dns_response(std::span(message).first(size)).ok());
  }
}

TEST_CASE("TTL offsets cover every record but OPT") {
  const Message message = sample::rich_response();
  const auto response = read_dns_response(message);
  REQUIRE(response.ok());
  CHECK(response->ttl_offsets.size() == 9);
  REQUIRE(response->opt_offset.has_value());
  CHECK(*response->opt_offset == message.size() - 11);
}

TEST_CASE("ageing takes seconds off every TTL and stops at zero") {
  Message message = sample::response({{.ttl_s = 300}, {.ttl_s = 10}});
  age_ttls(message, read_dns_response(message)->ttl_offsets, 20);
  CHECK(message == sample::response({{.ttl_s = 280}, {.ttl_s = 0}}));
}

TEST_CASE("a TTL with the high bit set is zero: RFC 2181 8") {
  CHECK(cache_ttl({{.ttl_s = 0x7FFFFFFF}}) == 0x7FFFFFFFU);
  CHECK(cache_ttl({{.ttl_s = 0x80000000}}) == std::nullopt);
  Message message = sample::response({{.ttl_s = 0xFFFFFFFF}});
  age_ttls(message, read_dns_response(message)->ttl_offsets, 1);
  CHECK(message == sample::response({{.ttl_s = 0}}));
}

TEST_CASE("an answer may be cached for its least TTL") {
  CHECK(cache_ttl({{.ttl_s = 300}, {.ttl_s = 7}, {.ttl_s = 60}}) == 7U);
  CHECK(cache_ttl({{.ttl_s = 300}, {.ttl_s = 0}}) == std::nullopt);
  CHECK(cache_ttl({{.ttl_s = 300},
                   {Section::kAuthority, "example", qtype::kNs, 7,
                    sample::wire_of("ns.example")}}) == 300U);
}

TEST_CASE("a negative answer may be cached for the lesser of the SOA's TTL and MINIMUM") {
  const auto soa = [](uint32_t ttl_s, uint8_t minimum_s) {
    return Record{Section::kAuthority, "example", qtype::kSoa, ttl_s, sample::soa(minimum_s)};
  };
  CHECK(cache_ttl({soa(60, 9)}) == 9U);
  CHECK(cache_ttl({soa(5, 9)}, rcode::kNxDomain) == 5U);
  CHECK(cache_ttl({}, rcode::kNxDomain) == std::nullopt);
  CHECK(cache_ttl({}) == std::nullopt);
}

TEST_CASE("an alias to a name without the type is a negative answer") {
  const Record alias{.type = qtype::kCname, .ttl_s = 4, .rdata = sample::wire_of("a.example")};
  CHECK(cache_ttl({alias}) == std::nullopt);
  CHECK(cache_ttl({alias, {Section::kAuthority, "example", qtype::kSoa, 60, sample::soa(9)}}) ==
        4U);
}

TEST_CASE("failures and truncated answers are not cached") {
  CHECK(cache_ttl({{}}, rcode::kServFail) == std::nullopt);
  CHECK(cache_ttl({{}}, rcode::kRefused) == std::nullopt);
  const Record record;
  const auto truncated = read_dns_response(sample::message({.qr = true, .tc = true}, {&record, 1}));
  REQUIRE(truncated.ok());
  CHECK_FALSE(truncated->cache_ttl_s.has_value());
}

TEST_CASE("the rcode is extended by the OPT record") {
  const DnsEdns edns{.extended_rcode = 1};
  const auto response = read_dns_response(sample::response({}, 7, &edns));
  REQUIRE(response.ok());
  CHECK(response->rcode == 23);
}

TEST_CASE("RDATA of checked types must be well formed") {
  const auto accepts = [](uint16_t type, std::vector<uint8_t> rdata) {
    return read_dns_response(sample::response({{.type = type, .rdata = std::move(rdata)}})).ok();
  };
  CHECK_FALSE(accepts(qtype::kA, {1, 2, 3}));
  CHECK_FALSE(accepts(qtype::kA, {1, 2, 3, 4, 5}));
  CHECK_FALSE(accepts(qtype::kAaaa, std::vector<uint8_t>(15)));
  CHECK(accepts(qtype::kCname, {0xC0, 12}));
  CHECK_FALSE(accepts(qtype::kCname, {0xC0, 12, 0}));
  CHECK_FALSE(accepts(qtype::kCname, {1, 'a'}));
  CHECK_FALSE(accepts(qtype::kNs, {0xC0, 0xFF}));
  CHECK_FALSE(accepts(qtype::kMx, {0}));
  CHECK_FALSE(accepts(qtype::kSrv, {0, 0, 0, 0, 0, 0}));
  auto soa = sample::soa(1);
  CHECK(accepts(qtype::kSoa, soa));
  soa.pop_back();
  CHECK_FALSE(accepts(qtype::kSoa, soa));
  CHECK(accepts(qtype::kTxt, {9}));  // not checked: it passes untouched
}

TEST_CASE("a message may have kMessageRecordsMax records and no more") {
  Message message = sample::response({});
  for (size_t i = 0; i < kMessageRecordsMax + 1; ++i) {
    const uint8_t record[] = {0, 0xFF, 0x78, 0, 1, 0, 0, 0, 0, 0, 0};
    message.insert(message.end(), std::begin(record), std::end(record));
  }
  message[kCountsOffset + 2] = (kMessageRecordsMax + 1) >> 8;
  message[kCountsOffset + 3] = static_cast<uint8_t>(kMessageRecordsMax + 1);
  CHECK_FALSE(read_dns_response(message).ok());
  message.resize(message.size() - 11);
  message[kCountsOffset + 2] = kMessageRecordsMax >> 8;
  message[kCountsOffset + 3] = static_cast<uint8_t>(kMessageRecordsMax);
  CHECK(read_dns_response(message).ok());
}

}  // namespace
}  // namespace weir
