// Everything that can fail in a set of options fails here, before any thread sees it. The lists
// come last: they are the slow part, and the rest is cheap to refuse.
#include "native/dns/policy.h"

#include "native/dns/block_lists.h"

namespace weir {

Result<std::shared_ptr<const Policy>> make_policy(const DnsOptions& options,
                                                  const Policy* previous) {
  WEIR_TRY(check_dns_options(options));
  auto policy = std::make_shared<Policy>();
  policy->options = options;
  WEIR_ASSIGN(policy->local, LocalRecords::make(options.local_records));
  WEIR_ASSIGN(policy->upstreams,
              make_upstreams(options.upstreams,
                             previous != nullptr ? previous->upstreams : UpstreamList()));
  WEIR_ASSIGN(policy->rules, load_block_lists(options.block_lists));
  return std::shared_ptr<const Policy>(std::move(policy));
}

}  // namespace weir
