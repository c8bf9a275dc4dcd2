// A second implementation as oracle: what read_dns_response accepts, ldns must accept with the same
// question, counts, codes and TTLs, and what ldns builds of it must read the same here.
//
// We refuse more than ldns on purpose (trailing bytes, two OPT records, forward pointers), so only
// one direction is a law. ldns in turn checks the RDATA of types that pass untouched here: a
// message with such a record is left out.
#include <memory>
#include <random>

#include "catch.h"
#include "dns_samples.h"

// Last: it defines true and false as macros of type int.
#include <ldns/ldns.h>
#undef true
#undef false

namespace weir {
namespace {

using sample::Message;

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

Packet ldns_parse(const Message& message) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, message.data(), message.size()) != LDNS_STATUS_OK) return nullptr;
  return Packet(packet);
}

Message ldns_build(const ldns_pkt* packet) {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  if (ldns_pkt2wire(&bytes, packet, &size) != LDNS_STATUS_OK) return {};
  const Message message(bytes, bytes + size);
  free(bytes);
  return message;
}

// The wire form of an ldns name, in lower case.
Message ldns_name(const ldns_rdf* name) {
  const std::unique_ptr<ldns_rdf, void (*)(ldns_rdf*)> lower(ldns_rdf_clone(name),
                                                             ldns_rdf_deep_free);
  ldns_dname2canonical(lower.get());
  return {ldns_rdf_data(lower.get()), ldns_rdf_data(lower.get()) + ldns_rdf_size(lower.get())};
}

// True if every record is of a type whose RDATA we check, or that neither side knows.
bool types_checked_by_both(const Message& message, const DnsResponse& response) {
  for (const uint32_t ttl : response.ttl_offsets) {
    const uint16_t type = static_cast<uint16_t>(message[ttl - 4] << 8 | message[ttl - 3]);
    switch (type) {
      case qtype::kA:
      case qtype::kAaaa:
      case qtype::kNs:
      case qtype::kCname:
      case qtype::kPtr:
      case qtype::kDname:
      case qtype::kMx:
      case qtype::kSrv:
      case qtype::kSoa:
      case 65400:
        continue;
      default:
        return false;
    }
  }
  return true;
}

// Everything of a message that both parsers tell.
void check_same(const Message& message, const DnsResponse& ours, const ldns_pkt* theirs) {
  const ldns_rr_list* questions = ldns_pkt_question(theirs);
  REQUIRE(ldns_rr_list_rr_count(questions) == 1);
  const ldns_rr* question = ldns_rr_list_rr(questions, 0);
  const auto wire = ours.qname.wire();
  CHECK(ldns_name(ldns_rr_owner(question)) == Message(wire.begin(), wire.end()));
  CHECK(ldns_rr_get_type(question) == ours.qtype);
  CHECK(ldns_rr_get_class(question) == ours.qclass);
  CHECK(ldns_pkt_id(theirs) == ours.header.id);
  CHECK(ldns_pkt_get_rcode(theirs) == ours.header.rcode);
  CHECK(ldns_pkt_tc(theirs) == ours.header.tc);
  CHECK(ldns_pkt_ancount(theirs) == ours.header.ancount);
  CHECK(ldns_pkt_edns(theirs) == ours.edns.has_value());
  if (ours.edns) {
    CHECK(ldns_pkt_edns_udp_size(theirs) == ours.edns->udp_payload);
    CHECK(ldns_pkt_edns_extended_rcode(theirs) == ours.edns->extended_rcode);
    CHECK(ldns_pkt_edns_do(theirs) == ours.edns->dnssec_ok);
  }
  const std::unique_ptr<ldns_rr_list, void (*)(ldns_rr_list*)> records(
      ldns_pkt_all_noquestion(theirs), ldns_rr_list_deep_free);  // clones
  REQUIRE(ldns_rr_list_rr_count(records.get()) == ours.ttl_offsets.size());
  for (size_t i = 0; i < ours.ttl_offsets.size(); ++i) {
    const uint8_t* ttl = message.data() + ours.ttl_offsets[i];
    CHECK(ldns_rr_ttl(ldns_rr_list_rr(records.get(), i)) == ldns_read_uint32(ttl));
  }
}

// Changes a few bytes, or repeats or removes a piece.
Message mutated(Message message, std::mt19937_64& random) {
  const auto at = [&](size_t bound) { return static_cast<std::ptrdiff_t>(random() % bound); };
  for (uint64_t changes = 1 + random() % 3; changes > 0 && !message.empty(); --changes) {
    const auto position = message.begin() + at(message.size());
    switch (random() % 6) {
      case 0:
        message.erase(position, position + at(4) % (message.end() - position) + 1);
        break;
      case 1:
        message.insert(position, static_cast<uint8_t>(random()));
        break;
      case 2:
        *position = static_cast<uint8_t>(0xC0);
        break;
      default:
        *position = static_cast<uint8_t>(random() % 4 == 0 ? random() : *position ^ 1U << at(8));
    }
  }
  return message;
}

TEST_CASE("what is accepted, ldns accepts with the same content, and it survives being rebuilt") {
  const DnsEdns edns{.udp_payload = 4096, .dnssec_ok = true};
  const Message seeds[] = {sample::rich_response(), sample::response({{}, {}}, 0, &edns),
                           sample::response({}, rcode::kNxDomain)};
  std::mt19937_64 random(20260101);
  size_t compared = 0;
  for (int round = 0; round < 60'000; ++round) {
    const Message& seed = seeds[random() % 3];
    const Message message = round < 3 ? seeds[round] : mutated(seed, random);
    const auto ours = read_dns_response(message);
    if (!ours.ok() || !types_checked_by_both(message, *ours)) continue;
    CAPTURE(round, message);
    const Packet theirs = ldns_parse(message);
    REQUIRE(theirs != nullptr);
    check_same(message, *ours, theirs.get());
    const Message rebuilt = ldns_build(theirs.get());
    const auto again = read_dns_response(rebuilt);
    REQUIRE(again.ok());
    CHECK(again->qname == ours->qname);
    CHECK(again->cache_ttl_s == ours->cache_ttl_s);
    ++compared;
  }
  CHECK(compared > 10'000);
}

TEST_CASE("random bytes behind a header are accepted only where ldns accepts them") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 50'000; ++round) {
    Message message(12 + random() % 40);
    for (uint8_t& byte : message) byte = static_cast<uint8_t>(random() % 4 == 0 ? random() : 0);
    message[2] |= 0x80;
    message[4] = 0;
    message[5] = 1;
    const auto ours = read_dns_response(message);
    if (!ours.ok() || !types_checked_by_both(message, *ours)) continue;
    CAPTURE(round, message);
    CHECK(ldns_parse(message) != nullptr);
  }
}

TEST_CASE("names that ldns prints are parsed to the same bytes") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 5'000; ++round) {
    Message message(12);
    for (uint64_t labels = random() % 5; labels > 0; --labels) {
      const size_t length = 1 + random() % 63;
      message.push_back(static_cast<uint8_t>(length));
      for (size_t i = 0; i < length; ++i) message.push_back(static_cast<uint8_t>(random()));
    }
    message.push_back(0);
    size_t end = 0;
    const auto ours = DnsName::read(message, 12, &end);
    if (!ours.ok()) continue;
    ldns_rdf* theirs = nullptr;
    size_t position = 12;
    REQUIRE(ldns_wire2dname(&theirs, message.data(), message.size(), &position) == LDNS_STATUS_OK);
    const std::unique_ptr<char, void (*)(void*)> text(ldns_rdf2str(theirs), free);
    CHECK(position == end);
    CHECK(*DnsName::parse(text.get()) == *ours);
    ldns_rdf_deep_free(theirs);
  }
}

}  // namespace
}  // namespace weir
