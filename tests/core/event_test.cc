#include "weir/event.h"

#include <arpa/inet.h>

#include "catch.h"
#include "name_text.h"
#include "support/event_generator.h"
#include "weir/limits.h"

namespace weir {
namespace {

Event small_event() {
  Event event;
  event.time_ms = kTimeMsMin;
  event.qname = "example.com";
  return event;
}

// The name of `labels` labels of 61 octets each spelled \000, then one of `last` octets.
std::string escaped_name(size_t labels, size_t last) {
  std::string name;
  for (size_t label = 0; label <= labels; ++label) {
    if (label > 0) name += '.';
    for (size_t i = 0; i < (label == labels ? last : 61); ++i) name += "\\000";
  }
  return name;
}

TEST_CASE("outcomes and transports have names that parse back") {
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    CHECK(*parse_outcome(outcome_name(outcome)) == outcome);
  }
  for (size_t i = 0; i < kTransportCount; ++i) {
    const auto transport = static_cast<Transport>(i);
    CHECK(*parse_transport(transport_name(transport)) == transport);
  }
  CHECK(parse_outcome("Blocked").status().code() == Code::kInvalid);
  CHECK(parse_transport("").status().code() == Code::kInvalid);
}

TEST_CASE("addresses are written as RFC 5952 recommends") {
  const std::pair<const char*, const char*> cases[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"1:0:0:0:0:0:0:0", "1::"},
      {"::ffff:c000:201", "::ffff:192.0.2.1"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"~0123456789ABCDEF", "~0123456789abcdef"},
      {"", ""},
  };
  for (const auto& [text, canonical] : cases) {
    CAPTURE(text);
    CHECK(client_text(*parse_client(text)) == canonical);
  }
}

TEST_CASE("what is no client is refused") {
  for (const char* text : {"1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.",
                           "-1.2.3.4",
                           " 1.2.3.4",
                           "1:2",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           ":1::",
                           ":::",
                           "12345::",
                           "g::",
                           "1:",
                           "::1.2.3",
                           "1.2.3.4::",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "1:2:3:4:5:6:7:8::",
                           "~0123",
                           "~",
                           "x",
                           "~0123456789abcdeg",
                           "fe80::1%eth0"}) {
    CAPTURE(text);
    CHECK(parse_client(text).status().code() == Code::kInvalid);
  }
}

TEST_CASE("random IPv6 addresses read and print as the C library does it") {
  TestRandom random(6);
  for (int round = 0; round < 20'000; ++round) {
    Client client;
    client.kind = Client::Kind::kV6;
    for (auto& byte : client.bytes) byte = random.chance(2) ? uint8_t{0} : uint8_t(random.next());
    if (random.chance(2)) std::fill_n(client.bytes.begin() + 2, random.below(12), uint8_t{0});
    client.bytes[0] |= 1;  // not ::a.b.c.d, which the C library prints mixed and RFC 5952 does not
    char text[INET6_ADDRSTRLEN];
    REQUIRE(inet_ntop(AF_INET6, client.bytes.data(), text, sizeof text) != nullptr);
    REQUIRE(client_text(client) == text);
    REQUIRE(*parse_client(text) == client);
  }
}

TEST_CASE("name texts are the one spelling of a name") {
  for (const char* text : {".", "com", "a.b", "_dns.x-y.example", "\\000", "a\\046b\\032"}) {
    CAPTURE(text);
    CHECK(is_name_text(text));
  }
  for (const char* text : {"", "..", ".a", "a.", "a..b", "A", "a b", "a\\.b", "\\", "\\1", "\\12",
                           "\\256", "\\097", "\\065", "\\0a0", "\xc3\xa9", "a/b", "*"}) {
    CAPTURE(text);
    CHECK_FALSE(is_name_text(text));
  }
}

TEST_CASE("labels end at 63 octets and names at 255") {
  CHECK(is_name_text(std::string(63, 'a')));
  CHECK_FALSE(is_name_text(std::string(64, 'a')));
  CHECK(is_name_text(escaped_name(4, 5)));
  CHECK_FALSE(is_name_text(escaped_name(4, 6)));
  CHECK(escaped_name(4, 5).size() <= kNameTextBytesMax);
}

TEST_CASE("check_event takes every bound and refuses one past it") {
  Event event = small_event();
  CHECK(check_event(event).ok());
  event.time_ms = kTimeMsMax;
  CHECK(check_event(event).ok());
  event.time_ms = kTimeMsMax + 1;
  CHECK(check_event(event).code() == Code::kInvalid);
  event.time_ms = kTimeMsMin - 1;
  CHECK(check_event(event).code() == Code::kInvalid);

  event = small_event();
  event.rcode = 4095;
  CHECK(check_event(event).ok());
  event.rcode = 4096;
  CHECK(check_event(event).code() == Code::kInvalid);

  event = small_event();
  event.response_size = kMessageBytesMax;
  CHECK(check_event(event).ok());
  event.response_size = kMessageBytesMax + 1;
  CHECK(check_event(event).code() == Code::kTooLarge);

  event = small_event();
  const std::string list(kEventStringBytesMax + 1, 'x');
  event.list = std::string_view(list).substr(1);
  CHECK(check_event(event).ok());
  event.list = list;
  CHECK(check_event(event).code() == Code::kTooLarge);
  event.list = {};
  event.upstream = list;
  CHECK(check_event(event).code() == Code::kTooLarge);
}

TEST_CASE("check_event refuses numbers outside the enumerations") {
  Event event = small_event();
  event.outcome = static_cast<Outcome>(kOutcomeCount);
  CHECK(check_event(event).code() == Code::kInvalid);
  event = small_event();
  event.transport = static_cast<Transport>(kTransportCount);
  CHECK(check_event(event).code() == Code::kInvalid);
  event = small_event();
  event.client.kind = static_cast<Client::Kind>(4);
  CHECK(check_event(event).code() == Code::kInvalid);
  event = small_event();
  event.client.kind = Client::Kind::kV4;
  event.client.bytes[4] = 1;
  CHECK(check_event(event).code() == Code::kInvalid);
}

TEST_CASE("check_event refuses names that are not in text form or too long") {
  Event event = small_event();
  event.qname = "Example.com";
  CHECK(check_event(event).code() == Code::kInvalid);
  const std::string name(kNameTextBytesMax + 1, 'a');
  event.qname = name;
  CHECK(check_event(event).code() == Code::kTooLarge);
}

TEST_CASE("events round-trip through their flat form") {
  EventGenerator generator;
  std::array<uint8_t, kEventBytesMax> buffer;
  for (int i = 0; i < 2000; ++i) {
    const Event event = generator.next();
    REQUIRE(check_event(event).ok());
    const size_t size = encode_event(event, buffer);
    REQUIRE(size > 0);
    REQUIRE(*decode_event(std::span(buffer).first(size)) == event);
  }
}

TEST_CASE("a flat form with a value that no enumerator has is refused") {
  Event event;
  event.time_ms = kTimeMsMin;
  std::array<uint8_t, kEventBytesMax> buffer;
  for (const size_t at : {offsetof(Event, client), offsetof(Event, transport),
                          offsetof(Event, outcome), offsetof(Event, ad)}) {
    const size_t size = encode_event(event, buffer);
    REQUIRE(decode_event(std::span(buffer).first(size)).ok());
    buffer[at] = 7;
    CHECK(decode_event(std::span(buffer).first(size)).status().code() == Code::kCorrupt);
  }
}

TEST_CASE("the flat form needs exactly its size") {
  const std::string longest(kEventStringBytesMax, 'x');
  Event event = small_event();
  const std::string name = escaped_name(4, 5);
  event.qname = name;
  event.list = longest;
  event.upstream = longest;
  event.client.kind = Client::Kind::kV6;
  std::array<uint8_t, kEventBytesMax> buffer;
  const size_t size = encode_event(event, buffer);
  REQUIRE(size > 0);
  CHECK(encode_event(event, std::span(buffer).first(size - 1)) == 0);
  CHECK(encode_event(event, std::span(buffer).first(size)) == size);
  for (size_t cut = 0; cut < size; ++cut) {
    REQUIRE(decode_event(std::span(buffer).first(cut)).status().code() == Code::kCorrupt);
  }
  CHECK_FALSE(decode_event(std::span(buffer).first(size + 1)).ok());
}

TEST_CASE("an event with a longer string than there may be has no flat form") {
  const std::string too_long(kEventStringBytesMax + 1, 'x');
  for (const auto text : {&Event::list, &Event::upstream}) {
    Event event = small_event();
    event.*text = too_long;
    std::array<uint8_t, kEventBytesMax> buffer;
    CHECK(encode_event(event, buffer) == 0);
  }
}

}  // namespace
}  // namespace weir
