// Block lists from files: reads them into a RuleSet, on whatever thread calls, never on one that
// answers queries.
#pragma once

#include <vector>

#include "native/dns/options.h"
#include "weir/rules.h"

namespace weir {

// All lists or none: the status names the list, the file and the reason. kTooLarge for a file past
// kBlockListBytesMax, or rules past kRulesMax.
Result<RuleSet> load_block_lists(const std::vector<BlockListOptions>& lists);

}  // namespace weir
