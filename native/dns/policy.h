// Policy: what the reloadable options amount to, as one immutable snapshot.
//
// Each thread holds a reference; a reload hands every thread a new one. A query keeps the snapshot
// that it began with.
#pragma once

#include <memory>

#include "native/dns/local_records.h"
#include "native/dns/options.h"
#include "native/dns/upstream.h"
#include "weir/rules.h"

namespace weir {

struct Policy {
  DnsOptions options;
  LocalRecords local;
  RuleSet rules;
  UpstreamList upstreams;
};

// Reads the block lists. `previous` may be null; its upstreams' health and counters live on.
Result<std::shared_ptr<const Policy>> make_policy(const DnsOptions& options,
                                                  const Policy* previous);

}  // namespace weir
