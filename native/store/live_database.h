// LiveDatabase: the database that is written to now, and the file under it.
//
// It notices when the file is deleted, replaced or damaged, and makes way for a new one. What is
// set aside waits for its salvage (set_aside.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "native/store/database_watch.h"
#include "native/store/sqlite.h"
#include "native/store/sqlite_executor.h"

namespace weir {

// Lives on the writer thread, but for what any thread may call.
class LiveDatabase {
 public:
  struct Options {
    std::string data_dir;          // has the file weir.db
    bool synchronous_full = true;  // each commit survives a loss of power
  };
  enum class Fate : uint8_t { kSound, kGone, kDamaged };

  // Opens the database. One that is damaged so much that it cannot be opened makes way for a new
  // one, if it is ours: a file that is no database is that if there is a ledger page to it; else it
  // is somebody's, and is left alone (kCorrupt).
  static Result<std::unique_ptr<LiveDatabase>> open(const Options& options);
  LiveDatabase(const LiveDatabase&) = delete;
  LiveDatabase& operator=(const LiveDatabase&) = delete;

  const std::string& path() const { return path_; }
  SqliteDatabase& connection() { return database_; }  // the only one that writes
  SqliteExecutor& executor() { return executor_; }

  // Any thread. Which one it is: one that takes the place of another has a number of its own.
  uint64_t number() const { return number_; }
  // Any thread. Somebody has read the one of this number and found it damaged.
  void found_damaged(uint64_t number) { damaged_number_ = number; }

  bool is_open() const { return database_.is_open(); }
  bool known_damaged() const { return is_open() && damaged_number_ == number_; }
  // What the file itself tells: kGone if somebody has deleted it or put another one in its place,
  // kDamaged if it does not begin as a database does.
  Fate look() const;

  // Makes its tables what this version wants.
  Status migrate();
  // Closes it and leaves its name to another file; one that is damaged is set aside.
  Status make_way(Fate fate);
  // Opens the file that has the name now, which is another one, or a new one; the folder may be
  // gone, too. One that cannot be opened for its damage is set aside first. On failure nothing is
  // open.
  Status reopen();
  void close() { database_.close(); }

 private:
  LiveDatabase(const Options& options, SqliteDatabase database);

  const Options options_;
  const std::string path_;
  SqliteDatabase database_;
  SqliteExecutor executor_{&database_};
  DatabaseWatch watch_{path_};
  std::atomic<uint64_t> number_{1};
  std::atomic<uint64_t> damaged_number_{0};
};

}  // namespace weir
