// fsck: the whole check of a data directory, and its repair.
//
// The check only reads and may run beside a server. It asks SQLite whether the file is in order and
// the core whether what stands in it is (weir/check.h). The repair needs the directory for itself;
// it mends what the core finds and computes rollups anew. A file that SQLite itself finds damaged
// is not repaired here: mending over broken pages could break more; a backup is what helps then.
#pragma once

#include <string>
#include <vector>

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
  RebuildResult rollups;
  FsckReport after;
};
// kNotFound without a database, kConflict while a server holds the directory. A failure leaves the
// rest to a repeat.
Result<RepairReport> repair_database(const std::string& data_dir, int64_t now_ms);

}  // namespace weir
