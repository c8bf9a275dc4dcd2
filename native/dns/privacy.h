// Privacy: what of a client's address reaches the log.
//
// full: the address. truncated: IPv4 /24, IPv6 /48. none: nothing. pseudonym: 64 bits of a keyed
// hash (SipHash), under a key that is random at start and replaced by its own hash at each UTC
// midnight: one client has one pseudonym within a day, pseudonyms of different days cannot be
// linked, and a past day's key cannot be computed from today's. A restart begins anew.
#pragma once

#include <array>
#include <cstdint>

#include "native/dns/options.h"
#include "native/runtime/socket_address.h"
#include "weir/event.h"

namespace weir {

using PseudonymKey = std::array<uint8_t, 32>;

// A random key for privacy filters that are to agree.
PseudonymKey make_pseudonym_key();

// Thread-compatible. Filters that began with the same key on the same day agree on pseudonyms.
class PrivacyFilter {
 public:
  PrivacyFilter(const PseudonymKey& key, int64_t now_ms);

  // `now_ms` chooses the day's key. Where the clock steps back over midnight, the newer key stays:
  // the older is gone.
  Client apply(PrivacyMode mode, const SocketAddress& address, int64_t now_ms);

 private:
  void rotate(int64_t now_ms);

  PseudonymKey key_;
  int64_t day_;  // since 1970, that key_ belongs to
};

}  // namespace weir
