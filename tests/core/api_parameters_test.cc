#include "api_parameters.h"

#include "catch.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr int64_t kNow = 1'795'200'000'000;  // 2026-11-20T18:40:00Z
constexpr ParameterSet kAll = ~ParameterSet{0};

ApiParameters parsed(std::string_view text) {
  ApiParameters parameters;
  auto fault = parse_parameters(text, kAll, kNow, &parameters);
  INFO(text << ": " << (fault ? fault->detail : ""));
  REQUIRE_FALSE(fault.has_value());
  return parameters;
}

// "code parameter" of the fault, or "" if there is none.
std::string fault_of(std::string_view text, ParameterSet allowed = kAll) {
  ApiParameters parameters;
  auto fault = parse_parameters(text, allowed, kNow, &parameters);
  return fault ? std::string(fault->code) + " " + fault->parameter : "";
}

TEST_CASE("without parameters the window is the last 24 hours") {
  const ApiParameters parameters = parsed("");
  CHECK(parameters.filter.since_ms == kNow - kDayMs);
  CHECK(parameters.filter.until_ms == kNow);
  CHECK(parameters.limit == 100);
  CHECK(parameters.step_ms == kHourMs);
  CHECK(parameters.filter.only_time_and_site());
}

TEST_CASE("durations count back from now and times stand for themselves") {
  const Filter filter = parsed("since=7d&until=2026-11-20T18:00:00Z").filter;
  CHECK(filter.since_ms == kNow - 7 * kDayMs);
  CHECK(filter.until_ms == kNow - 40 * kMinuteMs);
}

TEST_CASE("without since the window is the 24 hours before until") {
  CHECK(parsed("until=2026-11-19T00:00:00Z").filter.since_ms ==
        *parse_rfc3339("2026-11-18T00:00:00Z"));
}

TEST_CASE("a duration longer than all time begins in 1970") {
  CHECK(parsed("since=999999999w").filter.since_ms == 0);
}

TEST_CASE("a window must have a length") {
  CHECK(fault_of("since=1h&until=1h") == "bad_value since");
  CHECK(fault_of("since=1h&until=2h") == "bad_value since");
  CHECK(fault_of("until=1970-01-01T00:00:00Z") == "bad_value since");
}

TEST_CASE("domains take their canonical form") {
  const Filter filter = parsed("domain=WWW.Example.COM.&domain=*.example.com&domain=*.").filter;
  CHECK(filter.domains == std::vector<std::string>{"www.example.com", "*.example.com", "*."});
  CHECK(parsed("domain=.").filter.domains == std::vector<std::string>{"."});
  CHECK(parsed("domain=A%5C032b.x").filter.domains == std::vector<std::string>{"a\\032b.x"});
}

TEST_CASE("clients are addresses, prefixes or pseudonyms") {
  const Filter filter =
      parsed("client=192.0.2.1&client=2001:DB8::/33&client=~0123456789abcdef").filter;
  REQUIRE(filter.clients.size() == 3);
  CHECK(filter.clients[0].bits == 32);
  CHECK(filter.clients[1].bits == 33);
  CHECK(filter.clients[1].client.kind == Client::Kind::kV6);
  CHECK(filter.clients[2].bits == 64);
}

TEST_CASE("every parameter takes its example") {
  for (const ParameterSpec& spec : parameter_specs()) {
    if (spec.example.empty()) continue;  // a cursor comes from an answer
    std::string text = std::string(spec.name) + "=" + std::string(spec.example);
    CAPTURE(text);
    CHECK(fault_of(text == "until=2026-11-20T18:37:00Z" ? text + "&since=1d" : text).empty());
  }
}

TEST_CASE("a parameter that the route has not is named") {
  CHECK(fault_of("frobnicate=1") == "unknown_parameter frobnicate");
  CHECK(fault_of("since=1h&by=type", kWindow) == "unknown_parameter by");
  CHECK(fault_of("=1") == "unknown_parameter ");
}

TEST_CASE("a value that cannot be read is blamed on its parameter") {
  CHECK(fault_of("since=yesterday") == "bad_value since");
  CHECK(fault_of("until=") == "bad_value until");
  CHECK(fault_of("domain=a..b") == "bad_value domain");
  CHECK(fault_of("contains=") == "bad_value contains");
  CHECK(fault_of("contains=" + std::string(kNameTextBytesMax + 1, 'x')) == "bad_value contains");
  CHECK(fault_of("contains=" + std::string(kNameTextBytesMax, 'x')).empty());
  CHECK(fault_of("client=") == "bad_value client");
  CHECK(fault_of("client=192.0.2.1/33") == "bad_value client");
  CHECK(fault_of("client=192.0.2.1/") == "bad_value client");
  CHECK(fault_of("client=~0123456789abcdef/8") == "bad_value client");
  CHECK(fault_of("type=NOSUCH") == "bad_value type");
  CHECK(fault_of("rcode=NOSUCH") == "bad_value rcode");
  CHECK(fault_of("outcome=lost") == "bad_value outcome");
  CHECK(fault_of("list=") == "bad_value list");
  CHECK(fault_of("upstream=" + std::string(256, 'u')) == "bad_value upstream");
  CHECK(fault_of("site=") == "bad_value site");
  CHECK(fault_of("cursor=") == "bad_value cursor");
  CHECK(fault_of("step=2h") == "bad_value step");
  CHECK(fault_of("by=colour") == "bad_value by");
  CHECK(fault_of("by=%") == "bad_value by");
}

TEST_CASE("a limit is 1 to 1000") {
  CHECK(parsed("limit=1").limit == 1);
  CHECK(parsed("limit=1000").limit == 1000);
  for (const char* text : {"limit=0", "limit=1001", "limit=-1", "limit=+1", "limit=1e2",
                           "limit=", "limit=99999999999999999999999"}) {
    CAPTURE(text);
    CHECK(fault_of(text) == "bad_value limit");
  }
}

TEST_CASE("only filters and sites may be repeated") {
  CHECK(parsed("type=A&type=28&type=TYPE65").filter.types == std::vector<uint16_t>{1, 28, 65});
  CHECK(parsed("site=home&site=office").filter.sites.size() == 2);
  CHECK(fault_of("limit=1&limit=1") == "bad_value limit");
  CHECK(fault_of("since=1h&since=1h") == "bad_value since");
}

}  // namespace
}  // namespace weir
