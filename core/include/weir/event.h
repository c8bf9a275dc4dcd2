// Event: one answered DNS query as Weir logs it.
//
// An Event is a view: its strings belong to whoever made it and must outlive the call that takes
// it. Names are in presentation form: lower case, no final dot (the root is "."), every other byte
// than a-z 0-9 '-' '_' and the separating dots escaped as \DDD (RFC 1035 5.1). Privacy has been
// applied before an Event is made.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

// Stored in segments: the numbers are frozen.
enum class Transport : uint8_t { kUdp = 0, kTcp = 1, kDot = 2, kDoh = 3 };
inline constexpr size_t kTransportCount = 4;

enum class Outcome : uint8_t {
  kForwarded = 0,  // answered by an upstream
  kCached = 1,     // answered from the cache, within its TTL
  kStale = 2,      // answered from the cache past its TTL (RFC 8767)
  kLocal = 3,      // answered from local records
  kBlocked = 4,    // a block list decided
  kRefused = 5,    // policy: REFUSED, or a query kind that is not served
  kFailed = 6,     // no upstream answered: SERVFAIL
};
inline constexpr size_t kOutcomeCount = 7;

std::string_view transport_name(Transport transport);  // "udp" "tcp" "dot" "doh"
std::string_view outcome_name(Outcome outcome);        // "forwarded" … "failed"
Result<Outcome> parse_outcome(std::string_view name);
Result<Transport> parse_transport(std::string_view name);

// Who asked, after privacy. Equality is by kind and bytes; unused bytes are zero.
struct Client {
  enum class Kind : uint8_t { kNone = 0, kV4 = 1, kV6 = 2, kPseudonym = 3 };
  Kind kind = Kind::kNone;
  std::array<uint8_t, 16> bytes{};  // v4: 4 bytes, v6: 16, pseudonym: 8, network order

  size_t size() const;  // meaningful bytes: 0, 4, 16 or 8
  auto operator<=>(const Client&) const = default;
};

// "192.0.2.1", "2001:db8::1" (RFC 5952), "~0123456789abcdef" for a pseudonym, "" for none.
std::string client_text(const Client& client);
// The inverse of client_text; kInvalid otherwise.
Result<Client> parse_client(std::string_view text);

struct Event {
  int64_t time_ms = 0;  // arrival, UTC milliseconds, within [kTimeMsMin, kTimeMsMax]
  Client client;
  Transport transport = Transport::kUdp;
  Outcome outcome = Outcome::kForwarded;
  bool ad = false;  // the answer's AD bit (RFC 4035 3.2.3)
  uint16_t qtype = 0;
  uint16_t rcode = 0;          // extended rcode, 12 bits (RFC 6891 6.1.3)
  uint32_t duration_us = 0;    // arrival to answer handed to the kernel; saturates
  uint32_t response_size = 0;  // bytes of the answer; 0 where none was sent
  std::string_view qname;
  std::string_view list;      // name of the deciding block list, or empty
  std::string_view upstream;  // the upstream as configured, or empty

  bool operator==(const Event&) const = default;
};

// kInvalid or kTooLarge if a field is outside its bounds; everything that stores events checks with
// this first.
Status check_event(const Event& event);

// The flat form of an event in the hand-off ring (a private format of one process, never stored):
// its length.
size_t flat_event_bytes(const Event& event);
// Writes the flat form.
// Returns the bytes used, or 0 if `out` is too small or a string longer than an event's may be;
// kEventBytesMax always suffices for a checked event.
size_t encode_event(const Event& event, std::span<uint8_t> out);
// `bytes` must be exactly what encode_event wrote; the event's strings point into it.
Result<Event> decode_event(std::span<const uint8_t> bytes);

}  // namespace weir
