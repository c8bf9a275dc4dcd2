// What the DNS threads count, and the weir_dns_* metric families made of it.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <span>
#include <vector>

#include "native/dns/cache.h"
#include "native/dns/policy.h"
#include "native/runtime/metrics.h"
#include "weir/event.h"

namespace weir {

// How a message without a readable question was answered.
enum class MalformedReply : uint8_t { kFormErr, kNotImp, kNone };
inline constexpr size_t kMalformedReplyCount = 3;

// Of one thread; written by it alone, so no two share a cache line.
struct alignas(64) DnsThreadStats {
  std::array<std::array<ThreadCounter, kOutcomeCount>, kTransportCount> queries;
  std::array<ThreadCounter, kMalformedReplyCount> malformed;
  DurationHistogram duration;
  // Queries, not answers: one that joins a flight is a miss, too.
  ThreadCounter cache_hits;
  ThreadCounter cache_misses;
  ThreadCounter send_failures;      // answers that the kernel did not take
  ThreadCounter overloads;          // queries beyond a bound, answered with SERVFAIL
  ThreadCounter tcp_connections;    // accepted
  ThreadCounter tcp_displacements;  // closed to make room for a newer one
  ThreadCounter tcp_timeouts;       // closed because idle or too slow
};

// Sums over `threads`, which may go on counting meanwhile.
std::vector<prometheus::MetricFamily> dns_metric_families(
    std::span<const DnsThreadStats* const> threads, const CacheStats& cache, const Policy& policy);

}  // namespace weir
