// fsck: the whole check of a data directory, and its repair.
//
// The check only reads and may run beside a server. It asks SQLite whether the file is in order and
// the core whether what stands in it is (weir/check.h). The repair needs the directory for itself;
// it mends what the core finds and computes rollups anew. Of a file that SQLite itself finds
// damaged nothing is mended in place, since writing over broken pages could break more: what can be
// read is salvaged into a new file (salvage.h), which takes its place once it is complete.
#pragma once

#include <string>
#include <vector>

#include "native/store/salvage.h"
#include "native/store/sqlite.h"
#include "weir/check.h"

namespace weir {

struct FsckReport {
  std::vector<std::string> file;  // what SQLite says, at most 100 lines; empty: in order
  CheckResult logs;

  uint64_t problems() const { return file.size() + logs.findings_count; }
};

// kCorrupt only if the database cannot be asked at all.
Result<FsckReport> check_database(SqliteDatabase& database);

struct RepairReport {
  FsckReport before;
  std::string kept;       // where the damaged file is; empty: it was sound
  SalvageResult salvage;  // of a damaged one
  RebuildResult rollups;
  FsckReport after;
};
// kNotFound without a database, kConflict while a server holds the directory, kCorrupt if nothing
// of it can be read. A failure leaves the rest to a repeat.
Result<RepairReport> repair_database(const std::string& data_dir, int64_t now_ms);

}  // namespace weir
