// Sizes, bad messages and TCP: what a hostile or unlucky client can do to the front end.
#include "catch.h"
#include "support/dns_fixture.h"

namespace weir {
namespace {

// Answers with `count` addresses: 16 bytes each.
ScriptedUpstream::Script many_addresses(size_t count) {
  return [count](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    const std::string name = read_dns_query(query).value().qname.text();
    return {{make_response(query, std::vector<ResponseRecord>(count, address_record(name, 1)))}};
  };
}

struct TransportFixture : DnsFixture {
  void start_with(ScriptedUpstream::Script script) {
    upstream = std::make_unique<ScriptedUpstream>(std::move(script));
    start({upstream->text()});
  }
  // Asks over a TCP connection of its own.
  Bytes ask_tcp(std::string_view name) {
    TcpClient client(address);
    REQUIRE(client.send(make_query(name)));
    return client.receive().value();
  }

  std::unique_ptr<ScriptedUpstream> upstream;
};

// --- sizes ---

TEST_CASE_METHOD(TransportFixture, "over UDP an answer is cut to what the client takes") {
  // Header, question and 40 records: 12 + 17 + 640 bytes.
  start_with(many_addresses(40));
  const DnsResponse plain = ask("www.example");
  CHECK(plain.header.tc);
  CHECK(plain.header.ancount == 0);
  CHECK(raw.size() <= kUdpPayloadBytesMin);

  CHECK_FALSE(ask("www.example", {.edns = DnsEdns{.udp_payload = 1232}}).header.tc);
  const size_t whole = raw.size();
  CHECK_FALSE(
      ask("www.example", {.edns = DnsEdns{.udp_payload = static_cast<uint16_t>(whole)}}).header.tc);
  const DnsResponse cut =
      ask("www.example", {.edns = DnsEdns{.udp_payload = static_cast<uint16_t>(whole - 1)}});
  CHECK(cut.header.tc);
  CHECK(cut.edns.has_value());
  CHECK(read_dns_response(ask_tcp("www.example"))->header.ancount == 40);
}

TEST_CASE_METHOD(TransportFixture, "no answer over UDP is larger than 1232 bytes") {
  start_with(many_addresses(90));
  CHECK(ask("www.example", {.edns = DnsEdns{.udp_payload = 4096}}).header.tc);
  CHECK(read_dns_response(ask_tcp("www.example"))->header.ancount == 90);
}

TEST_CASE_METHOD(TransportFixture, "EDNS is answered with EDNS, and only then") {
  start_with(address_script());
  CHECK_FALSE(ask("www.example").edns.has_value());
  const DnsResponse response =
      ask("www.example", {.edns = DnsEdns{.udp_payload = 100, .dnssec_ok = true}});
  REQUIRE(response.edns.has_value());
  CHECK(response.edns->udp_payload == kUdpPayloadBytesMax);
  CHECK(response.edns->version == 0);
  CHECK(response.edns->dnssec_ok);
  CHECK(response.header.ancount == 1);  // 100 counts as 512 (RFC 6891 6.2.3)
}

TEST_CASE_METHOD(TransportFixture, "an OPT record among others in an answer is taken out cleanly") {
  start_with([](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    Bytes room(512);
    const DnsQuery asked = read_dns_query(query).value();
    DnsWriter writer(room);
    writer.header({.id = asked.header.id, .qr = true});
    writer.question(asked.qname, asked.qtype, asked.qclass);
    const Bytes rdata = {192, 0, 2, 1};
    writer.record(DnsWriter::Section::kAnswer, asked.qname, qtype::kA, kClassIn, 300, rdata);
    writer.opt({.udp_payload = 4096});
    writer.record(DnsWriter::Section::kAdditional, asked.qname, qtype::kA, kClassIn, 300, rdata);
    room.resize(writer.finish().size());
    return {{room}};
  });
  const DnsResponse response = ask("www.example");
  CHECK(response.header.ancount == 1);
  CHECK(response.header.arcount == 0);
}

// --- bad messages ---

TEST_CASE_METHOD(TransportFixture,
                 "a malformed query gets FORMERR with its id and makes no event") {
  start_with(address_script());
  Bytes query = make_query("www.example", {.id = 0xABCD});
  query.pop_back();
  const Bytes answer = UdpClient(address).ask(query).value();
  const DnsHeader header = read_dns_header(answer).value();
  CHECK(header.id == 0xABCD);
  CHECK(header.qr);
  CHECK(header.rcode == rcode::kFormErr);
  CHECK(metric("weir_dns_malformed_total", {{"answer", "formerr"}}) == 1);
  ask("www.example");
  CHECK(sink.take(1)[0].qname == "www.example");
}

TEST_CASE_METHOD(TransportFixture, "what has no id, or is no query, gets silence and is counted") {
  start_with(address_script());
  UdpClient client(address);
  client.send(Bytes(11, 0));
  Bytes response = make_response(make_query("www.example"), {});
  client.send(response);
  client.send(Bytes());
  CHECK(reaches("weir_dns_malformed_total", 3, {{"answer", "none"}}));
  // The first thing that comes back is the answer to what is sent last.
  CHECK(read_dns_header(*client.ask(make_query("www.example", {.id = 99})))->id == 99);
}

TEST_CASE_METHOD(TransportFixture, "an opcode other than QUERY is not implemented") {
  start_with(address_script());
  Bytes notify = make_query("www.example");
  notify[2] = 4 << 3;
  const DnsHeader header = read_dns_header(*UdpClient(address).ask(notify)).value();
  CHECK(header.rcode == rcode::kNotImp);
  CHECK(header.opcode == 4);
  CHECK(metric("weir_dns_malformed_total", {{"answer", "notimp"}}) == 1);
}

TEST_CASE_METHOD(TransportFixture, "a datagram longer than the bound gets FORMERR") {
  start_with(address_script());
  Bytes query = make_query("www.example");
  query.resize(kUdpQueryBytesMax + 1);
  CHECK(read_dns_header(*UdpClient(address).ask(query))->rcode == rcode::kFormErr);
}

TEST_CASE_METHOD(TransportFixture, "no truncation or changed bit of a query stops the server") {
  start_with(address_script());
  const Bytes query = make_query("www.example", {.edns = DnsEdns{}});
  UdpClient client(address);
  for (size_t size = 0; size < query.size(); ++size) client.send(std::span(query).first(size));
  for (size_t bit = 0; bit < query.size() * 8; ++bit) {
    Bytes changed = query;
    changed[bit / 8] = static_cast<uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
    client.send(changed);
  }
  CHECK(ask("www.example").header.ancount == 1);
}

// --- TCP ---

TEST_CASE_METHOD(TransportFixture, "pipelined queries are all answered, each as it gets ready") {
  start_with(address_script());
  TcpClient client(address);
  constexpr uint16_t kQueries = 200;  // more than may be open at once
  for (uint16_t i = 0; i < kQueries; ++i) {
    REQUIRE(client.send(make_query("n" + std::to_string(i) + ".example", {.id = i})));
  }
  client.end_sending();
  std::vector<bool> seen(kQueries);
  for (uint16_t i = 0; i < kQueries; ++i) {
    const std::optional<Bytes> answer = client.receive();
    REQUIRE(answer);
    seen.at(read_dns_header(*answer)->id) = true;
  }
  CHECK(std::ranges::count(seen, true) == kQueries);
  CHECK(client.is_closed());
  const auto events = sink.take(kQueries);
  CHECK(events.size() == kQueries);
  CHECK(events[0].event.transport == Transport::kTcp);
}

TEST_CASE_METHOD(TransportFixture, "a query that comes byte by byte is understood") {
  start_with(address_script());
  TcpClient client(address);
  const Bytes query = make_query("www.example");
  REQUIRE(client.send(Bytes{0, static_cast<uint8_t>(query.size())}, false));
  for (uint8_t byte : query) REQUIRE(client.send(Bytes{byte}, false));
  CHECK(read_dns_response(*client.receive())->header.ancount == 1);
}

TEST_CASE_METHOD(TransportFixture,
                 "a connection that trickles bytes is closed, one that asks is not") {
  options.tcp_idle_timeout_ms = 400;
  start_with(address_script());
  TcpClient slow(address);
  TcpClient brisk(address);
  // A byte now and then, never a whole query: the deadline does not move.
  for (int i = 0; i < 12 && slow.send(Bytes{0}, false); ++i) {
    REQUIRE(brisk.send(make_query("www.example")));
    REQUIRE(brisk.receive());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (i == 1) REQUIRE(slow.send(Bytes{255}, false));
  }
  CHECK(slow.is_closed());
  REQUIRE(brisk.send(make_query("www.example")));
  CHECK(brisk.receive().has_value());
}

TEST_CASE_METHOD(TransportFixture, "an idle connection is closed and counted") {
  options.tcp_idle_timeout_ms = 50;
  start_with(address_script());
  TcpClient client(address);
  CHECK(client.is_closed());
  CHECK(metric("weir_dns_tcp_timeouts_total") == 1);
}

TEST_CASE_METHOD(TransportFixture,
                 "the connection that was quiet longest makes room for a new one") {
  options.tcp_connections_max = 2;
  start_with(address_script());
  TcpClient first(address);
  REQUIRE(first.send(make_query("www.example")));
  REQUIRE(first.receive());
  TcpClient second(address);
  REQUIRE(second.send(make_query("www.example")));
  REQUIRE(second.receive());
  TcpClient third(address);
  REQUIRE(third.send(make_query("www.example")));
  CHECK(third.receive().has_value());
  CHECK(first.is_closed());
  CHECK(metric("weir_dns_tcp_displacements_total") == 1);
}

TEST_CASE_METHOD(TransportFixture,
                 "a query of the size that is allowed is read, a larger one ends it") {
  start_with(address_script());
  TcpClient client(address);
  REQUIRE(client.send(Bytes(kTcpQueryBytesMax, 0)));
  CHECK(read_dns_header(*client.receive())->rcode == rcode::kFormErr);
  TcpClient large(address);
  REQUIRE(large.send(Bytes(kTcpQueryBytesMax + 1, 0)));
  CHECK(large.is_closed());
}

TEST_CASE_METHOD(TransportFixture,
                 "a client that goes away before its answer costs one event only") {
  std::atomic<bool> asked{false};
  std::atomic<bool> release{false};
  start_with([&](const Bytes& query, Transport transport) {
    asked = true;
    while (!release) std::this_thread::yield();
    return address_script()(query, transport);
  });
  {
    TcpClient client(address);
    REQUIRE(client.send(make_query("www.example")));
    while (!asked) std::this_thread::yield();
  }
  release = true;
  CHECK(sink.take(1).size() == 1);
  CHECK(ask("www.example").header.ancount == 1);
  CHECK(sink.take(1).size() == 1);
}

}  // namespace
}  // namespace weir
