#include "catch.h"
#include "weir/dns_message.h"

namespace weir {
namespace {

TEST_CASE("types have their mnemonics or TYPE and a number") {
  CHECK(qtype_text(qtype::kA) == "A");
  CHECK(qtype_text(qtype::kHttps) == "HTTPS");
  CHECK(qtype_text(1234) == "TYPE1234");
  CHECK(qtype_text(0) == "TYPE0");
}

TEST_CASE("response codes have their mnemonics or RCODE and a number") {
  CHECK(rcode_text(rcode::kNxDomain) == "NXDOMAIN");
  CHECK(rcode_text(23) == "BADCOOKIE");
  CHECK(rcode_text(24) == "RCODE24");
}

TEST_CASE("every text form is read back") {
  for (uint32_t number = 0; number <= UINT16_MAX; ++number) {
    const auto type = static_cast<uint16_t>(number);
    if (parse_qtype(qtype_text(type)).value() != type) FAIL("type " << number);
  }
  for (uint16_t code = 0; code <= 4095; ++code) {
    if (parse_rcode(rcode_text(code)).value() != code) FAIL("rcode " << code);
  }
}

TEST_CASE("mnemonics are read in any case, and numbers") {
  CHECK(*parse_qtype("aaaa") == qtype::kAaaa);
  CHECK(*parse_qtype("type65") == qtype::kHttps);
  CHECK(*parse_qtype("65535") == 65535);
  CHECK(*parse_rcode("ServFail") == rcode::kServFail);
  CHECK(*parse_rcode("4095") == 4095);
}

TEST_CASE("what is neither a mnemonic nor a number in range is refused") {
  for (const char* text : {"", "TYPE", "TYPE65536", "65536", "-1", "1x", "TYPETYPE1", " A",
                           "AAAAAAAAAAAAAAAAAAAAAAAA", "RCODE1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_qtype(text).ok());
  }
  CHECK_FALSE(parse_rcode("4096").ok());
  CHECK_FALSE(parse_rcode("RCODE4096").ok());
}

}  // namespace
}  // namespace weir
