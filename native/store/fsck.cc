#include "native/store/fsck.h"

#include <filesystem>

#include "native/store/data_files.h"
#include "native/store/data_lock.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"

namespace weir {
namespace {

// A page that cannot be read ends a check; that too is something found.
Status found_if_corrupt(Status status, FsckReport* report) {
  if (status.code() != Code::kCorrupt) return status;
  report->file.push_back("the check ended early: " + status.message());
  return {};
}

// The lines of SQLite's check, none if it has nothing to say.
Status check_file(SqliteDatabase& database, FsckReport* report) {
  WEIR_ASSIGN(SqliteStatement check, database.prepare("PRAGMA integrity_check(100)"));
  while (true) {
    const Result<bool> more = check.step();
    if (!more.ok()) return found_if_corrupt(more.status(), report);
    if (!*more) return {};
    const std::string line = check.column_text(0);
    if (line != "ok") report->file.push_back(line);
  }
}

Status check_tables(SqliteDatabase& database, CheckRequest request, FsckReport* report) {
  SqliteExecutor executor(&database);
  auto operation = check_logs(request, &report->logs);
  return found_if_corrupt(run_operation(*operation, executor), report);
}

Result<FsckReport> checked(SqliteDatabase& database, const CheckRequest& request) {
  FsckReport report;
  WEIR_TRY(check_file(database, &report));
  // Nothing is mended on pages that SQLite does not vouch for.
  CheckRequest allowed = request;
  allowed.mend = request.mend && report.file.empty();
  WEIR_TRY(check_tables(database, allowed, &report));
  return report;
}

}  // namespace

Result<FsckReport> check_database(SqliteDatabase& database) { return checked(database, {}); }

Result<RepairReport> repair_database(const std::string& data_dir, int64_t now_ms) {
  const std::string path = database_path(data_dir);
  std::error_code ignored;  // what cannot be looked at is not there
  if (!std::filesystem::exists(path, ignored)) {
    return Status(Code::kNotFound, "there is no database at " + path);
  }
  WEIR_ASSIGN(const DataLock lock, DataLock::take(data_dir));
  WEIR_ASSIGN(SqliteDatabase database,
              SqliteDatabase::open(path, {.mode = SqliteDatabase::Mode::kReadWrite}));
  WEIR_TRY(check_schema(database));
  RepairReport report;
  WEIR_ASSIGN(report.before, checked(database, {.mend = true, .now_ms = now_ms}));
  if (report.before.file.empty() && !report.before.logs.hours.empty()) {
    SqliteExecutor executor(&database);
    auto rebuild = rebuild_rollups(report.before.logs.hours, now_ms, &report.rollups);
    WEIR_TRY(run_operation(*rebuild, executor));
  }
  WEIR_ASSIGN(report.after, checked(database, {}));
  return report;
}

}  // namespace weir
