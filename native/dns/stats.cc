// Families are built anew at each collection from the threads' counters, the cache's and the
// upstreams'. Label values are few by construction: transports, outcomes, what the user configured.
// Nothing that a client sends becomes a label.
#include "native/dns/stats.h"

namespace weir {
namespace {

using Builder = MetricFamilyBuilder;
using Families = std::vector<prometheus::MetricFamily>;
using Threads = std::span<const DnsThreadStats* const>;
using prometheus::MetricType;

template <class Get>
uint64_t sum(Threads threads, Get get) {
  uint64_t total = 0;
  for (const DnsThreadStats* stats : threads) total += get(*stats).value();
  return total;
}

// A counter without labels, by the member that holds it.
void add_total(Families* families, Threads threads, const char* name, const char* help,
               ThreadCounter DnsThreadStats::* member) {
  Builder builder(name, help, MetricType::Counter);
  builder.add({}, sum(threads, [member](const DnsThreadStats& stats) -> const ThreadCounter& {
                return stats.*member;
              }));
  families->push_back(builder.build());
}

void add_value(Families* families, const char* name, const char* help, MetricType type,
               uint64_t value) {
  families->push_back(Builder(name, help, type).add({}, value).build());
}

void add_queries(Families* families, Threads threads) {
  Builder queries("weir_dns_queries_total", "Queries answered.", MetricType::Counter);
  for (size_t t = 0; t < kTransportCount; ++t) {
    for (size_t o = 0; o < kOutcomeCount; ++o) {
      queries.add({{"transport", std::string(transport_name(static_cast<Transport>(t)))},
                   {"outcome", std::string(outcome_name(static_cast<Outcome>(o)))}},
                  sum(threads, [t, o](const DnsThreadStats& stats) -> const ThreadCounter& {
                    return stats.queries[t][o];
                  }));
    }
  }
  families->push_back(queries.build());

  Builder malformed("weir_dns_malformed_total",
                    "Messages without a readable question, by how they were answered.",
                    MetricType::Counter);
  constexpr std::array<const char*, kMalformedReplyCount> kReplies = {"formerr", "notimp", "none"};
  for (size_t i = 0; i < kReplies.size(); ++i) {
    malformed.add({{"answer", kReplies[i]}},
                  sum(threads, [i](const DnsThreadStats& stats) -> const ThreadCounter& {
                    return stats.malformed[i];
                  }));
  }
  families->push_back(malformed.build());

  DurationSum duration;
  for (const DnsThreadStats* stats : threads) duration.add(stats->duration);
  families->push_back(Builder("weir_dns_query_duration_seconds",
                              "From a query's arrival to its answer handed to the kernel.",
                              MetricType::Histogram)
                          .add({}, duration.metric())
                          .build());
}

void add_cache(Families* families, Threads threads, const CacheStats& cache) {
  add_total(families, threads, "weir_dns_cache_hits_total", "Queries answered from the cache.",
            &DnsThreadStats::cache_hits);
  add_total(families, threads, "weir_dns_cache_misses_total",
            "Queries that the cache did not know.", &DnsThreadStats::cache_misses);
  add_value(families, "weir_dns_cache_entries", "Answers kept, expired ones included.",
            MetricType::Gauge, cache.entries);
  add_value(families, "weir_dns_cache_bytes", "Bytes of the cache in use.", MetricType::Gauge,
            cache.bytes);
  add_value(families, "weir_dns_cache_inserts_total", "Answers put into the cache.",
            MetricType::Counter, cache.inserts);
  add_value(families, "weir_dns_cache_evictions_total", "Answers evicted before they expired.",
            MetricType::Counter, cache.evictions);
  add_value(families, "weir_dns_cache_oversized_total", "Answers too large to keep.",
            MetricType::Counter, cache.oversized);
  add_value(families, "weir_dns_coalesced_total",
            "Queries that waited for the answer to an equal one.", MetricType::Counter,
            cache.coalesced);
  add_value(families, "weir_dns_in_flight", "Questions that wait for an upstream.",
            MetricType::Gauge, cache.flights);
}

void add_upstreams(Families* families, const UpstreamList& upstreams) {
  using Member = std::atomic<uint64_t> UpstreamCounters::*;
  struct Column {
    const char* name;
    const char* help;
    Member member;
  };
  constexpr std::array<Column, 6> kColumns = {{
      {"weir_dns_upstream_queries_total", "Attempts sent.", &UpstreamCounters::queries},
      {"weir_dns_upstream_answers_total", "Answers accepted.", &UpstreamCounters::answers},
      {"weir_dns_upstream_timeouts_total", "Attempts without an answer in time.",
       &UpstreamCounters::timeouts},
      {"weir_dns_upstream_errors_total", "Attempts that failed at the socket.",
       &UpstreamCounters::errors},
      {"weir_dns_upstream_mismatches_total", "Messages that answered something else.",
       &UpstreamCounters::mismatches},
      {"weir_dns_upstream_truncations_total", "Answers asked for again over TCP.",
       &UpstreamCounters::truncations},
  }};
  for (const Column& column : kColumns) {
    Builder builder(column.name, column.help, MetricType::Counter);
    for (const auto& upstream : upstreams) {
      builder.add({{"upstream", upstream->text()}},
                  (upstream->counters().*column.member).load(std::memory_order_relaxed));
    }
    families->push_back(builder.build());
  }
}

void add_lists(Families* families, const RuleSet& rules) {
  Builder count("weir_dns_list_rules", "Rules of a block list.", MetricType::Gauge);
  Builder rejected("weir_dns_list_rejected_lines", "Lines of a block list that are no rule.",
                   MetricType::Gauge);
  for (const ListStats& list : rules.lists()) {
    count.add({{"list", list.name}}, list.rules);
    rejected.add({{"list", list.name}}, list.rejected);
  }
  families->push_back(count.build());
  families->push_back(rejected.build());
}

}  // namespace

std::vector<prometheus::MetricFamily> dns_metric_families(Threads threads, const CacheStats& cache,
                                                          const Policy& policy) {
  Families families;
  add_queries(&families, threads);
  add_total(&families, threads, "weir_dns_send_failures_total",
            "Answers that the kernel did not take.", &DnsThreadStats::send_failures);
  add_total(&families, threads, "weir_dns_overloads_total",
            "Queries beyond a bound, answered with SERVFAIL.", &DnsThreadStats::overloads);
  add_total(&families, threads, "weir_dns_tcp_connections_total", "TCP connections accepted.",
            &DnsThreadStats::tcp_connections);
  add_total(&families, threads, "weir_dns_tcp_displacements_total",
            "TCP connections closed to make room for a newer one.",
            &DnsThreadStats::tcp_displacements);
  add_total(&families, threads, "weir_dns_tcp_timeouts_total",
            "TCP connections closed because idle or too slow.", &DnsThreadStats::tcp_timeouts);
  add_cache(&families, threads, cache);
  add_upstreams(&families, policy.upstreams);
  add_lists(&families, policy.rules);
  return families;
}

}  // namespace weir
