// Names and bounds of an event's fields, and the flat form of an event in a ring.
//
// Flat form: an Event's plain fields as they lie in memory, then qname length u16, list length u8,
// upstream length u8; then qname, list, upstream. It never leaves the process, and taking the
// fields apart would cost a DNS thread more than all else in a hand-off.
#include "weir/event.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "bytes.h"
#include "event_check.h"
#include "name_text.h"
#include "weir/limits.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, kTransportCount> kTransportNames = {"udp", "tcp", "dot",
                                                                           "doh"};
constexpr std::array<std::string_view, kOutcomeCount> kOutcomeNames = {
    "forwarded", "cached", "stale", "local", "blocked", "refused", "failed"};

constexpr size_t kPlainBytes = offsetof(Event, qname);
static_assert(std::is_trivially_copyable_v<Event> && std::is_standard_layout_v<Event>);
static_assert(kPlainBytes == 40);  // no padding, so that no byte is undetermined
constexpr uint8_t kClientKindMax = static_cast<uint8_t>(Client::Kind::kPseudonym);
static_assert(offsetof(Client, kind) == 0);
constexpr size_t kFlatHeadBytes = kPlainBytes + 4;
static_assert(kFlatHeadBytes + kNameTextBytesMax + 2 * kEventStringBytesMax <= kEventBytesMax);

// A call of memmove costs more than the few bytes that most texts have. Longer ones go in blocks,
// the last of which overlaps the one before.
template <size_t kBlock>
inline void copy_blocks(uint8_t* to, const char* from, size_t size) {
  for (size_t i = 0; i + kBlock < size; i += kBlock) std::memcpy(to + i, from + i, kBlock);
  std::memcpy(to + size - kBlock, from + size - kBlock, kBlock);
}

inline uint8_t* copy_text(uint8_t* to, std::string_view text) {
  const size_t size = text.size();
  if (size >= 16) {
    copy_blocks<16>(to, text.data(), size);
  } else if (size >= 4) {
    copy_blocks<4>(to, text.data(), size);
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = static_cast<uint8_t>(text[i]);
  }
  return to + size;
}

Status flat_corrupt() { return Status(Code::kCorrupt, "not an event's flat form"); }

Status check_client(const Client& client) {
  if (client.kind > Client::Kind::kPseudonym) return Status(Code::kInvalid, "unknown client kind");
  const size_t used = client.size();
  const auto low = load_le<uint64_t>(client.bytes.data());
  const auto high = load_le<uint64_t>(client.bytes.data() + 8);
  const uint64_t unused = used == 16 ? 0 : used == 8 ? high : high | low >> (8 * used);
  if (unused != 0) return Status(Code::kInvalid, "a client's unused bytes are not zero");
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

Status check_name(std::string_view qname) {
  if (qname.size() > kNameTextBytesMax) {
    return Status(Code::kTooLarge, "a name is longer than 255 octets");
  }
  if (!is_name_text(qname)) return Status(Code::kInvalid, "a name is not in Weir's text form");
  return {};
}

Status check_besides_name(const Event& event) {
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
  if (event.list.size() > kEventStringBytesMax || event.upstream.size() > kEventStringBytesMax) {
    return Status(Code::kTooLarge, "the name of a list or an upstream is longer than 255 bytes");
  }
  return check_client(event.client);
}

Status check_event(const Event& event) {
  WEIR_TRY(check_besides_name(event));
  return check_name(event.qname);
}

size_t flat_event_bytes(const Event& event) {
  return kFlatHeadBytes + event.qname.size() + event.list.size() + event.upstream.size();
}

size_t encode_event(const Event& event, std::span<uint8_t> out) {
  const size_t size = flat_event_bytes(event);
  if (size > out.size() || size > kEventBytesMax) return 0;
  // Their lengths take a byte each.
  static_assert(kEventStringBytesMax == UINT8_MAX);
  if ((event.list.size() | event.upstream.size()) > UINT8_MAX) return 0;
  uint8_t* at = out.data();
  std::memcpy(at, &event, kPlainBytes);
  store_le(at + kPlainBytes, static_cast<uint16_t>(event.qname.size()));
  at[kPlainBytes + 2] = static_cast<uint8_t>(event.list.size());
  at[kPlainBytes + 3] = static_cast<uint8_t>(event.upstream.size());
  at = copy_text(at + kFlatHeadBytes, event.qname);
  at = copy_text(at, event.list);
  copy_text(at, event.upstream);
  return size;
}

Result<Event> decode_event(std::span<const uint8_t> bytes) {
  ByteReader reader(bytes);
  const auto plain = reader.take(kPlainBytes);
  const size_t qname_bytes = reader.u16();
  const size_t list_bytes = reader.u8();
  const size_t upstream_bytes = reader.u8();
  // Before they become enumerators and a bool, which may hold nothing else.
  if (!reader.ok() || plain[offsetof(Event, client)] > kClientKindMax ||
      plain[offsetof(Event, transport)] >= kTransportCount ||
      plain[offsetof(Event, outcome)] >= kOutcomeCount || plain[offsetof(Event, ad)] > 1) {
    return flat_corrupt();
  }
  Event event;
  std::memcpy(static_cast<void*>(&event), plain.data(), kPlainBytes);
  event.qname = reader.take_text(qname_bytes);
  event.list = reader.take_text(list_bytes);
  event.upstream = reader.take_text(upstream_bytes);
  if (!reader.ok() || !reader.at_end()) return flat_corrupt();
  return event;
}

}  // namespace weir
