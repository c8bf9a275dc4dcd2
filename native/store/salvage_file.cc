#include "native/store/salvage_file.h"

#include "native/store/first_page.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"

namespace weir {
namespace {

// Does the first page say what stands where?
Status find_tables(SqliteDatabase& database) {
  const Status status = database.prepare("SELECT data FROM segments").status();
  return status.code() == Code::kUnsupported ? Status(Code::kCorrupt, status.message()) : status;
}

Result<SqliteDatabase> open_source(const std::string& path) {
  std::string refusal;
  Result<SqliteDatabase> database = open_damaged(path, &refusal);
  Status status = database.ok() ? find_tables(*database) : database.status();
  if (status.code() == Code::kCorrupt) {
    if (database.ok()) database->close();
    WEIR_TRY(lend_first_page(path));
    database = open_damaged(path, &refusal);
    status = database.status();
  }
  WEIR_TRY(status);
  return database;
}

}  // namespace

Result<SqliteDatabase> open_damaged(const std::string& path, std::string* refusal) {
  SqliteDatabase::Options options{.mode = SqliteDatabase::Mode::kReadWrite};
  Result<SqliteDatabase> database = SqliteDatabase::open(path, options);
  if (database.status().code() != Code::kCorrupt) return database;
  *refusal = database.status().message();
  options.damaged = true;
  return SqliteDatabase::open(path, options);
}

Result<FileSalvage> salvage_file(const SalvageRequest& request) {
  WEIR_ASSIGN(SqliteDatabase damaged, open_source(request.damaged));
  WEIR_ASSIGN(SqliteDatabase fresh,
              SqliteDatabase::open(request.fresh, {.synchronous_full = false}));
  for (SqliteDatabase* database : {&damaged, &fresh}) database->end_when(request.ended);
  WEIR_TRY(migrate(fresh));
  FileSalvage result;
  WEIR_TRY(salvage_rows(damaged, fresh, &result.rows));
  WEIR_TRY(complete_logs(fresh, request.page, request.now_ms, &result.rows));
  SqliteExecutor executor(&fresh);
  CheckResult mended;
  const auto mend = check_logs({.mending = Mending::kAll, .now_ms = request.now_ms}, &mended);
  WEIR_TRY(run_operation(*mend, executor));
  result.mended = mended.mended;
  WEIR_ASSIGN(const uint64_t lost, account_for_lost(fresh, request.now_ms));
  result.corrupt_events = mended.corrupt_events + lost;
  const auto rebuild = rebuild_rollups({}, request.now_ms, &result.rollups);
  WEIR_TRY(run_operation(*rebuild, executor));
  WEIR_TRY(fresh.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  return result;
}

}  // namespace weir
