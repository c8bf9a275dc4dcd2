#include "native/control/config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

std::optional<std::string> test_environment(const std::string& name) {
  if (name == "TOKEN") return "s3cret";
  if (name == "EMPTY") return "";
  if (name == "PORT") return "5301";
  if (name == "NESTED") return "${TOKEN}";
  return std::nullopt;
}

ConfigResult parse(std::string_view text) {
  return parse_config(text, "weir.yaml", test_environment);
}

// The one error of `text`; a mark that no test expects if there is another number of errors.
std::string error_of(std::string_view text) {
  ConfigResult result = parse(text);
  if (result.errors.size() == 1) return result.errors[0];
  return "number of errors: " + std::to_string(result.errors.size());
}

Config accepted(std::string_view text) {
  ConfigResult result = parse(text);
  for (const std::string& error : result.errors) UNSCOPED_INFO(error);
  CHECK(result.errors.empty());
  return result.config;
}

constexpr std::string_view kLeastConfig = R"(data_dir: ./data
dns: {listen: ["127.0.0.1:5300"], threads: auto}
upstreams: ["udp://192.0.2.53:53"]        # also tcp:// tls:// https://; default: resolv.conf
blocking: {lists: [{name: ads, source: ./adservers.hosts}]}   # a file or an https:// URL
local_records: [{name: nas.home, type: A, content: 192.168.1.10, ttl: 300}]
http: {listen: ["127.0.0.1:8053"]}
query_log: {enabled: true, backend: sqlite, buffer_size: 50000, flush_interval: 5s,
            retention_days: 7, max_bytes: 2GiB, privacy: full}
forward: {url: "https://weir.example.workers.dev", site: home, token: "${TOKEN}",
          interval: 60s, headers: {}}
)";

TEST_CASE("the least configuration of the contract is accepted as it stands") {
  Config config = accepted(kLeastConfig);
  CHECK(config.data_dir == "data");
  CHECK(config.dns.listen == std::vector<std::string>{"127.0.0.1:5300"});
  CHECK(config.dns.threads == 0);
  CHECK(config.upstreams == std::vector<std::string>{"udp://192.0.2.53:53"});
  CHECK(config.blocking.lists == std::vector<ListConfig>{{"ads", "adservers.hosts"}});
  CHECK(config.local_records == std::vector<RecordConfig>{{"nas.home", "A", "192.168.1.10", 300}});
  CHECK(config.query_log.bytes_max == uint64_t{2} << 30);
  REQUIRE(config.forward);
  CHECK(config.forward->token == "s3cret");
  CHECK(config.forward->interval_ms == 60'000);
}

TEST_CASE("an empty file means the defaults") {
  Config config = accepted("");
  Config defaults;
  defaults.data_dir = "data";
  CHECK(config == defaults);
  CHECK(accepted("# only a comment\n") == defaults);
  CHECK(accepted("dns:\nblocking:\nforward:\nlocal_records:\n") == defaults);
}

TEST_CASE("relative paths start at the folder of the file") {
  ConfigResult result = parse_config(
      "data_dir: store\nblocking: {lists: [{name: a, source: ../a.hosts}, {name: b, source: /b}]}",
      "/etc/weir/weir.yaml", test_environment);
  CHECK(result.config.data_dir == "/etc/weir/store");
  CHECK(result.config.blocking.lists[0].source == "/etc/a.hosts");
  CHECK(result.config.blocking.lists[1].source == "/b");
}

TEST_CASE("an unknown key is an error with line, column and the nearest key") {
  CHECK(error_of("dns:\n  lisen: []\n") ==
        "weir.yaml:2:3: dns: found the unknown key \"lisen\", did you mean listen?");
  CHECK(error_of("data_dir: x\nqeury_log: {}\n") ==
        "weir.yaml:2:1: found the unknown key \"qeury_log\", did you mean query_log?");
}

TEST_CASE("an unknown key that resembles none lists what there is") {
  CHECK(error_of("cache: {size: 1}") ==
        "weir.yaml:1:9: cache: found the unknown key \"size\", expected one of max_bytes, min_ttl, "
        "max_ttl");
}

TEST_CASE("a key that stands twice is an error at the second place") {
  CHECK(error_of("cache: {min_ttl: 1}\ncache: {min_ttl: 2}\n") ==
        "weir.yaml:2:1: found the key \"cache\" again, expected it once");
}

TEST_CASE("broken YAML is one error with its place") {
  CHECK(error_of("dns: {listen: [\n").starts_with("weir.yaml:2:1: "));
  CHECK(error_of("a: b: c\n").starts_with("weir.yaml:1:"));
}

TEST_CASE("a second document is an error") {
  CHECK(error_of("data_dir: a\n---\ndata_dir: b\n").find("second document") != std::string::npos);
}

TEST_CASE("every error of a file is reported, in the order of the file") {
  ConfigResult result = parse(
      "dns: {threads: many}\n"
      "cache: {min_ttl: -1}\n"
      "query_log: {enabled: yes, retention_days: 0}\n");
  REQUIRE(result.errors.size() == 4);
  CHECK(result.errors[0] ==
        "weir.yaml:1:16: dns.threads: found \"many\", expected auto or a whole number from 1 to "
        "64");
  CHECK(result.errors[1].starts_with("weir.yaml:2:18: cache.min_ttl: "));
  CHECK(result.errors[2] ==
        "weir.yaml:3:22: query_log.enabled: found \"yes\", expected true or false");
  CHECK(result.errors[3].starts_with("weir.yaml:3:43: query_log.retention_days: found \"0\""));
}

TEST_CASE("a map, a list or nothing where a scalar belongs is an error") {
  CHECK(error_of("data_dir: {a: b}").find("found a map, expected a text") != std::string::npos);
  CHECK(error_of("data_dir: [a]").find("found a list, expected a text") != std::string::npos);
  CHECK(error_of("data_dir:").find("found nothing, expected a text") != std::string::npos);
  CHECK(error_of("dns: 1").find("found \"1\", expected a map") != std::string::npos);
  CHECK(error_of("dns: {listen: 1}").find("found \"1\", expected a list") != std::string::npos);
}

TEST_CASE("variables are replaced anywhere in a scalar") {
  CHECK(accepted("dns: {listen: [\"127.0.0.1:${PORT}\"]}").dns.listen[0] == "127.0.0.1:5301");
  CHECK(accepted("data_dir: /${TOKEN}/${PORT}/x").data_dir == "/s3cret/5301/x");
}

TEST_CASE("a default stands in for a variable that is unset or empty") {
  CHECK(accepted("data_dir: /${UNSET:-a}").data_dir == "/a");
  CHECK(accepted("data_dir: /${EMPTY:-b}").data_dir == "/b");
  CHECK(accepted("data_dir: /${PORT:-c}").data_dir == "/5301");
  CHECK(accepted("data_dir: /x${UNSET:-}").data_dir == "/x");
}

TEST_CASE("a variable that is not set is an error that names it") {
  CHECK(error_of("data_dir: ${UNSET}") ==
        "weir.yaml:1:11: data_dir: found ${UNSET}, which is not set, expected it in the "
        "environment or ${UNSET:-default}");
}

TEST_CASE("what a variable holds is not looked into again") {
  CHECK(accepted("data_dir: /${NESTED}").data_dir == "/${TOKEN}");
}

TEST_CASE("two dollars make a plain one") {
  CHECK(accepted("data_dir: /$${TOKEN}/$5").data_dir == "/${TOKEN}/$5");
}

TEST_CASE("an open variable is an error") {
  CHECK(error_of("data_dir: /${TOKEN").find("found ${ without }") != std::string::npos);
}

TEST_CASE("listen addresses need an IP literal and a port") {
  CHECK(accepted("dns: {listen: [\"[::1]:0\", \"0.0.0.0:53\"]}").dns.listen.size() == 2);
  for (const char* bad : {"localhost:53", "127.0.0.1", "127.0.0.1:65536", "::1:53:", ":53", ""}) {
    INFO(bad);
    std::string error = error_of("dns: {listen: [\"" + std::string(bad) + "\"]}");
    CHECK(error.starts_with("weir.yaml:1:16: dns.listen[0]: found"));
  }
  CHECK(error_of("dns: {listen: []}").find("found an empty list") != std::string::npos);
}

TEST_CASE("http listens on loopback addresses only") {
  CHECK(accepted("http: {listen: [\"127.8.8.8:1\", \"[::1]:1\"]}").http.listen.size() == 2);
  CHECK(error_of("http: {listen: [\"0.0.0.0:8053\"]}") ==
        "weir.yaml:1:17: http.listen[0]: found \"0.0.0.0:8053\", expected a loopback address: this "
        "version has no log-in, so it serves only its own machine");
}

TEST_CASE("upstreams are udp or tcp, and others say that they are not there yet") {
  CHECK(accepted("upstreams: [\"udp://192.0.2.1\", \"tcp://[2001:db8::1]:53\"]").upstreams.size() ==
        2);
  CHECK(error_of("upstreams: [\"tls://192.0.2.1\"]").find("not in this version") !=
        std::string::npos);
  CHECK(error_of("upstreams: [\"https://192.0.2.1/dns-query\"]").find("not in this version") !=
        std::string::npos);
  CHECK(error_of("upstreams: [\"192.0.2.1\"]").find("expected udp://") != std::string::npos);
  CHECK(error_of("upstreams: [\"udp://dns.example\"]").find("expected udp://") !=
        std::string::npos);
}

TEST_CASE("a list needs a name of its own and a file") {
  CHECK(error_of("blocking: {lists: [{name: a}]}").find("found no key source") !=
        std::string::npos);
  CHECK(error_of("blocking: {lists: [{name: a, source: x}, {name: a, source: y}]}")
            .find("a second list of that name") != std::string::npos);
  CHECK(error_of("blocking: {lists: [{name: a, source: \"https://lists.example/a\"}]}")
            .find("not in this version") != std::string::npos);
}

TEST_CASE("the blocking answer is one of two") {
  CHECK(accepted("blocking: {answer: nxdomain}").blocking.answer ==
        BlockingConfig::Answer::kNxDomain);
  CHECK(error_of("blocking: {answer: drop}") ==
        "weir.yaml:1:20: blocking.answer: found \"drop\", expected null_ip | nxdomain");
}

TEST_CASE("local records are checked like the DNS server would") {
  CHECK(error_of("local_records: [{name: a..b, type: A, content: 192.0.2.1}]")
            .find("expected a domain name") != std::string::npos);
  CHECK(error_of("local_records: [{name: a.b, type: NOPE, content: x}]")
            .find("expected a record type") != std::string::npos);
  CHECK(error_of("local_records: [{name: a.b, type: A, content: 192.0.2}]")
            .find("expected data of type A") != std::string::npos);
  CHECK(error_of("local_records: [{name: a.b, type: A}]").find("found no key content") !=
        std::string::npos);
}

TEST_CASE("durations and sizes have units, and bounds") {
  CHECK(accepted("query_log: {flush_interval: 100ms}").query_log.flush_interval_ms == 100);
  CHECK(accepted("query_log: {flush_interval: 60s}").query_log.flush_interval_ms == 60'000);
  for (const char* bad :
       {"99ms", "61s", "5", "5 s", "5sec", "-5s", "1.5s", "999999999999999999h"}) {
    INFO(bad);
    CHECK(error_of("query_log: {flush_interval: " + std::string(bad) + "}")
              .find("expected a duration from 100ms to 1m") != std::string::npos);
  }
  CHECK(accepted("cache: {max_bytes: 1MiB}").cache.bytes_max == 1 << 20);
  CHECK(accepted("cache: {max_bytes: 2000000}").cache.bytes_max == 2'000'000);
  CHECK(accepted("cache: {max_bytes: 2MB}").cache.bytes_max == 2'000'000);
  for (const char* bad : {"1048575", "2Gb", "100TiB", "lots"}) {
    INFO(bad);
    CHECK(error_of("cache: {max_bytes: " + std::string(bad) + "}").find("expected a size from") !=
          std::string::npos);
  }
}

TEST_CASE("the longest flush interval is the flush interval where it is not given") {
  CHECK(accepted("query_log: {flush_interval: 2s}").query_log.flush_interval_ms_max == 2000);
  const QueryLogConfig given =
      accepted("query_log: {flush_interval_max: 60s, flush_interval: 2s}").query_log;
  CHECK(given.flush_interval_ms == 2000);
  CHECK(given.flush_interval_ms_max == 60'000);
}

TEST_CASE("the longest flush interval goes from the flush interval to a minute") {
  CHECK(accepted("query_log: {flush_interval_max: 5s}").query_log.flush_interval_ms_max == 5000);
  CHECK(error_of("query_log: {flush_interval_max: 4999ms}") ==
        "weir.yaml:1:12: query_log: found a flush_interval_max below flush_interval, expected it "
        "at least as long");
  CHECK(error_of("query_log: {flush_interval_max: 61s}")
            .find("expected a duration from 100ms to 1m") != std::string::npos);
}

TEST_CASE("the flush adapts to the buffer unless it is told not to") {
  CHECK(accepted("query_log: {}").query_log.adaptive_flush);
  CHECK_FALSE(accepted("query_log: {adaptive_flush: false}").query_log.adaptive_flush);
}

TEST_CASE("a TTL is seconds or a duration") {
  CHECK(accepted("blocking: {ttl: 90}").blocking.ttl_s == 90);
  CHECK(accepted("blocking: {ttl: 2m}").blocking.ttl_s == 120);
  CHECK(accepted("blocking: {ttl: 7d}").blocking.ttl_s == 604'800);
  CHECK(error_of("blocking: {ttl: 604801}").find("expected seconds") != std::string::npos);
  CHECK(error_of("blocking: {ttl: 1500ms}").find("expected seconds") != std::string::npos);
}

TEST_CASE("the least TTL is not above the greatest") {
  CHECK(error_of("cache: {min_ttl: 10, max_ttl: 9}").find("min_ttl above max_ttl") !=
        std::string::npos);
}

TEST_CASE("the buffer size has its bounds") {
  CHECK(accepted("query_log: {buffer_size: 10000}").query_log.buffer_events_max == 10'000);
  CHECK(accepted("query_log: {buffer_size: 200000}").query_log.buffer_events_max == 200'000);
  CHECK(error_of("query_log: {buffer_size: 9999}").find("from 10000 to 200000") !=
        std::string::npos);
  CHECK(error_of("query_log: {buffer_size: 200001}").find("from 10000 to 200000") !=
        std::string::npos);
}

TEST_CASE("the hand-off is by rings or inline, and reloads") {
  CHECK(accepted("query_log: {}").query_log.handoff == "ring");
  const Config config = accepted("query_log: {handoff: inline}");
  CHECK(config.query_log.handoff == "inline");
  CHECK(keys_that_need_restart(accepted("query_log: {}"), config).empty());
  CHECK(error_of("query_log: {handoff: pool}").find("found \"pool\", expected ring | inline") !=
        std::string::npos);
}

TEST_CASE("what keeps the log small has its bounds, and waits for a restart") {
  CHECK(accepted("query_log: {max_bytes: 16MiB}").query_log.bytes_max == 16 << 20);
  CHECK(error_of("query_log: {max_bytes: 15MiB}").find("from 16MiB to 1TiB") != std::string::npos);
  CHECK(accepted("query_log: {flood_repeats: 0}").query_log.flood_repeats_max == 0);
  CHECK(error_of("query_log: {flood_repeats: 1000001}").find("from 0 to 1000000") !=
        std::string::npos);
  const Config gentle = accepted("query_log: {flash: gentle, flood_repeats: 5, max_bytes: 1GiB}");
  CHECK(gentle.query_log.flash == "gentle");
  CHECK(keys_that_need_restart(accepted("query_log: {}"), gentle) ==
        std::vector<std::string>{"query_log.max_bytes", "query_log.flash",
                                 "query_log.flood_repeats"});
}

TEST_CASE("an unknown backend is an error that tells the one there is") {
  CHECK(
      error_of("query_log: {backend: d1}") ==
      "weir.yaml:1:22: query_log.backend: found \"d1\", expected sqlite, the only backend of this "
      "version");
}

std::string forward_with(std::string_view url) {
  return "forward: {site: home, token: t, url: \"" + std::string(url) + "\"}";
}

TEST_CASE("a forward URL is https, or http for this machine only") {
  for (const char* good : {"https://weir.example", "https://weir.example:8443/base",
                           "http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"}) {
    INFO(good);
    CHECK(accepted(forward_with(good)).forward->url == good);
  }
  CHECK(accepted(forward_with("https://weir.example/")).forward->url == "https://weir.example");
  for (const char* plain : {"http://weir.example", "http://192.0.2.1",
                            "http://127.0.0.1.evil.example", "http://localhost.evil.example"}) {
    INFO(plain);
    CHECK(error_of(forward_with(plain)).find("plain http would show the token") !=
          std::string::npos);
  }
  for (const char* bad : {"ftp://x", "weir.example", "https://", "https://u:p@weir.example",
                          "https://weir.example/?q", "https://weir.example/#f"}) {
    INFO(bad);
    CHECK(error_of(forward_with(bad)).find("expected a URL like") != std::string::npos);
  }
}

TEST_CASE("forwarding needs a URL, a site and a token") {
  ConfigResult result = parse("forward: {interval: 1s}");
  REQUIRE(result.errors.size() == 3);
  CHECK(result.errors[0] == "weir.yaml:1:10: forward: found no key url, expected it here");
}

TEST_CASE("a site is named as the receiver allows it") {
  auto with_site = [](const std::string& site) {
    return "forward: {token: t, url: \"https://x.example\", site: \"" + site + "\"}";
  };
  const std::string longest(kSiteBytesMax, 'a');
  CHECK(accepted(with_site("home-2.x_y")).forward->site == "home-2.x_y");
  CHECK(accepted(with_site(longest)).forward->site == longest);
  for (const std::string& bad :
       {std::string(), std::string("Home"), std::string(".x"), std::string("a/b"), longest + "a"}) {
    INFO(bad);
    CHECK(error_of(with_site(bad)).find("expected 1 to 64 of a-z") != std::string::npos);
  }
}

TEST_CASE("the forward interval goes from a second to an hour") {
  std::string base = "forward: {site: home, token: t, url: \"https://x.example\", interval: ";
  CHECK(accepted(base + "1s}").forward->interval_ms == 1000);
  CHECK(accepted(base + "1h}").forward->interval_ms == 3'600'000);
  CHECK(error_of(base + "999ms}").find("from 1s to 1h") != std::string::npos);
  CHECK(error_of(base + "61m}").find("from 1s to 1h") != std::string::npos);
}

TEST_CASE("header names are checked and their values never repeated") {
  std::string base = "forward: {site: home, token: t, url: \"https://x.example\", headers: ";
  CHECK(accepted(base + "{X-Key: v}}").forward->headers.at("X-Key") == "v");
  CHECK(error_of(base + "{\"X Key\": v}}").find("RFC 9110") != std::string::npos);
  std::string error = error_of(base + "{X-Key: \"hidden\\nvalue\"}}");
  CHECK(error.find("printable ASCII") != std::string::npos);
  CHECK(error.find("hidden") == std::string::npos);
}

TEST_CASE("no message repeats what came out of the environment") {
  std::string error = error_of("query_log: {buffer_size: \"${TOKEN}\"}");
  CHECK(error.find("found \"${TOKEN}\"") != std::string::npos);
  CHECK(error.find("s3cret") == std::string::npos);
}

TEST_CASE("the effective configuration masks every secret") {
  Config config = accepted(
      "forward: {site: home, token: \"${TOKEN}\", url: \"https://x.example\", headers: {X-Key: "
      "hidden}}");
  for (const std::string& text : {config_json(config), config_yaml(config)}) {
    CHECK(text.find("s3cret") == std::string::npos);
    CHECK(text.find("hidden") == std::string::npos);
    CHECK(text.find("********") != std::string::npos);
  }
}

TEST_CASE("the effective configuration is a configuration again") {
  Config config = accepted(kLeastConfig);
  Config again = accepted(config_yaml(config));
  again.forward->token = config.forward->token;
  CHECK(again == config);
  CHECK(accepted(config_yaml(Config{})) == accepted(""));
}

TEST_CASE("upstreams come from resolv.conf where none are given") {
  TemporaryFolder folder;
  folder.write("resolv.conf",
               "# comment\nsearch example\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n"
               "nameserver 127.0.0.1\nnameserver 2001:db8::1\nnameserver\n");
  folder.write("weir.yaml", "dns: {listen: [\"127.0.0.1:53\"]}\n");
  ConfigResult result =
      load_config(folder.path("weir.yaml"), test_environment, folder.path("resolv.conf"));
  CHECK(result.errors.empty());
  CHECK(result.config.upstreams ==
        std::vector<std::string>{"udp://192.0.2.1:53", "udp://[2001:db8::1]:53"});
}

TEST_CASE("no upstream at all is an error") {
  TemporaryFolder folder;
  ConfigResult result = load_config("", test_environment, folder.path("missing"));
  REQUIRE(result.errors.size() == 1);
  CHECK(result.errors[0].find("no usable nameserver") != std::string::npos);
}

TEST_CASE("a file that cannot be read is an error that names it") {
  TemporaryFolder folder;
  for (const std::string& file : {folder.path("missing.yaml"), folder.path("")}) {
    ConfigResult result = load_config(file, test_environment);
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors[0].starts_with(file + ": cannot be read"));
  }
}

TEST_CASE("the data directory is found whatever else is wrong") {
  TemporaryFolder folder;
  folder.write("weir.yaml", "data_dir: store\nforward: {token: \"${UNSET}\"}\nnonsense: 1\n");
  CHECK(*configured_data_dir(folder.path("weir.yaml"), test_environment) == folder.path("store"));
  folder.write("none.yaml", "dns: {}\n");
  CHECK(*configured_data_dir(folder.path("none.yaml"), test_environment) == folder.path("data"));
  CHECK(*configured_data_dir("", test_environment) == "./data");
}

TEST_CASE("a data directory that cannot be known is an error with its place") {
  TemporaryFolder folder;
  folder.write("weir.yaml", "data_dir: ${UNSET}\n");
  Status status = configured_data_dir(folder.path("weir.yaml"), test_environment).status();
  CHECK(status.message().starts_with(folder.path("weir.yaml") + ":1:11: data_dir: found ${UNSET}"));
  CHECK_FALSE(configured_data_dir(folder.path("missing"), test_environment).ok());
}

TEST_CASE("a file of one mebibyte is read and one byte more is refused") {
  TemporaryFolder folder;
  folder.write("resolv.conf", "nameserver 192.0.2.1\n");
  folder.write("full.yaml", std::string(kConfigBytesMax, '#'));
  folder.write("over.yaml", std::string(kConfigBytesMax + 1, '#'));
  CHECK(load_config(folder.path("full.yaml"), test_environment, folder.path("resolv.conf"))
            .errors.empty());
  CHECK(load_config(folder.path("over.yaml"), test_environment).errors[0].find("larger than") !=
        std::string::npos);
}

TEST_CASE("a list of listeners goes to its bound and not past it") {
  auto listeners = [](size_t count) {
    std::string text = "dns:\n  listen:\n";
    for (size_t i = 0; i < count; ++i) text += "  - 127.0.0.1:" + std::to_string(6000 + i) + "\n";
    return text;
  };
  CHECK(accepted(listeners(kListenersMax)).dns.listen.size() == kListenersMax);
  CHECK(error_of(listeners(kListenersMax + 1)).find("expected at most 16") != std::string::npos);
}

TEST_CASE("only keys that are read at start need a restart") {
  Config running = accepted(kLeastConfig);
  Config next = running;
  next.log_level = "debug";
  next.upstreams = {"udp://192.0.2.9:53"};
  next.blocking.lists.clear();
  next.local_records.clear();
  next.query_log.enabled = false;
  next.query_log.flush_interval_ms = 1000;
  next.query_log.flush_interval_ms_max = 2000;
  next.query_log.adaptive_flush = false;
  next.query_log.retention_days = 3;
  CHECK(keys_that_need_restart(running, next).empty());
  next.dns.listen = {"127.0.0.1:1"};
  next.forward.reset();
  CHECK(keys_that_need_restart(running, next) == std::vector<std::string>{"dns.listen", "forward"});
}

TEST_CASE("nesting without end is refused and takes no stack for it") {
  constexpr size_t kDeep = 100'000;
  for (const std::string_view opening : {"[", "{a: ", "- ", "? "}) {
    std::string text = "dns: ";
    if (opening.back() == ' ' && opening.size() == 2) text = "";
    for (size_t i = 0; i < kDeep; ++i) text += opening;
    CHECK_FALSE(parse(text).errors.empty());
  }
}

}  // namespace
}  // namespace weir
