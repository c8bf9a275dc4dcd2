// FileFaults: the calls by which our own code uses files fail as planned, with an errno. What
// SQLite does with its files, fault_vfs.h makes fail.
//
// Linking weir_file_faults wraps these calls (ld's --wrap) in all that is linked into the program;
// shared libraries, as libsqlite3 and libstdc++, keep the real ones. While nothing is armed they
// pass through. Closing, unmapping and giving a lock up never fail.
#pragma once

#include <cerrno>
#include <cstdint>

namespace weir {

// Only one at a time; counts the calls of all threads.
class FileFaults {
 public:
  struct Plan {
    uint64_t operation = 0;   // counted from 1; 0: none fails
    bool persistent = false;  // and all after it
    int error = EIO;          // ENOSPC: only calls that may need room are counted
  };

  FileFaults() = default;
  ~FileFaults() { disarm(); }
  FileFaults(const FileFaults&) = delete;
  FileFaults& operator=(const FileFaults&) = delete;

  // Begins to count anew.
  void arm(const Plan& plan);
  void disarm() { arm({}); }
  uint64_t failures() const;
};

}  // namespace weir
