// What the forwarder counts, and the weir_forward_* metric families made of it.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "weir/forward.h"

namespace weir {

// Of all logs together, since the start.
struct ForwarderStats {
  SenderStats senders;          // last_http_status: of the last request of any of them
  uint64_t forks = 0;           // logs that went on under a new name
  uint64_t lag_events = 0;      // not yet acked
  uint64_t local_failures = 0;  // operations on the database that failed and are repeated
};

// Adds the counters of one sender; last_http_status stays.
void add_sender(const SenderStats& sender, ForwarderStats* stats);

std::vector<prometheus::MetricFamily> forward_metric_families(const ForwarderStats& stats);

}  // namespace weir
