// Forwarding over upstreams that lie, fail, stay silent or answer in pieces.
#include "catch.h"
#include "native/dns/upstream.h"
#include "support/dns_fixture.h"

namespace weir {
namespace {

struct UpstreamFixture : DnsFixture {
  UpstreamFixture() {
    options.upstream_attempt_timeout_ms = 300;
    options.upstream_deadline_ms = 3000;
  }
};

std::string asked_name(const Bytes& query) { return read_dns_query(query).value().qname.text(); }

Bytes right_answer(const Bytes& query) {
  return make_response(query, {address_record(asked_name(query), 1)});
}

// An answer that only differs in the address, as somebody else would like it.
Bytes forged(const Bytes& query) {
  return make_response(query, {address_record(asked_name(query), 66)});
}

TEST_CASE_METHOD(UpstreamFixture, "answers with a wrong id, question or source are ignored") {
  ScriptedUpstream upstream([](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    Bytes wrong_id = forged(query);
    wrong_id[0] ^= 1;
    Bytes not_an_answer = query;
    Bytes other_type = query;
    other_type[query.size() - 11 - 3] = qtype::kAaaa;  // before class and OPT
    const Bytes other_name = make_query("evil.example", {.id = 0});
    Bytes wrong_name = make_response(other_name, {address_record("evil.example", 66)});
    std::copy_n(query.begin(), 2, wrong_name.begin());
    return {{wrong_id},   {not_an_answer},       {forged(other_type)},
            {wrong_name}, {forged(query), true}, {right_answer(query)}};
  });
  start({upstream.text()});
  ask("www.example");
  CHECK(tail(raw, 4) == Bytes{192, 0, 2, 1});
  // What came from another port never reached the socket.
  CHECK(metric("weir_dns_upstream_mismatches_total") == 4);
}

TEST_CASE_METHOD(UpstreamFixture, "an error without the question passes the query on at once") {
  std::atomic<bool> other_knows{true};
  const auto format_error = [](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    return {{{query[0], query[1], 0x80, rcode::kFormErr, 0, 0, 0, 0, 0, 0, 0, 0}}};
  };
  ScriptedUpstream old_server(format_error);
  ScriptedUpstream other([&](const Bytes& query, Transport transport) {
    if (!other_knows) return format_error(query, transport);
    return std::vector<ScriptedReply>{{right_answer(query)}};
  });
  start({old_server.text(), other.text()});
  ask("www.example");
  CHECK(tail(raw, 4) == Bytes{192, 0, 2, 1});
  other_knows = false;
  CHECK(ask("www2.example").rcode == rcode::kServFail);
  CHECK(metric("weir_dns_upstream_timeouts_total") == 0);
}

TEST_CASE_METHOD(UpstreamFixture, "the letter case of the question in an answer does not matter") {
  ScriptedUpstream upstream([](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    Bytes answer = right_answer(query);
    answer[13] = 'W';
    return {{answer}};
  });
  start({upstream.text()});
  CHECK(ask("www.example").header.ancount == 1);
}

TEST_CASE_METHOD(UpstreamFixture,
                 "an upstream that sends nothing but wrong answers is asked by TCP") {
  ScriptedUpstream upstream([](const Bytes& query, Transport transport) {
    if (transport == Transport::kTcp) return std::vector<ScriptedReply>{{right_answer(query)}};
    Bytes wrong = forged(query);
    wrong[1] ^= 1;
    return std::vector<ScriptedReply>(kMismatchesMax, {wrong});
  });
  start({upstream.text()});
  ask("www.example");
  CHECK(tail(raw, 4) == Bytes{192, 0, 2, 1});
  CHECK(upstream.tcp_queries() == 1);
}

TEST_CASE_METHOD(UpstreamFixture, "a truncated answer is asked for again over TCP") {
  ScriptedUpstream upstream([](const Bytes& query, Transport transport) {
    if (transport == Transport::kTcp) return std::vector<ScriptedReply>{{right_answer(query)}};
    return std::vector<ScriptedReply>{{make_response(query, {}, {.tc = true})}};
  });
  start({upstream.text()});
  const DnsResponse response = ask("www.example");
  CHECK(response.header.ancount == 1);
  CHECK_FALSE(response.header.tc);
  CHECK(upstream.tcp_queries() == 1);
  CHECK(metric("weir_dns_upstream_truncations_total") == 1);
}

TEST_CASE_METHOD(UpstreamFixture, "a tcp:// upstream is asked over TCP only") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text("tcp")});
  CHECK(ask("www.example").header.ancount == 1);
  CHECK(upstream.udp_queries() == 0);
  CHECK(sink.take(1)[0].upstream == upstream.text("tcp"));
}

TEST_CASE_METHOD(UpstreamFixture, "a silent upstream is passed over, at first late, then at once") {
  ScriptedUpstream silent(silent_script());
  ScriptedUpstream good(address_script());
  start({silent.text(), good.text()});
  CHECK(ask("a.example").header.ancount == 1);
  CHECK(ask("b.example").header.ancount == 1);
  CHECK(silent.udp_queries() == 1);
  CHECK(good.udp_queries() == 2);
  CHECK(metric("weir_dns_upstream_timeouts_total", {{"upstream", silent.text()}}) == 1);
}

TEST_CASE_METHOD(UpstreamFixture, "an upstream whose port is closed is passed over") {
  std::string closed;
  {
    closed = ScriptedUpstream(silent_script()).text();
  }
  ScriptedUpstream good(address_script());
  start({closed, good.text()});
  CHECK(ask("a.example").header.ancount == 1);
  CHECK(metric("weir_dns_upstream_errors_total", {{"upstream", closed}}) == 1);
}

TEST_CASE_METHOD(UpstreamFixture,
                 "a lost packet is sent again, from another port and with another id") {
  std::vector<uint16_t> ids;
  ScriptedUpstream upstream([&](const Bytes& query, Transport) {
    ids.push_back(read_dns_header(query)->id);
    if (ids.size() == 1) return std::vector<ScriptedReply>();
    return std::vector<ScriptedReply>{{right_answer(query)}};
  });
  start({upstream.text()});
  CHECK(ask("a.example").header.ancount == 1);
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] != ids[1]);  // equal by chance once in 65,536 runs
}

TEST_CASE_METHOD(UpstreamFixture,
                 "when no upstream answers the client gets SERVFAIL and so the log") {
  ScriptedUpstream first(silent_script());
  ScriptedUpstream second(silent_script());
  options.upstream_attempt_timeout_ms = 50;
  start({first.text(), second.text()});
  CHECK(ask("a.example").rcode == rcode::kServFail);
  const auto events = sink.take(1);
  CHECK(events[0].event.outcome == Outcome::kFailed);
  CHECK(events[0].event.rcode == rcode::kServFail);
  CHECK(events[0].upstream.empty());
  CHECK(first.udp_queries() + second.udp_queries() == kUpstreamAttemptsMax);
  // The failure is not kept.
  CHECK(ask("a.example").rcode == rcode::kServFail);
  CHECK(first.udp_queries() + second.udp_queries() == 2 * kUpstreamAttemptsMax);
}

TEST_CASE_METHOD(UpstreamFixture, "SERVFAIL of one upstream is passed on only if all say so") {
  auto failing = [](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    return {{make_response(query, {}, {.rcode = rcode::kServFail})}};
  };
  ScriptedUpstream first(failing);
  ScriptedUpstream second(failing);
  ScriptedUpstream good(address_script());
  start({first.text(), good.text()});
  CHECK(ask("a.example").header.ancount == 1);
  options.upstreams = {first.text(), second.text()};
  REQUIRE(server->reload(options).ok());
  CHECK(ask("b.example").rcode == rcode::kServFail);
  CHECK(first.udp_queries() == 2);
  CHECK(second.udp_queries() == 1);
  CHECK(sink.take(2)[1].event.outcome == Outcome::kForwarded);
}

TEST_CASE_METHOD(UpstreamFixture, "negative answers are kept as long as their SOA says") {
  ScriptedUpstream upstream([](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    return {{make_response(query, {soa_record("example", 600, 200)}, {.rcode = rcode::kNxDomain})}};
  });
  start({upstream.text()});
  CHECK(ask("no.example").rcode == rcode::kNxDomain);
  CHECK(ask("no.example").rcode == rcode::kNxDomain);
  CHECK(upstream.udp_queries() == 1);
}

TEST_CASE_METHOD(UpstreamFixture, "TTLs are kept within the configured bounds") {
  ScriptedUpstream upstream([](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    const std::string name = asked_name(query);
    return {
        {make_response(query, {address_record(name, 1, name == "short.example" ? 1 : 90'000)})}};
  });
  options.cache_ttl_min_s = 30;
  options.cache_ttl_max_s = 600;
  start({upstream.text()});
  ask("short.example");
  CHECK(ttl_of(raw) == 30);
  ask("long.example");
  CHECK(ttl_of(raw) == 600);
}

TEST_CASE("upstream schemes of later versions are refused by name") {
  for (const char* text : {"tls://192.0.2.53", "https://192.0.2.53/dns-query"}) {
    const Status status = UpstreamAddress::parse(text).status();
    CHECK(status.code() == Code::kUnsupported);
    CHECK(status.message().find("is not supported by this version") != std::string::npos);
  }
  for (const char* text : {"192.0.2.53", "ftp://192.0.2.53", "udp://", "udp://dns.example",
                           "udp://192.0.2.53:0", "udp://192.0.2.53:65536"}) {
    CAPTURE(text);
    CHECK(UpstreamAddress::parse(text).status().code() == Code::kInvalid);
  }
  CHECK(UpstreamAddress::parse("tcp://[2001:db8::1]")->address.port() == 53);
}

}  // namespace
}  // namespace weir
