#include "native/store/fsck.h"

#include "native/store/data_files.h"
#include "native/store/data_lock.h"
#include "native/store/ledger_page.h"
#include "native/store/migrations.h"
#include "native/store/replace_database.h"
#include "native/store/salvage_file.h"
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
  if (!report.file.empty()) allowed.mending = Mending::kNone;
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
  WEIR_ASSIGN(const bool exists, file_exists(path));
  if (!exists) return std::optional<LedgerPage::State>();
  WEIR_ASSIGN(const auto page, LedgerPage::open(path));
  if (page->found() != LedgerPage::Found::kIntact) return std::optional<LedgerPage::State>();
  return std::optional(page->state());
}

// Mends what can be mended in place; what SQLite has against the file is in report->before.
Status check_in_place(const std::string& path, int64_t now_ms, RepairReport* report) {
  std::string refusal;
  Result<SqliteDatabase> opened = open_damaged(path, &refusal);
  if (opened.status().code() == Code::kCorrupt) {
    report->before.file.push_back(opened.status().message());
    return {};
  }
  WEIR_ASSIGN(SqliteDatabase database, std::move(opened));
  // Which version it is of may stand on a damaged page.
  const Status schema = check_schema(database);
  if (schema.code() != Code::kCorrupt) WEIR_TRY(schema);
  const Mending mending = refusal.empty() ? Mending::kAll : Mending::kNone;
  WEIR_ASSIGN(report->before, checked(database, {.mending = mending, .now_ms = now_ms}));
  if (!refusal.empty()) report->before.file.push_back(refusal);
  if (!report->before.file.empty() || report->before.logs.hours.empty()) return {};
  return rebuild(database, report->before.logs.hours, now_ms, &report->rollups);
}

// Puts a sound database, made of what can be read, in the place of the damaged one.
Status replace_damaged(const std::string& data_dir, int64_t now_ms, RepairReport* report) {
  const std::string path = database_path(data_dir);
  const std::string fresh = salvaging_path(path);
  WEIR_TRY(remove_database(fresh));  // a killed repair's: the lock says that none is running
  const Leftover leftover(fresh);
  WEIR_ASSIGN(const auto page, page_state(data_dir));
  WEIR_ASSIGN(const FileSalvage salvage,
              salvage_file({.damaged = path, .fresh = fresh, .page = page, .now_ms = now_ms}));
  report->salvage = salvage.rows;
  report->rollups = salvage.rollups;
  report->before.logs.mended = salvage.mended;
  report->before.logs.corrupt_events = salvage.corrupt_events;
  WEIR_ASSIGN(report->kept, replace_database(path, fresh));
  return {};
}

}  // namespace

Result<FsckReport> check_database(SqliteDatabase& database) { return checked(database, {}); }

Result<RepairReport> repair_database(const std::string& data_dir, int64_t now_ms) {
  const std::string path = database_path(data_dir);
  WEIR_ASSIGN(const bool exists, file_exists(path));
  if (!exists) return Status(Code::kNotFound, "there is no database at " + path);
  WEIR_ASSIGN(const DataLock lock, DataLock::take(data_dir));
  RepairReport report;
  WEIR_TRY(check_in_place(path, now_ms, &report));
  if (!report.before.file.empty()) WEIR_TRY(replace_damaged(data_dir, now_ms, &report));
  WEIR_ASSIGN(SqliteDatabase mended, SqliteDatabase::open(path, {}));
  WEIR_ASSIGN(report.after, checked(mended, {}));
  return report;
}

}  // namespace weir
