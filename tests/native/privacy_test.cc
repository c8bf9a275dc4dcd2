#include "native/dns/privacy.h"

#include "catch.h"

namespace weir {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kNoon = 20'000 * kDayMs + kDayMs / 2;

SocketAddress address(std::string_view text) { return SocketAddress::parse(text, 53).value(); }

std::string shown(PrivacyMode mode, std::string_view client) {
  PrivacyFilter filter(make_pseudonym_key(), kNoon);
  return client_text(filter.apply(mode, address(client), kNoon));
}

TEST_CASE("full shows the address, none shows nothing") {
  CHECK(shown(PrivacyMode::kFull, "192.0.2.77") == "192.0.2.77");
  CHECK(shown(PrivacyMode::kFull, "2001:db8::77") == "2001:db8::77");
  CHECK(shown(PrivacyMode::kNone, "192.0.2.77").empty());
}

TEST_CASE("truncated keeps 24 bits of IPv4 and 48 of IPv6") {
  CHECK(shown(PrivacyMode::kTruncated, "192.0.2.77") == "192.0.2.0");
  CHECK(shown(PrivacyMode::kTruncated, "2001:db8:1:2:3:4:5:6") == "2001:db8:1::");
}

TEST_CASE("a client has one pseudonym for a day, another the next day") {
  PrivacyFilter filter(make_pseudonym_key(), kNoon);
  auto at = [&](int64_t now_ms, std::string_view client = "192.0.2.1") {
    return filter.apply(PrivacyMode::kPseudonym, address(client), now_ms);
  };
  const Client first = at(kNoon);
  CHECK(first.kind == Client::Kind::kPseudonym);
  CHECK(at(kNoon, "192.0.2.2") != first);
  CHECK(at(kNoon + kDayMs / 2 - 1) == first);
  const Client second = at(kNoon + kDayMs / 2);
  CHECK(second != first);
  CHECK(at(kNoon + kDayMs) == second);
}

TEST_CASE("a clock that steps back over midnight does not bring the old key back") {
  PrivacyFilter filter(make_pseudonym_key(), kNoon);
  auto at = [&](int64_t now_ms) {
    return filter.apply(PrivacyMode::kPseudonym, address("192.0.2.1"), now_ms);
  };
  const Client first = at(kNoon);
  const Client second = at(kNoon + kDayMs);
  CHECK(second != first);
  CHECK(at(kNoon) == second);
}

TEST_CASE("filters with one key agree, however the days reach them; other keys differ") {
  const PseudonymKey key = make_pseudonym_key();
  PrivacyFilter daily(key, kNoon);
  PrivacyFilter late(key, kNoon);
  PrivacyFilter other(make_pseudonym_key(), kNoon);
  auto at = [&](PrivacyFilter& filter, int64_t day) {
    return filter.apply(PrivacyMode::kPseudonym, address("::1"), kNoon + day * kDayMs);
  };
  for (int64_t day = 0; day < 3; ++day) at(daily, day);
  CHECK(at(daily, 3) == at(late, 3));
  CHECK(at(late, 3) != at(other, 3));
}

}  // namespace
}  // namespace weir
