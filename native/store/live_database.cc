#include "native/store/live_database.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "native/runtime/clock.h"
#include "native/store/data_files.h"
#include "native/store/ledger_page.h"
#include "native/store/migrations.h"
#include "native/store/replace_database.h"
#include "native/store/set_aside.h"

namespace weir {
namespace {

// The writer appends, and reads again little but what it has just written. More would fill with
// segments that nobody asks this connection for; what a large merge has too much goes to the WAL.
constexpr int64_t kWriterCacheKib = 2048;

SqliteDatabase::Options opening_options(const LiveDatabase::Options& options) {
  SqliteDatabase::Options opening;
  opening.synchronous_full = options.synchronous_full;
  opening.cache_kib = kWriterCacheKib;
  return opening;
}

Status set_aside_damaged(const std::string& path) {
  WEIR_ASSIGN(const std::string name, set_aside(path, wall_clock_ms()));
  spdlog::error(
      "the database is damaged; it is set aside as {}, and a new one begins. What can be read of "
      "the old one comes back by itself",
      name);
  return {};
}

Result<bool> is_ours(const std::string& data_dir) {
  const std::string page_path = ledger_page_path(data_dir);
  WEIR_ASSIGN(const bool has_page, file_exists(page_path));
  if (!has_page) return false;
  WEIR_ASSIGN(const auto page, LedgerPage::open(page_path));
  return page->found() == LedgerPage::Found::kIntact;
}

}  // namespace

LiveDatabase::LiveDatabase(const Options& options, SqliteDatabase database)
    : options_(options), path_(database_path(options.data_dir)), database_(std::move(database)) {}

Result<std::unique_ptr<LiveDatabase>> LiveDatabase::open(const Options& options) {
  const std::string path = database_path(options.data_dir);
  Result<SqliteDatabase> database = SqliteDatabase::open(path, opening_options(options));
  if (database.status().code() == Code::kCorrupt) {
    WEIR_ASSIGN(const bool ours, is_ours(options.data_dir));
    if (!ours) return database.status();
    WEIR_TRY(set_aside_damaged(path));
    database = SqliteDatabase::open(path, opening_options(options));
  }
  WEIR_TRY(database.status());
  std::unique_ptr<LiveDatabase> live(new LiveDatabase(options, std::move(database).value()));
  WEIR_TRY(live->watch_.remember());
  return live;
}

LiveDatabase::Fate LiveDatabase::look() const {
  if (watch_.gone()) return Fate::kGone;
  return database_.has_header() ? Fate::kSound : Fate::kDamaged;
}

Status LiveDatabase::migrate() { return weir::migrate(database_); }

// Closed before anything of its name is opened: SQLite removes the WAL by name.
Status LiveDatabase::make_way(Fate fate) {
  database_.close();
  if (fate == Fate::kDamaged) return set_aside_damaged(path_);
  spdlog::error("the database was deleted or replaced; a new log begins");
  return {};
}

Status LiveDatabase::reopen() {
  ++number_;
  Status opened = database_.reopen(path_, opening_options(options_));
  if (opened.code() == Code::kCorrupt) {  // it could not be set aside before, or was put here since
    WEIR_TRY(make_way(Fate::kDamaged));
    opened = database_.reopen(path_, opening_options(options_));
  }
  WEIR_TRY(opened);
  Status status = watch_.remember();
  if (status.ok()) status = migrate();
  if (!status.ok()) database_.close();
  return status;
}

}  // namespace weir
