// FaultVfs: a VFS of SQLite (https://sqlite.org/vfs.html) over the real one, whose writes fail as
// planned: the disk is full, or the N-th write, sync or truncation is an I/O error; if asked for,
// opens, deletions and locks fail too, each with a code of its own.
//
// While it lives it is the default VFS, so that code under test opens files through it without
// knowing. Only one at a time; files must be closed before its end.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>

namespace weir {

class FaultVfs {
 public:
  enum class Operations : uint8_t {
    kWrites,  // writes, syncs and truncations
    kAll,     // and opens, deletions and locks
  };
  struct Plan {
    uint64_t operation = 0;   // counted from 1; 0: none fails
    bool persistent = false;  // and all after it
    int code = SQLITE_IOERR_WRITE;
    Operations counted = Operations::kWrites;
  };

  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // Begins to count anew.
  void arm(const Plan& plan);
  void disarm() { arm({}); }
  uint64_t failures() const { return failures_; }
  // How often a file was synced since the beginning.
  uint64_t syncs() const { return syncs_; }

  // For the methods: the code of the failure that is planned for this operation, or SQLITE_OK.
  int next();
  // The same for what is no write: `code` if it fails.
  int next_other(int code);
  void count_sync() { ++syncs_; }

 private:
  sqlite3_vfs vfs_;
  std::atomic<uint64_t> operation_{0};  // of the plan
  std::atomic<bool> persistent_{false};
  std::atomic<bool> counts_all_{false};
  std::atomic<int> code_{0};
  std::atomic<uint64_t> done_{0};
  std::atomic<uint64_t> failures_{0};
  std::atomic<uint64_t> syncs_{0};
};

}  // namespace weir
