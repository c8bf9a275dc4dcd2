#include "native/store/fsck.h"

#include "native/store/data_files.h"
#include "native/store/data_lock.h"
#include "native/store/ledger_page.h"
#include "native/store/migrations.h"
#include "native/store/replace_database.h"
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

Status rebuild(SqliteDatabase& database, std::set<int64_t> hours, int64_t now_ms,
               RebuildResult* result) {
  SqliteExecutor executor(&database);
  auto operation = rebuild_rollups(std::move(hours), now_ms, result);
  return run_operation(*operation, executor);
}

// What the last run said of the log that it wrote to.
Result<std::optional<LedgerPage::State>> page_state(const std::string& data_dir) {
  const std::string path = ledger_page_path(data_dir);
  if (!file_exists(path)) return std::optional<LedgerPage::State>();
  WEIR_ASSIGN(const auto page, LedgerPage::open(path));
  if (page->found() != LedgerPage::Found::kIntact) return std::optional<LedgerPage::State>();
  return std::optional(page->state());
}

// Makes a sound database at `fresh` of what can be read of the damaged one.
Status salvage(SqliteDatabase& damaged, const std::string& fresh, const std::string& data_dir,
               int64_t now_ms, RepairReport* report) {
  WEIR_ASSIGN(const auto page, page_state(data_dir));
  WEIR_ASSIGN(SqliteDatabase database, SqliteDatabase::open(fresh, {}));
  WEIR_TRY(migrate(database));
  WEIR_TRY(salvage_rows(damaged, database, &report->salvage));
  WEIR_TRY(complete_logs(database, page, now_ms, &report->salvage));
  FsckReport mended;
  WEIR_TRY(check_tables(database, {.mend = true, .now_ms = now_ms}, &mended));
  report->before.logs.mended = mended.logs.mended;
  WEIR_ASSIGN(const uint64_t lost, account_for_lost(database, now_ms));
  report->before.logs.corrupt_events = mended.logs.corrupt_events + lost;
  WEIR_TRY(rebuild(database, {}, now_ms, &report->rollups));
  return database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

// Damaged files too, if it can be; `refusal` says that it is one.
Result<SqliteDatabase> open_for_repair(const std::string& path, std::string* refusal) {
  SqliteDatabase::Options options{.mode = SqliteDatabase::Mode::kReadWrite};
  Result<SqliteDatabase> database = SqliteDatabase::open(path, options);
  if (database.status().code() != Code::kCorrupt) return database;
  *refusal = database.status().message();
  options.damaged = true;
  return SqliteDatabase::open(path, options);
}

}  // namespace

Result<FsckReport> check_database(SqliteDatabase& database) { return checked(database, {}); }

Result<RepairReport> repair_database(const std::string& data_dir, int64_t now_ms) {
  const std::string path = database_path(data_dir);
  if (!file_exists(path)) return Status(Code::kNotFound, "there is no database at " + path);
  WEIR_ASSIGN(const DataLock lock, DataLock::take(data_dir));
  std::string refusal;
  WEIR_ASSIGN(SqliteDatabase database, open_for_repair(path, &refusal));
  // Which version it is of may stand on a damaged page.
  const Status schema = check_schema(database);
  if (schema.code() != Code::kCorrupt) WEIR_TRY(schema);
  RepairReport report;
  WEIR_ASSIGN(report.before, checked(database, {.mend = refusal.empty(), .now_ms = now_ms}));
  if (!refusal.empty()) report.before.file.push_back(refusal);
  if (report.before.file.empty()) {
    if (!report.before.logs.hours.empty()) {
      WEIR_TRY(rebuild(database, report.before.logs.hours, now_ms, &report.rollups));
    }
    WEIR_ASSIGN(report.after, checked(database, {}));
    return report;
  }
  const std::string fresh = path + ".salvaging";
  Leftover{fresh};  // of a repair that was killed: the lock says that none is running
  Leftover leftover(fresh);
  WEIR_TRY(salvage(database, fresh, data_dir, now_ms, &report));
  database.close();
  WEIR_ASSIGN(report.kept, replace_database(path, fresh));
  leftover.keep();
  WEIR_ASSIGN(SqliteDatabase salvaged, SqliteDatabase::open(path, {}));
  WEIR_ASSIGN(report.after, checked(salvaged, {}));
  return report;
}

}  // namespace weir
