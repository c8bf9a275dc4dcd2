#include "native/store/compact.h"

#include <algorithm>
#include <filesystem>

#include "native/store/data_files.h"
#include "native/store/data_lock.h"
#include "native/store/maintenance.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"

namespace weir {
namespace {

Status roll_up(Executor& executor, int64_t now_ms) {
  RollupProgress progress;
  do {
    const auto operation = advance_rollups(now_ms, {}, &progress);
    WEIR_TRY(run_operation(*operation, executor));
  } while (!progress.done);
  return {};
}

Status merge(Executor& executor, const MergePolicy& policy, CompactReport* report) {
  MergeProgress progress;
  do {
    const auto operation = merge_segments(policy, &progress);
    WEIR_TRY(run_operation(*operation, executor));
    report->segments_merged += progress.segments;
    report->segments_made += progress.merges;
  } while (!progress.done);
  return {};
}

// Whether a forwarder has sent anything: then what it has not sent stays easy to cut.
Result<bool> is_forwarded(Executor& executor) {
  std::vector<LogState> logs;
  const auto operation = list_logs("", &logs);
  WEIR_TRY(run_operation(*operation, executor));
  return std::any_of(logs.begin(), logs.end(), [](const LogState& log) { return log.acked > 0; });
}

}  // namespace

Result<CompactReport> compact_database(const std::string& data_dir, bool rebuild, int64_t now_ms) {
  const std::string path = database_path(data_dir);
  std::error_code ignored;  // what cannot be looked at is not there
  if (!std::filesystem::exists(path, ignored)) {
    return Status(Code::kNotFound, "there is no database at " + path);
  }
  WEIR_ASSIGN(const DataLock lock, DataLock::take(data_dir));
  WEIR_ASSIGN(SqliteDatabase database,
              SqliteDatabase::open(path, {.mode = SqliteDatabase::Mode::kReadWrite}));
  WEIR_TRY(check_schema(database));
  SqliteExecutor executor(&database);
  CompactReport report;
  WEIR_TRY(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  report.bytes_before = std::filesystem::file_size(path, ignored);
  WEIR_TRY(roll_up(executor, now_ms));
  WEIR_ASSIGN(const bool forwarded, is_forwarded(executor));
  WEIR_TRY(merge(executor, Maintenance::level1_policy(now_ms), &report));
  WEIR_TRY(merge(executor, Maintenance::level2_policy(now_ms, forwarded), &report));
  WEIR_TRY(merge(executor, Maintenance::day_policy(now_ms, forwarded), &report));
  if (rebuild) {
    const auto operation = rebuild_rollups({}, now_ms, &report.rollups);
    WEIR_TRY(run_operation(*operation, executor));
  }
  WEIR_TRY(database.execute("VACUUM"));
  WEIR_TRY(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  report.bytes_after = std::filesystem::file_size(path, ignored);
  return report;
}

}  // namespace weir
