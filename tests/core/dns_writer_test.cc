#include "catch.h"
#include "dns_samples.h"
#include "weir/dns_message.h"

namespace weir {
namespace {

using sample::Message;

// The answer `rcode` to `message`, read back.
DnsResponse error_response(const Message& message, uint16_t code) {
  std::array<uint8_t, 512> out;
  const size_t size = write_error_response(*read_dns_query(message), code, out);
  const auto response = read_dns_response(std::span(out).first(size));
  REQUIRE(response.ok());
  return *response;
}

TEST_CASE("an owner equal to the question is compressed to a pointer") {
  const Message message = sample::response({{}});
  const Message bare = sample::response({});
  CHECK(message.size() == bare.size() + 2 + 10 + 4);
  CHECK(message[bare.size()] == 0xC0);
  CHECK(message[bare.size() + 1] == 12);
}

TEST_CASE("every buffer that is too small overflows and none is written past") {
  for (size_t size = 0; size <= 60; ++size) {
    std::vector<uint8_t> buffer(size + 1, 0xEE);
    DnsWriter writer({buffer.data(), size});
    writer.header({.id = 1});
    writer.question(sample::name("www.example"), qtype::kA, kClassIn);
    writer.record(sample::Section::kAnswer, sample::name("www.example"), qtype::kA, kClassIn, 1,
                  sample::kAddress);
    writer.opt({});
    CHECK(writer.overflow() == (size < 56));
    CHECK(writer.finish().size() == (size < 56 ? 0U : 56U));
    CHECK(buffer[size] == 0xEE);
  }
}

TEST_CASE("what does not fit is refused together with everything after it") {
  std::array<uint8_t, 20> buffer;
  DnsWriter writer(buffer);
  writer.header({});
  writer.question(sample::name("www.example"), qtype::kA, kClassIn);
  CHECK(writer.overflow());
  writer.question(DnsName(), qtype::kA, kClassIn);
  CHECK(writer.finish().empty());
}

TEST_CASE("an error response repeats id, question, RD and CD and sets QR and RA") {
  Message message = sample::query();
  message[3] |= 0x10;  // CD
  const DnsResponse response = error_response(message, rcode::kRefused);
  CHECK(response.header.id == 0x1234);
  CHECK((response.header.rd && response.header.cd && response.header.ra));
  CHECK(response.qname == sample::name("www.example"));
  CHECK(response.rcode == rcode::kRefused);
  CHECK_FALSE(response.edns.has_value());
}

TEST_CASE("an error response to EDNS carries EDNS and the extended rcode") {
  const DnsEdns edns{.version = 1, .dnssec_ok = true};
  const DnsResponse response = error_response(sample::query(&edns), rcode::kBadVers);
  CHECK(response.rcode == rcode::kBadVers);
  REQUIRE(response.edns.has_value());
  CHECK(response.edns->version == 0);
  CHECK(response.edns->udp_payload == kUdpPayloadBytesMax);
  CHECK(response.edns->dnssec_ok);
}

TEST_CASE("an error response without a question is a header alone") {
  DnsQuery query;
  query.header.id = 7;
  std::array<uint8_t, 12> out;
  CHECK(write_error_response(query, rcode::kFormErr, out) == 12);
  CHECK(read_dns_header(out)->rcode == rcode::kFormErr);
  CHECK(write_error_response(query, rcode::kFormErr, std::span(out).first(11)) == 0);
}

TEST_CASE("a response within the limit is left as it is") {
  Message message = sample::rich_response();
  const Message before = message;
  CHECK(truncate_response(message, message.size()) == message.size());
  CHECK(message == before);
}

TEST_CASE("a longer response keeps header, question and OPT, with TC set") {
  Message message = sample::rich_response();
  const size_t size = truncate_response(message, message.size() - 1);
  const auto response = read_dns_response(std::span(message).first(size));
  REQUIRE(response.ok());
  CHECK(response->header.tc);
  CHECK(response->qname == sample::name("www.example"));
  CHECK(response->ttl_offsets.empty());
  REQUIRE(response->edns.has_value());
  CHECK(response->edns->dnssec_ok);
}

TEST_CASE("truncation obeys every limit") {
  for (size_t limit = 0; limit < 60; ++limit) {
    Message message = sample::rich_response();
    const size_t size = truncate_response(message, limit);
    CHECK(size <= limit);
    CHECK((size == 0) == (limit < 12));
    if (size != 0) CHECK(read_dns_header(message)->tc);
    if (size > 12) CHECK(read_dns_response(std::span(message).first(size)).ok());
  }
}

TEST_CASE("truncation of a malformed response leaves its header") {
  Message message = sample::rich_response();
  message.pop_back();
  CHECK(truncate_response(message, 100) == 12);
  CHECK(read_dns_header(message)->qdcount == 0);
}

}  // namespace
}  // namespace weir
