// What benches with a database share: a folder of their own, a stopwatch, and the rule that a
// failure ends the bench.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include "native/store/sqlite.h"
#include "weir/status.h"

namespace weir::bench {

inline void require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "bench: %s\n", status.message().c_str());
  std::exit(1);
}

// Gone at the end.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "weir-bench-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) require(Status(Code::kUnavailable, "mkdtemp failed"));
  }
  ~Folder() {
    std::error_code ignored;  // leftovers in the temporary folder harm no result
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Adds up the time between start() and stop(), of the wall and of this thread's CPU.
class Stopwatch {
 public:
  void start() {
    wall_begin_ = seconds_of(CLOCK_MONOTONIC);
    cpu_begin_ = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  }
  void stop() {
    wall_ += seconds_of(CLOCK_MONOTONIC) - wall_begin_;
    cpu_ += seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu_begin_;
  }
  double wall_seconds() const { return wall_; }
  double cpu_seconds() const { return cpu_; }

 private:
  double wall_begin_ = 0, cpu_begin_ = 0, wall_ = 0, cpu_ = 0;
};

inline SqliteDatabase open_database(const std::string& path) {
  auto database = SqliteDatabase::open(path, {});
  require(database.status());
  return std::move(database).value();
}

// The size of the file with everything in it, free pages too.
inline uint64_t file_bytes(SqliteDatabase& database, const std::string& path) {
  require(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  return std::filesystem::file_size(path);
}

}  // namespace weir::bench
