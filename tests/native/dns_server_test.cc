// What a client sees of the front end, and what is logged about it.
#include "catch.h"
#include "native/runtime/clock.h"
#include "support/dns_fixture.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

TEST_CASE_METHOD(DnsFixture, "a question is forwarded once and then answered from the cache") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  const DnsResponse first = ask("www.example", {.id = 7});
  CHECK(first.header.id == 7);
  CHECK(first.header.ra);
  CHECK(first.header.ancount == 1);
  CHECK(tail(raw, 4) == Bytes{192, 0, 2, 1});
  CHECK(ask("www.example").header.ancount == 1);
  CHECK(upstream.udp_queries() == 1);
  CHECK(reaches("weir_dns_queries_total", 1, {{"outcome", "forwarded"}, {"transport", "udp"}}));
  CHECK(reaches("weir_dns_queries_total", 1, {{"outcome", "cached"}}));
}

TEST_CASE_METHOD(DnsFixture, "every answer makes one event that says how it came about") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  const int64_t before_ms = wall_clock_ms();
  ask("WWW.Example", {.type = qtype::kAaaa});
  const auto events = sink.take(1);
  REQUIRE(events.size() == 1);
  const Event& event = events[0].event;
  CHECK(events[0].qname == "www.example");
  CHECK(events[0].upstream == upstream.text());
  CHECK(events[0].list.empty());
  CHECK(event.outcome == Outcome::kForwarded);
  CHECK(event.transport == Transport::kUdp);
  CHECK(event.qtype == qtype::kAaaa);
  CHECK(event.rcode == rcode::kNoError);
  CHECK(event.response_size == raw.size());
  CHECK(client_text(event.client) == "127.0.0.1");
  CHECK(event.time_ms >= before_ms);
  CHECK(event.time_ms <= wall_clock_ms());
  CHECK(event.duration_us > 0);
  CHECK_FALSE(event.ad);
}

TEST_CASE_METHOD(DnsFixture, "many askers of one question make one query to the upstream") {
  std::atomic<bool> release{false};
  ScriptedUpstream upstream([&](const Bytes& query, Transport transport) {
    while (!release) std::this_thread::yield();
    return address_script()(query, transport);
  });
  options.threads = 2;
  options.upstream_attempt_timeout_ms = 20'000;
  options.upstream_deadline_ms = 20'000;
  start({upstream.text()});
  std::vector<std::unique_ptr<UdpClient>> clients;
  for (uint16_t i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<UdpClient>(address));
    clients.back()->send(make_query("www.example", {.id = i}));
  }
  CHECK(reaches("weir_dns_coalesced_total", 99));
  release = true;
  for (uint16_t i = 0; i < 100; ++i) {
    const std::optional<Bytes> answer = clients[i]->receive();
    REQUIRE(answer);
    CHECK(read_dns_response(*answer).value().header.id == i);
  }
  CHECK(upstream.udp_queries() == 1);
  CHECK(sink.take(100).size() == 100);
}

TEST_CASE_METHOD(DnsFixture, "the answer repeats the question in the client's letter case") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  for (int round = 0; round < 2; ++round) {  // forwarded, then cached
    Bytes query = make_query("www.example");
    query[13] = 'W';
    const Bytes answer = UdpClient(address).ask(query).value();
    CHECK(std::equal(query.begin() + 12, query.end(), answer.begin() + 12));
  }
}

TEST_CASE_METHOD(DnsFixture, "a listed name is blocked and its list is logged") {
  const TemporaryFolder folder;
  folder.write("ads.hosts", "0.0.0.0 ads.example\n");
  options.block_lists = {{"ads", folder.path("ads.hosts")}};
  options.blocked_ttl_s = 33;
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});

  CHECK(ask("ads.example").header.ancount == 1);
  CHECK(tail(raw, 4) == Bytes{0, 0, 0, 0});
  CHECK(ttl_of(raw) == 33);
  CHECK(ask("ads.example", {.type = qtype::kAaaa}).header.ancount == 1);
  CHECK(tail(raw, 16) == Bytes(16, 0));
  const DnsResponse other = ask("ads.example", {.type = qtype::kMx});
  CHECK(other.rcode == rcode::kNoError);
  CHECK(other.header.ancount == 0);

  const auto events = sink.take(3);
  REQUIRE(events.size() == 3);
  CHECK(events[0].event.outcome == Outcome::kBlocked);
  CHECK(events[0].list == "ads");
  CHECK(upstream.udp_queries() == 0);
}

TEST_CASE_METHOD(DnsFixture, "a listed name does not exist where the configuration says nxdomain") {
  const TemporaryFolder folder;
  folder.write("ads.hosts", "0.0.0.0 ads.example\n");
  options.block_lists = {{"ads", folder.path("ads.hosts")}};
  options.blocked_answer = BlockedAnswer::kNxDomain;
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  CHECK(ask("ads.example").rcode == rcode::kNxDomain);
  CHECK(sink.take(1)[0].event.rcode == rcode::kNxDomain);
}

TEST_CASE_METHOD(DnsFixture, "local records answer before lists and upstreams") {
  options.local_records = {{"nas.home", "A", "192.168.1.10", 60},
                           {"nas.home", "A", "192.168.1.11", 60},
                           {"files.home", "CNAME", "nas.home", 60},
                           {"out.home", "CNAME", "www.example", 60}};
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  CHECK(ask("NAS.home").header.ancount == 2);
  CHECK(ttl_of(raw) == 60);
  CHECK(ask("nas.home", {.type = qtype::kAaaa}).header.ancount == 0);
  CHECK(ask("files.home").header.ancount == 3);
  CHECK(ask("out.home").header.ancount == 1);
  CHECK(upstream.udp_queries() == 0);
  for (const auto& recorded : sink.take(4)) CHECK(recorded.event.outcome == Outcome::kLocal);
}

TEST_CASE_METHOD(DnsFixture, "what Weir does not serve is refused and logged as that") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  CHECK(ask("example", {.type = qtype::kAxfr}).rcode == rcode::kRefused);
  CHECK(ask("example", {.type = qtype::kIxfr}).rcode == rcode::kRefused);
  CHECK(ask("version.bind", {.type = qtype::kTxt, .klass = 3}).rcode == rcode::kRefused);
  CHECK(ask("example", {.edns = DnsEdns{.version = 1}}).rcode == rcode::kBadVers);
  CHECK(ask("example", {.type = qtype::kAny}).header.ancount == 1);  // HINFO, RFC 8482
  CHECK(upstream.udp_queries() == 0);
  for (const auto& recorded : sink.take(5)) CHECK(recorded.event.outcome == Outcome::kRefused);
}

TEST_CASE_METHOD(DnsFixture, "AD is shown to those who ask for it, and logged") {
  ScriptedUpstream upstream([](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    return {{make_response(query, {address_record("signed.example", 1)}, {.ad = true})}};
  });
  start({upstream.text()});
  CHECK_FALSE(ask("signed.example").header.ad);
  CHECK(ask("signed.example", {.ad = true}).header.ad);
  CHECK(ask("signed.example", {.edns = DnsEdns{.dnssec_ok = true}}).header.ad);
  const auto events = sink.take(3);
  CHECK_FALSE(events[0].event.ad);
  CHECK(events[1].event.ad);
  CHECK(events[2].event.ad);
}

TEST_CASE_METHOD(DnsFixture, "clients that share no address with the log stay out of it") {
  ScriptedUpstream upstream(address_script());
  options.privacy = PrivacyMode::kTruncated;
  start({upstream.text()});
  ask("a.example");
  CHECK(client_text(sink.take(1)[0].event.client) == "127.0.0.0");
  options.privacy = PrivacyMode::kNone;
  REQUIRE(server->reload(options).ok());
  ask("a.example");
  CHECK(client_text(sink.take(1)[0].event.client).empty());
}

TEST_CASE_METHOD(DnsFixture, "a reload changes lists, records and logging under way") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  ask("nas.home");
  CHECK(sink.take(1)[0].event.outcome == Outcome::kForwarded);
  options.local_records = {{"nas.home", "A", "192.168.1.10", 60}};
  options.log_queries = false;
  REQUIRE(server->reload(options).value().empty());
  ask("nas.home");
  CHECK(tail(raw, 4) == Bytes{192, 168, 1, 10});
  CHECK(reaches("weir_dns_queries_total", 1, {{"outcome", "local"}}));
  CHECK(sink.take(0).empty());
}

TEST_CASE_METHOD(DnsFixture, "an invalid reload changes nothing and says what is wrong") {
  ScriptedUpstream upstream(address_script());
  options.local_records = {{"nas.home", "A", "192.168.1.10", 60}};
  start({upstream.text()});
  DnsOptions wrong = options;
  wrong.local_records.clear();
  wrong.block_lists = {{"ads", "/nonexistent/ads.hosts"}};
  const Status status = server->reload(wrong).status();
  CHECK(status.message().find("'ads' (/nonexistent/ads.hosts)") != std::string::npos);
  ask("nas.home");
  CHECK(tail(raw, 4) == Bytes{192, 168, 1, 10});
}

TEST_CASE_METHOD(DnsFixture, "a reload names what takes effect at the next start only") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  options.threads = 3;
  options.listen = {"127.0.0.2:0"};
  CHECK(server->reload(options).value() == std::vector<std::string>{"dns.listen", "dns.threads"});
}

TEST_CASE_METHOD(DnsFixture, "a port in use is named and nothing is left running") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  DnsOptions taken = options;
  taken.listen = {address};
  DnsServer second(taken, {&sink});
  const Status status = second.start();
  CHECK(status.message() == "cannot listen on " + address + " (UDP): Address already in use");
  CHECK(second.listening().empty());
}

TEST_CASE_METHOD(DnsFixture, "a server that was stopped can be started again") {
  ScriptedUpstream upstream(address_script());
  start({upstream.text()});
  server->stop();
  server->stop();
  REQUIRE(server->start().ok());
  address = server->listening().at(0);
  CHECK(ask("www.example").header.ancount == 1);
}

TEST_CASE_METHOD(DnsFixture, "a stop waits for answers in flight, within the deadline") {
  std::atomic<bool> asked{false};
  std::atomic<bool> release{false};
  ScriptedUpstream upstream([&](const Bytes& query, Transport transport) {
    asked = true;
    while (!release) std::this_thread::yield();
    return address_script()(query, transport);
  });
  options.upstream_attempt_timeout_ms = 20'000;
  options.upstream_deadline_ms = 20'000;
  start({upstream.text()});
  UdpClient client(address);
  client.send(make_query("www.example"));
  while (!asked) std::this_thread::yield();
  std::thread stopper([&] { server->stop(); });
  release = true;
  stopper.join();
  CHECK(client.receive(0).has_value());
  CHECK(sink.take(1).size() == 1);
}

}  // namespace
}  // namespace weir
