// SpaceKeeper: keeps database and WAL within their bounds and counts what is written to the disk.
//
// Maintenance calls it between two flushes; it measures, gives space back, tells the flood guard
// how hard to fold, and says how much must be removed. What to remove is the core's (shrink).
#pragma once

#include <string>

#include "native/store/byte_budget.h"
#include "native/store/disk_writes.h"
#include "native/store/flood_guard.h"
#include "native/store/maintenance.h"

namespace weir {

// Lives on the writer thread; borrows database and guard.
class SpaceKeeper {
 public:
  struct Figures {
    uint64_t budget_bytes = 0;  // 0: none
    SpaceUse use;
    Pressure pressure = Pressure::kNone;
    uint64_t written_bytes = 0;  // since the start
    uint64_t written_bytes_per_day = 0;
  };

  // The database is <data_dir>/weir.db.
  SpaceKeeper(SqliteDatabase& database, FloodGuard& guard, const std::string& data_dir,
              uint64_t bytes_max);

  Status prepare() { return wal_.prepare(); }
  Status checkpoint(int64_t wall_ms);
  // Everything is in the database's file then; kConflict while readers are in the way.
  Status empty_wal();
  Result<Excess> excess();
  // Before the end: what was written is noted.
  void finish(int64_t wall_ms);

  const Figures& figures() const { return figures_; }

 private:
  Status give_back();
  void count_writes(int64_t wall_ms);
  void save_writes();

  SqliteDatabase& database_;
  FloodGuard& guard_;
  const std::string wal_path_;
  const ByteBudget budget_;
  WalKeeper wal_;
  DiskWrites writes_;
  int64_t next_save_ms_ = 0;
  bool save_failed_ = false;  // reported already
  Figures figures_;
};

// 0 if it is not there.
Result<uint64_t> file_size(const std::string& path);
// 0 also if it cannot be looked at.
uint64_t file_bytes(const std::string& path);

}  // namespace weir
