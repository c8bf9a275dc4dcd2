// RollupCheck: holds the stored rollups against each other and against the segments. Pure.
#pragma once

#include <map>
#include <vector>

#include "hour_inventory.h"
#include "rollup_delta.h"
#include "weir/check.h"

namespace weir {

class RollupCheck {
 public:
  // One row of kRollupList or kRollupGet, in the order of ids; a row that cannot be read is a
  // finding.
  void add(const Rows& rows, size_t row);
  // Compares all that was added with each other and with the segments; null: not at all, since they
  // are of different moments. The hours to be computed anew are added to `hours`.
  std::vector<Finding> finish(const HourInventory* segments, std::set<int64_t>* hours);

 private:
  struct Stored {
    OutcomeCounts counts;
    uint64_t skewed = 0;
  };

  void say(const RollupKey& key, const char* problem);
  const Stored* find(RollupLevel level, int64_t log_no, int64_t hour) const;
  void check_days();
  void check_all_logs();
  void check_segments(const HourInventory& segments);

  std::map<int64_t, Stored> rollups_;  // by id
  std::vector<Finding> findings_;
  std::set<int64_t> hours_;
};

}  // namespace weir
