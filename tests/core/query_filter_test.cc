#include "catch.h"
#include "weir/query.h"

namespace weir {
namespace {

Event event_at(int64_t time_ms) {
  Event event;
  event.time_ms = time_ms;
  event.client = *parse_client("192.0.2.77");
  event.qname = "www.example.com";
  event.qtype = 28;
  event.rcode = 3;
  event.outcome = Outcome::kBlocked;
  event.list = "ads";
  event.upstream = "udp://192.0.2.53:53";
  return event;
}

Filter wide() {
  Filter filter;
  filter.since_ms = 1000;
  filter.until_ms = 2000;
  return filter;
}

TEST_CASE("the window includes its begin and excludes its end") {
  CHECK_FALSE(wide().matches(event_at(999)));
  CHECK(wide().matches(event_at(1000)));
  CHECK(wide().matches(event_at(1999)));
  CHECK_FALSE(wide().matches(event_at(2000)));
}

TEST_CASE("a domain means itself, and with a star itself and all below") {
  Filter exact;
  exact.domains = {"example.com"};
  CHECK(exact.matches_name("example.com"));
  CHECK_FALSE(exact.matches_name("www.example.com"));
  Filter below;
  below.domains = {"*.example.com"};
  CHECK(below.matches_name("example.com"));
  CHECK(below.matches_name("a.b.example.com"));
  CHECK_FALSE(below.matches_name("badexample.com"));
  CHECK_FALSE(below.matches_name("com"));
}

TEST_CASE("everything is below the root") {
  Filter filter;
  filter.domains = {"*."};
  CHECK(filter.matches_name("."));
  CHECK(filter.matches_name("example.com"));
  filter.domains = {"."};
  CHECK_FALSE(filter.matches_name("example.com"));
}

TEST_CASE("contains looks at the whole text of a name") {
  Filter filter;
  filter.contains = {"w.ex", "nowhere"};
  CHECK(filter.matches_name("www.example.com"));
  CHECK_FALSE(filter.matches_name("example.com"));
}

TEST_CASE("a prefix compares its leading bits of the same kind of address") {
  auto within = [](const char* prefix, int bits, const char* address) {
    return Filter::Prefix{*parse_client(prefix), static_cast<uint8_t>(bits)}.contains(
        *parse_client(address));
  };
  CHECK(within("192.0.2.0", 24, "192.0.2.255"));
  CHECK_FALSE(within("192.0.2.0", 24, "192.0.3.0"));
  CHECK(within("192.0.2.64", 26, "192.0.2.127"));
  CHECK_FALSE(within("192.0.2.64", 26, "192.0.2.128"));
  CHECK(within("192.0.2.1", 32, "192.0.2.1"));
  CHECK_FALSE(within("192.0.2.1", 32, "192.0.2.0"));
  CHECK(within("0.0.0.0", 0, "203.0.113.9"));
  CHECK_FALSE(within("0.0.0.0", 0, "::"));
  CHECK(within("2001:db8::", 33, "2001:db8:7fff::1"));
  CHECK_FALSE(within("2001:db8::", 33, "2001:db8:8000::1"));
  CHECK(within("~0123456789abcdef", 64, "~0123456789abcdef"));
  CHECK_FALSE(within("~0123456789abcdef", 64, "~0123456789abcdee"));
}

TEST_CASE("every kind of field is asked") {
  const Event event = event_at(1500);
  auto with = [](auto set) {
    Filter filter = wide();
    set(filter);
    return filter;
  };
  CHECK_FALSE(with([](Filter& f) { f.domains = {"x"}; }).matches(event));
  CHECK_FALSE(with([](Filter& f) { f.contains = {"x.x"}; }).matches(event));
  CHECK_FALSE(with([](Filter& f) { f.clients = {{*parse_client("::1"), 128}}; }).matches(event));
  CHECK_FALSE(with([](Filter& f) { f.types = {1}; }).matches(event));
  CHECK_FALSE(with([](Filter& f) { f.rcodes = {0}; }).matches(event));
  CHECK_FALSE(with([](Filter& f) { f.outcomes = {Outcome::kCached}; }).matches(event));
  CHECK_FALSE(with([](Filter& f) { f.lists = {"malware"}; }).matches(event));
  CHECK_FALSE(with([](Filter& f) { f.upstreams = {"tls://dns.example"}; }).matches(event));
  CHECK(with([](Filter& f) { f.types = {1, 28}; }).matches(event));
  CHECK(with([](Filter& f) { f.sites = {"elsewhere"}; }).matches(event));
}

TEST_CASE("times and sites alone are no filter") {
  Filter filter = wide();
  filter.sites = {"home"};
  CHECK(filter.only_time_and_site());
  filter.rcodes = {0};
  CHECK_FALSE(filter.only_time_and_site());
}

}  // namespace
}  // namespace weir
