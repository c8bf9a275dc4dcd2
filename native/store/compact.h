// compact: everything that maintenance would do to the log in time, at once, and the free space
// given back to the disk.
//
// Rolls up what can be, merges the segments of finished hours and days, computes the rollups
// anew if asked to, and rewrites the file without free pages. It needs the directory for itself,
// and as much free space on the disk as the database takes. Nothing is removed for its age.
#pragma once

#include <cstdint>
#include <string>

#include "weir/check.h"
#include "weir/log_store.h"

namespace weir {

struct CompactReport {
  uint64_t segments_merged = 0;
  uint64_t segments_made = 0;
  RebuildResult rollups;  // zeros unless asked for
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;  // of the file
};
// kNotFound without a database, kConflict while a server holds the directory. A failure leaves the
// rest to a repeat.
Result<CompactReport> compact_database(const std::string& data_dir, bool rebuild, int64_t now_ms);

}  // namespace weir
