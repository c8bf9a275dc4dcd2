// DnsCache: the answers that all threads and transports share, and the questions in flight.
//
// Cut into stripes by hash. lookup() reads a stripe's ring without lock (cache_ring.h). What it
// does not find goes through join() under the stripe's mutex: the first asker leads and asks an
// upstream, later ones wait for its answer, so that a question is at most once in flight in the
// whole process. complete() keeps the answer and ends the flight in one step: nobody can slip in
// between and ask again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "native/dns/cache_ring.h"
#include "native/runtime/guarded.h"

namespace weir {

class Upstream;

// What a flight ends with, shared by everybody who waited.
struct UpstreamAnswer {
  Answer answer;
  std::shared_ptr<const Upstream> upstream;  // who gave it
};

// Called once, on the thread that calls complete(); null: no upstream answered.
using FlightWaiter = std::function<void(const std::shared_ptr<const UpstreamAnswer>&)>;

struct CacheStats {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  uint64_t evictions = 0;
  uint64_t inserts = 0;
  uint64_t oversized = 0;  // answers that were too large to keep
  uint64_t flights = 0;    // now
  uint64_t coalesced = 0;  // questions that waited for somebody else's flight
};

// Thread-safe.
class DnsCache {
 public:
  // `bytes_max` within [kCacheBytesMin, kCacheBytesMax]; `seed` is random and secret.
  DnsCache(uint64_t bytes_max, uint64_t seed);

  // Lock-free. False may also mean that a writer was in the way.
  bool lookup(const CacheKey& key, uint32_t now_s, CachedAnswer* out) const;

  enum class Join : uint8_t {
    kHit,   // *out holds the answer after all
    kLead,  // the caller asks an upstream and must call complete()
    kWait,  // the flight's leader will call the waiter
    kFull,  // kFlightWaitersMax already wait; the waiter is dropped
  };
  // The waiter is kept for kLead, too.
  Join join(const CacheKey& key, uint32_t now_s, FlightWaiter waiter, CachedAnswer* out);

  // Ends the flight: keeps the answer (if there is one and it may be kept) and calls the waiters,
  // the leader's first, outside of any lock.
  void complete(const CacheKey& key, uint32_t now_s,
                const std::shared_ptr<const UpstreamAnswer>& answer);

  // Forgets all flights without calling anybody, so that no waiter outlives those whom it would
  // call. For the end, when no thread uses the cache any more.
  void drop_flights();

  CacheStats stats() const;

 private:
  static constexpr size_t kStripes = 64;
  struct Flights {
    std::unordered_map<std::string, std::vector<FlightWaiter>> waiters;
    uint64_t inserts = 0;
    uint64_t oversized = 0;
    uint64_t coalesced = 0;
  };
  struct Stripe {
    explicit Stripe(uint64_t bytes_max) : ring(bytes_max) {}
    CacheRing ring;  // read by all, written under the lock of `flights`
    Guarded<Flights> flights;
  };

  Stripe& stripe(uint64_t hash) const { return *stripes_[(hash >> 40) % kStripes]; }

  uint64_t seed_;
  std::vector<std::unique_ptr<Stripe>> stripes_;
};

}  // namespace weir
