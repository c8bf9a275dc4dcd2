// What of the options is refused, and with which words.
#include "catch.h"
#include "native/dns/block_lists.h"
#include "native/dns/options.h"
#include "support/temporary_folder.h"
#include "weir/limits.h"

namespace weir {
namespace {

DnsOptions good() {
  DnsOptions options;
  options.listen = {"127.0.0.1:5300", "[::1]:5300"};
  options.upstreams = {"udp://192.0.2.53:53"};
  return options;
}

bool message_has(const Status& status, std::string_view part) {
  return !status.ok() && status.message().find(part) != std::string::npos;
}

TEST_CASE("good options are accepted, at their bounds too") {
  DnsOptions options = good();
  CHECK(check_dns_options(options).ok());
  options.cache_bytes_max = kCacheBytesMin;
  options.upstream_attempt_timeout_ms = 10;
  options.upstream_deadline_ms = 60'000;
  options.cache_ttl_min_s = options.cache_ttl_max_s = INT32_MAX;
  options.upstreams.assign(kUpstreamsMax, "tcp://192.0.2.53");
  CHECK(check_dns_options(options).ok());
}

TEST_CASE("numbers one past their bound are refused by the name of their key") {
  struct Case {
    const char* key;
    void (*spoil)(DnsOptions&);
  };
  const Case cases[] = {
      {"dns.cache_bytes_max", [](DnsOptions& o) { o.cache_bytes_max = kCacheBytesMin - 1; }},
      {"dns.cache_bytes_max", [](DnsOptions& o) { o.cache_bytes_max = kCacheBytesMax + 1; }},
      {"dns.threads", [](DnsOptions& o) { o.threads = 257; }},
      {"dns.upstream_attempt_timeout_ms", [](DnsOptions& o) { o.upstream_attempt_timeout_ms = 9; }},
      {"dns.upstream_deadline_ms", [](DnsOptions& o) { o.upstream_deadline_ms = 60'001; }},
      {"dns.cache_ttl_min", [](DnsOptions& o) { o.cache_ttl_min_s = o.cache_ttl_max_s + 1; }},
      {"blocking.ttl", [](DnsOptions& o) { o.blocked_ttl_s = uint32_t{INT32_MAX} + 1; }},
      {"dns.tcp_connections_max", [](DnsOptions& o) { o.tcp_connections_max = 0; }},
  };
  for (const Case& one : cases) {
    CAPTURE(one.key);
    DnsOptions options = good();
    one.spoil(options);
    CHECK(message_has(check_dns_options(options), one.key));
  }
}

TEST_CASE("addresses, upstreams and lists that cannot work are refused") {
  DnsOptions options = good();
  options.listen = {"localhost:53"};
  CHECK(message_has(check_dns_options(options), "dns.listen: 'localhost:53'"));
  options = good();
  options.listen.clear();
  CHECK(message_has(check_dns_options(options), "dns.listen"));
  options = good();
  options.upstreams.clear();
  CHECK(message_has(check_dns_options(options), "no upstream"));
  options = good();
  options.upstreams.assign(kUpstreamsMax + 1, "tcp://192.0.2.53");
  CHECK(message_has(check_dns_options(options), "more than 16 upstreams"));
  options = good();
  options.block_lists = {{"", "x"}};
  CHECK(message_has(check_dns_options(options), "1 to 255 bytes"));
}

TEST_CASE("local records that cannot be served are named") {
  auto check = [](std::vector<LocalRecordOptions> records) {
    DnsOptions options = good();
    options.local_records = std::move(records);
    return check_dns_options(options);
  };
  CHECK(check({{"nas.home", "a", "192.168.1.10", 300}}).ok());
  CHECK(message_has(check({{"nas..home", "A", "192.168.1.10", 300}}), "'nas..home A'"));
  CHECK(message_has(check({{"nas.home", "A", "192.168.1.256", 300}}), "'nas.home A'"));
  CHECK(message_has(check({{"nas.home", "AXOLOTL", "x", 300}}), "'nas.home AXOLOTL'"));
  CHECK(check({{"nas.home", "SOA", "x", 300}}).code() == Code::kUnsupported);
  CHECK(message_has(check({{"nas.home", "A", "192.0.2.1", uint32_t{INT32_MAX} + 1}}), "ttl"));
  CHECK(message_has(check({{"a.home", "A", "192.0.2.1", 300}, {"A.home", "CNAME", "b.home", 300}}),
                    "CNAME"));
  CHECK(message_has(check({{"a.home", "CNAME", "b.home", 300}, {"a.home", "A", "192.0.2.1", 300}}),
                    "CNAME"));
}

TEST_CASE("threads auto is at least one") {
  CHECK(dns_thread_count(good()) >= 1);
  DnsOptions options = good();
  options.threads = 5;
  CHECK(dns_thread_count(options) == 5);
}

TEST_CASE("block lists are read whole, whatever their lines' ends") {
  const TemporaryFolder folder;
  folder.write("ads", "0.0.0.0 a.example\n0.0.0.0 b.example");
  folder.write("more", "||c.example^\r\n");
  const RuleSet rules =
      load_block_lists({{"ads", folder.path("ads")}, {"more", folder.path("more")}}).value();
  CHECK(rules.rule_count() == 3);
  CHECK(rules.match(DnsName::parse("b.example").value()) == 0);
  CHECK(rules.match(DnsName::parse("x.c.example").value()) == 1);
  CHECK_FALSE(rules.match(DnsName::parse("x.b.example").value()).has_value());
}

TEST_CASE("a block list that is no readable file is named with its reason") {
  const TemporaryFolder folder;
  const Status missing = load_block_lists({{"ads", folder.path("none")}}).status();
  CHECK(message_has(missing, "'ads' (" + folder.path("none") + ")"));
  CHECK(message_has(missing, "No such file"));
  CHECK(message_has(load_block_lists({{"ads", folder.path("")}}).status(), "not a regular file"));
}

}  // namespace
}  // namespace weir
