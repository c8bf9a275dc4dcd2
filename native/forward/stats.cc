#include "native/forward/stats.h"

#include "native/runtime/metrics.h"

namespace weir {

void add_sender(const SenderStats& sender, ForwarderStats* stats) {
  SenderStats& sum = stats->senders;
  sum.requests += sender.requests;
  sum.failures += sender.failures;
  sum.conflicts += sender.conflicts;
  sum.events_acked += sender.events_acked;
  sum.gaps_declared += sender.gaps_declared;
  sum.bytes_sent += sender.bytes_sent;
}

std::vector<prometheus::MetricFamily> forward_metric_families(const ForwarderStats& stats) {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  const auto value = [&](const char* name, const char* help, MetricType type, uint64_t number) {
    families.push_back(MetricFamilyBuilder(name, help, type).add({}, number).build());
  };
  const auto total = [&](const char* name, const char* help, uint64_t number) {
    value(name, help, MetricType::Counter, number);
  };
  total("weir_forward_requests_total", "Requests to the receiver.", stats.senders.requests);
  total("weir_forward_failures_total", "Requests and local operations that had to be repeated.",
        stats.senders.failures);
  total("weir_forward_conflicts_total", "Answers 409 of the receiver.", stats.senders.conflicts);
  total("weir_forward_acked_events_total", "Events that the receiver has stored.",
        stats.senders.events_acked);
  total("weir_forward_rejected_events_total", "Events that the receiver refuses; declared gaps.",
        stats.senders.gaps_declared);
  total("weir_forward_sent_bytes_total", "Bytes of segments sent, repeats included.",
        stats.senders.bytes_sent);
  total("weir_forward_forks_total", "Logs that went on under a new name.", stats.forks);
  value("weir_forward_lag_events", "Events not yet stored by the receiver.", MetricType::Gauge,
        stats.lag_events);
  value("weir_forward_last_http_status", "Of the last request; 0 if no answer came.",
        MetricType::Gauge, static_cast<uint64_t>(stats.senders.last_http_status));
  return families;
}

}  // namespace weir
