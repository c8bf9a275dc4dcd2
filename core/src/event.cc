// Names and bounds of an event's fields, and the flat form of an event in a ring.
//
// Flat form, little-endian: time_ms i64, duration_us u32, response_size u32, qtype u16, rcode u16,
// qname length u16, list length u8, upstream length u8, traits u8 (transport, outcome << 2,
// ad << 5), client kind u8; then the client's bytes, qname, list, upstream.
#include "weir/event.h"

#include <algorithm>
#include <cstring>

#include "bytes.h"
#include "name_text.h"
#include "weir/limits.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, kTransportCount> kTransportNames = {"udp", "tcp", "dot",
                                                                           "doh"};
constexpr std::array<std::string_view, kOutcomeCount> kOutcomeNames = {
    "forwarded", "cached", "stale", "local", "blocked", "refused", "failed"};

constexpr size_t kFlatHeadBytes = 26;
static_assert(kFlatHeadBytes + sizeof(Client::bytes) + kNameTextBytesMax +
                  2 * kEventStringBytesMax <=
              kEventBytesMax);

uint8_t flat_traits(const Event& event) {
  return static_cast<uint8_t>(static_cast<unsigned>(event.transport) |
                              static_cast<unsigned>(event.outcome) << 2 |
                              static_cast<unsigned>(event.ad) << 5);
}

Status flat_corrupt() { return Status(Code::kCorrupt, "not an event's flat form"); }

Status check_client(const Client& client) {
  if (client.kind > Client::Kind::kPseudonym) return Status(Code::kInvalid, "unknown client kind");
  const auto unused = std::span(client.bytes).subspan(client.size());
  if (std::any_of(unused.begin(), unused.end(), [](uint8_t byte) { return byte != 0; })) {
    return Status(Code::kInvalid, "a client's unused bytes are not zero");
  }
  return {};
}

Status check_strings(const Event& event) {
  if (event.qname.size() > kNameTextBytesMax) {
    return Status(Code::kTooLarge, "a name is longer than 255 octets");
  }
  if (!is_name_text(event.qname)) {
    return Status(Code::kInvalid, "a name is not in Weir's text form");
  }
  if (event.list.size() > kEventStringBytesMax || event.upstream.size() > kEventStringBytesMax) {
    return Status(Code::kTooLarge, "the name of a list or an upstream is longer than 255 bytes");
  }
  return {};
}

}  // namespace

std::string_view transport_name(Transport transport) {
  const auto index = static_cast<size_t>(transport);
  WEIR_CHECK(index < kTransportCount);
  return kTransportNames[index];
}

std::string_view outcome_name(Outcome outcome) {
  const auto index = static_cast<size_t>(outcome);
  WEIR_CHECK(index < kOutcomeCount);
  return kOutcomeNames[index];
}

Result<Outcome> parse_outcome(std::string_view name) {
  const auto at = std::find(kOutcomeNames.begin(), kOutcomeNames.end(), name);
  if (at == kOutcomeNames.end()) return Status(Code::kInvalid, "not an outcome");
  return static_cast<Outcome>(at - kOutcomeNames.begin());
}

Result<Transport> parse_transport(std::string_view name) {
  const auto at = std::find(kTransportNames.begin(), kTransportNames.end(), name);
  if (at == kTransportNames.end()) return Status(Code::kInvalid, "not a transport");
  return static_cast<Transport>(at - kTransportNames.begin());
}

Status check_event(const Event& event) {
  if (event.time_ms < kTimeMsMin || event.time_ms > kTimeMsMax) {
    return Status(Code::kInvalid, "a time is not between the years 2000 and 2400");
  }
  if (event.transport > Transport::kDoh || event.outcome > Outcome::kFailed) {
    return Status(Code::kInvalid, "unknown transport or outcome");
  }
  if (event.rcode > kRcodeMax) return Status(Code::kInvalid, "an rcode has more than 12 bits");
  if (event.response_size > kMessageBytesMax) {
    return Status(Code::kTooLarge, "an answer is larger than a DNS message");
  }
  WEIR_TRY(check_client(event.client));
  return check_strings(event);
}

size_t encode_event(const Event& event, std::span<uint8_t> out) {
  const size_t client_bytes = event.client.size();
  const size_t size = kFlatHeadBytes + client_bytes + event.qname.size() + event.list.size() +
                      event.upstream.size();
  if (size > out.size() || size > kEventBytesMax) return 0;
  uint8_t* at = out.data();
  store_le(at, static_cast<uint64_t>(event.time_ms));
  store_le(at + 8, event.duration_us);
  store_le(at + 12, event.response_size);
  store_le(at + 16, event.qtype);
  store_le(at + 18, event.rcode);
  store_le(at + 20, static_cast<uint16_t>(event.qname.size()));
  at[22] = static_cast<uint8_t>(event.list.size());
  at[23] = static_cast<uint8_t>(event.upstream.size());
  at[24] = flat_traits(event);
  at[25] = static_cast<uint8_t>(event.client.kind);
  at = std::copy_n(event.client.bytes.begin(), client_bytes, at + kFlatHeadBytes);
  at = std::copy(event.qname.begin(), event.qname.end(), at);
  at = std::copy(event.list.begin(), event.list.end(), at);
  std::copy(event.upstream.begin(), event.upstream.end(), at);
  return size;
}

Result<Event> decode_event(std::span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  Event event;
  event.time_ms = static_cast<int64_t>(reader.u64());
  event.duration_us = reader.u32();
  event.response_size = reader.u32();
  event.qtype = reader.u16();
  event.rcode = reader.u16();
  const size_t qname_bytes = reader.u16();
  const size_t list_bytes = reader.u8();
  const size_t upstream_bytes = reader.u8();
  const unsigned traits = reader.u8();
  const uint8_t kind = reader.u8();
  if (kind > static_cast<uint8_t>(Client::Kind::kPseudonym)) return flat_corrupt();
  if ((traits >> 2 & 7) >= kOutcomeCount || traits >> 6 != 0) return flat_corrupt();
  event.transport = static_cast<Transport>(traits & 3);
  event.outcome = static_cast<Outcome>(traits >> 2 & 7);
  event.ad = (traits >> 5) != 0;
  event.client.kind = static_cast<Client::Kind>(kind);
  const auto client_bytes = reader.take(event.client.size());
  std::copy(client_bytes.begin(), client_bytes.end(), event.client.bytes.begin());
  event.qname = reader.take_text(qname_bytes);
  event.list = reader.take_text(list_bytes);
  event.upstream = reader.take_text(upstream_bytes);
  if (!reader.ok() || !reader.at_end()) return flat_corrupt();
  return event;
}

}  // namespace weir
