// The lock of a stripe covers its flights and the writing of its ring. Waiters are taken out under
// the lock and called after it: they may come back with another question.
#include "native/dns/cache.h"

namespace weir {
namespace {

// Flights are found by all bytes of the key, not by its hash: strangers must not share an answer.
std::string flight_name(const CacheKey& key) {
  const std::span<const uint8_t> wire = key.name.wire();
  std::string name(wire.begin(), wire.end());
  name += static_cast<char>(key.type >> 8);
  name += static_cast<char>(key.type);
  name += static_cast<char>((key.dnssec_ok ? 1 : 0) | (key.checking_disabled ? 2 : 0));
  return name;
}

}  // namespace

DnsCache::DnsCache(uint64_t bytes_max, uint64_t seed) : seed_(seed) {
  stripes_.reserve(kStripes);
  for (size_t i = 0; i < kStripes; ++i) {
    stripes_.push_back(std::make_unique<Stripe>(bytes_max / kStripes));
  }
}

bool DnsCache::lookup(const CacheKey& key, uint32_t now_s, CachedAnswer* out) const {
  const uint64_t hash = key.hash(seed_);
  return stripe(hash).ring.read(hash, key, now_s, out);
}

DnsCache::Join DnsCache::join(const CacheKey& key, uint32_t now_s, FlightWaiter waiter,
                              CachedAnswer* out) {
  const uint64_t hash = key.hash(seed_);
  Stripe& home = stripe(hash);
  // A question that found no answer a moment ago may find one here: its flight has just ended.
  return home.flights.with([&](Flights& flights) {
    // No writer can be in the way now: this look is decisive.
    if (home.ring.read(hash, key, now_s, out)) return Join::kHit;
    std::vector<FlightWaiter>& waiters = flights.waiters[flight_name(key)];
    if (waiters.size() == kFlightWaitersMax) return Join::kFull;
    waiters.push_back(std::move(waiter));
    if (waiters.size() == 1) return Join::kLead;
    ++flights.coalesced;
    return Join::kWait;
  });
}

void DnsCache::complete(const CacheKey& key, uint32_t now_s,
                        const std::shared_ptr<const UpstreamAnswer>& answer) {
  const uint64_t hash = key.hash(seed_);
  Stripe& home = stripe(hash);
  std::vector<FlightWaiter> waiters = home.flights.with([&](Flights& flights) {
    if (answer && answer->answer.ttl_s.value_or(0) > 0) {
      const bool kept = home.ring.write(hash, key, now_s, *answer->answer.ttl_s, answer->answer);
      ++(kept ? flights.inserts : flights.oversized);
    }
    // A new question for the same name begins a flight of its own from here on.
    auto flight = flights.waiters.extract(flight_name(key));
    return flight ? std::move(flight.mapped()) : std::vector<FlightWaiter>();
  });
  for (const FlightWaiter& waiter : waiters) waiter(answer);
}

void DnsCache::drop_flights() {
  for (const std::unique_ptr<Stripe>& one : stripes_) {
    one->flights.with([](Flights& flights) { flights.waiters.clear(); });
  }
}

CacheStats DnsCache::stats() const {
  CacheStats sum;
  for (const std::unique_ptr<Stripe>& one : stripes_) {
    one->flights.with([&](const Flights& flights) {
      const CacheRingStats ring = one->ring.stats();
      sum.entries += ring.entries;
      sum.bytes += ring.bytes;
      sum.evictions += ring.evictions;
      sum.inserts += flights.inserts;
      sum.oversized += flights.oversized;
      sum.flights += flights.waiters.size();
      sum.coalesced += flights.coalesced;
    });
  }
  return sum;
}

}  // namespace weir
