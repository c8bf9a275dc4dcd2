#include "native/runtime/socket_address.h"

#include "catch.h"

namespace weir {
namespace {

std::string round_trip(std::string_view text, uint16_t default_port) {
  Result<SocketAddress> address = SocketAddress::parse(text, default_port);
  return address.ok() ? address->text() : "refused";
}

TEST_CASE("addresses with a port survive the round trip") {
  for (std::string_view text : {"192.0.2.1:53", "[2001:db8::1]:5300", "0.0.0.0:0", "[::]:65535"}) {
    CHECK(round_trip(text, 53) == text);
    CHECK(round_trip(text, 0) == text);
  }
}

TEST_CASE("a missing port is the default, or an error where there is none") {
  CHECK(round_trip("192.0.2.1", 53) == "192.0.2.1:53");
  CHECK(round_trip("2001:db8::1", 53) == "[2001:db8::1]:53");
  CHECK(round_trip("[2001:db8::1]", 853) == "[2001:db8::1]:853");
  CHECK(round_trip("192.0.2.1", 0) == "refused");
  CHECK(round_trip("::1", 0) == "refused");
}

TEST_CASE("what is no numeric address with a port is refused") {
  for (std::string_view text :
       {"", ":", ":53", "localhost:53", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:5x",
        "192.0.2.256:53", "[::1", "[::1]:", "[::1]53", "[192.0.2.1]:53", "1.2.3.4:-1", "::1::"}) {
    CAPTURE(text);
    CHECK(round_trip(text, 53) == "refused");
  }
}

TEST_CASE("wildcard and loopback addresses are told apart") {
  auto parsed = [](std::string_view text) { return SocketAddress::parse(text, 53).value(); };
  CHECK(parsed("0.0.0.0").is_wildcard());
  CHECK(parsed("::").is_wildcard());
  CHECK_FALSE(parsed("127.0.0.1").is_wildcard());
  CHECK(parsed("127.255.0.1").is_loopback());
  CHECK(parsed("::1").is_loopback());
  CHECK_FALSE(parsed("128.0.0.1").is_loopback());
  CHECK_FALSE(parsed("::2").is_loopback());
}

}  // namespace
}  // namespace weir
