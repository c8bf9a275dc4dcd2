#include "catch.h"
#include "dns_samples.h"
#include "weir/dns_message.h"

namespace weir {
namespace {

using Rdata = std::vector<uint8_t>;

// `head` and then the wire form of a name.
Rdata with_name(Rdata head, std::string_view name) {
  const auto wire = sample::wire_of(name);
  head.insert(head.end(), wire.begin(), wire.end());
  return head;
}

bool refuses(uint16_t type, std::string_view text) {
  return parse_rdata(type, text).status().code() == Code::kInvalid;
}

TEST_CASE("addresses become their bytes") {
  CHECK(*parse_rdata(qtype::kA, "192.0.2.1") == sample::kAddress);
  Rdata six(16);
  six[0] = 0x20;
  six[1] = 0x01;
  six[15] = 1;
  CHECK(*parse_rdata(qtype::kAaaa, "2001::1") == six);
}

TEST_CASE("an address of the other family, or none, is refused") {
  CHECK(refuses(qtype::kA, "2001::1"));
  CHECK(refuses(qtype::kA, "192.0.2"));
  CHECK(refuses(qtype::kA, ""));
  CHECK(refuses(qtype::kA, "~0123456789abcdef"));
  CHECK(refuses(qtype::kAaaa, "192.0.2.1"));
}

TEST_CASE("names become uncompressed wire form") {
  for (const uint16_t type : {qtype::kCname, qtype::kNs, qtype::kPtr}) {
    CHECK(*parse_rdata(type, "A.Example.") == with_name({}, "a.example"));
    CHECK(refuses(type, "a example"));
    CHECK(refuses(type, ""));
  }
}

TEST_CASE("MX and SRV take their numbers before the name") {
  CHECK(*parse_rdata(qtype::kMx, "10 a.example") == with_name({0, 10}, "a.example"));
  CHECK(*parse_rdata(qtype::kSrv, "1  2\t65535 a.example") ==
        with_name({0, 1, 0, 2, 255, 255}, "a.example"));
  CHECK(refuses(qtype::kMx, "65536 a.example"));
  CHECK(refuses(qtype::kMx, "-1 a.example"));
  CHECK(refuses(qtype::kMx, "a.example"));
  CHECK(refuses(qtype::kMx, "10"));
  CHECK(refuses(qtype::kSrv, "1 2 a.example"));
  CHECK(refuses(qtype::kSrv, "1 2 3 a.example 4"));
}

TEST_CASE("bare text is one string as it stands") {
  CHECK(*parse_rdata(qtype::kTxt, "v=a \\b") == Rdata{6, 'v', '=', 'a', ' ', '\\', 'b'});
  CHECK(*parse_rdata(qtype::kTxt, "") == Rdata{0});
}

TEST_CASE("bare text beyond 255 bytes is cut into strings") {
  CHECK(parse_rdata(qtype::kTxt, std::string(255, 'x'))->size() == 256);
  CHECK(parse_rdata(qtype::kTxt, std::string(256, 'x'))->size() == 258);
}

TEST_CASE("quoted text is cut where its quotes end") {
  CHECK(*parse_rdata(qtype::kTxt, "\"a b\" \"\"\"c\\\"\\\\\"") ==
        Rdata{3, 'a', ' ', 'b', 0, 3, 'c', '"', '\\'});
  CHECK(parse_rdata(qtype::kTxt, '"' + std::string(255, 'x') + '"').ok());
  CHECK(refuses(qtype::kTxt, '"' + std::string(256, 'x') + '"'));
  CHECK(refuses(qtype::kTxt, "\"a"));
  CHECK(refuses(qtype::kTxt, "\"a\\"));
  CHECK(refuses(qtype::kTxt, "\"a\" b"));
}

TEST_CASE("text whose RDATA would not fit a record is refused") {
  CHECK(parse_rdata(qtype::kTxt, std::string(255 * 255, 'x')).ok());
  CHECK(refuses(qtype::kTxt, std::string(256 * 256, 'x')));
}

TEST_CASE("types without a text form here are unsupported") {
  CHECK(parse_rdata(qtype::kSoa, "x").status().code() == Code::kUnsupported);
  CHECK(parse_rdata(65400, "x").status().code() == Code::kUnsupported);
}

}  // namespace
}  // namespace weir
