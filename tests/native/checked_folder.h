// A data directory with a log in it, for tests of what is done to one while no server runs.
#pragma once

#include <string>
#include <utility>

#include "native/store/data_files.h"
#include "native/store/fsck.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"

namespace weir {

inline constexpr int64_t kNowMs = kSampleHourMs + 3 * kHourMs;

// A data directory with a hundred events, rolled up.
struct CheckedFolder {
  TemporaryFolder folder;
  std::string data_dir = folder.path("");

  CheckedFolder() {
    auto database = open(SqliteDatabase::Mode::kCreate);
    REQUIRE(migrate(database).ok());
    SqliteExecutor executor(&database);
    opened(executor);
    for (uint64_t first = 0; first < 100; first += 10) {
      append_ok(executor, 1, {sample_segment({.first = first})});
    }
    RollupProgress progress;
    REQUIRE(run(executor, advance_rollups(kNowMs, {}, &progress)).ok());
  }
  SqliteDatabase open(SqliteDatabase::Mode mode) const {
    Result<SqliteDatabase> database = SqliteDatabase::open(database_path(data_dir), {.mode = mode});
    REQUIRE(database.ok());
    return std::move(*database);
  }
  void execute(const char* sql) const {
    REQUIRE(open(SqliteDatabase::Mode::kReadWrite).execute(sql).ok());
  }
  FsckReport check() const {
    SqliteDatabase database = open(SqliteDatabase::Mode::kReadOnly);
    Result<FsckReport> report = check_database(database);
    REQUIRE(report.ok());
    return std::move(*report);
  }
};

}  // namespace weir
