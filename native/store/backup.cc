// Both directions copy beside the target first and rename what is complete and synced.
#include "native/store/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"
#include "native/store/data_files.h"
#include "native/store/data_lock.h"
#include "native/store/ledger_page.h"
#include "native/store/migrations.h"
#include "native/store/replace_database.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

Result<SqliteDatabase> open_source(const std::string& path) {
  WEIR_ASSIGN(const bool exists, file_exists(path));
  if (!exists) return Status(Code::kNotFound, "there is no database at " + path);
  return SqliteDatabase::open(path, {.mode = SqliteDatabase::Mode::kReadOnly});
}

// `copy` must not exist or be empty.
Status copy_database(SqliteDatabase& source, const std::string& copy) {
  WEIR_ASSIGN(SqliteStatement vacuum, source.prepare("VACUUM INTO ?1"));
  const Value path = copy;
  WEIR_TRY(vacuum.bind(1, path));
  WEIR_TRY(vacuum.step().status());
  return sync_to_disk(copy);
}

// Gives a finished file its name, or another one, unless somebody else has taken it.
Status rename_finished(const std::string& fresh, const std::string& name) {
  if (::link(fresh.c_str(), name.c_str()) == 0) return {};
  if (errno == EEXIST) return Status(Code::kConflict, name + " exists and is not overwritten");
  // File systems without links (FAT, on sticks) know this instead.
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE) != 0) {
    return system_status("cannot make " + name);
  }
  return {};
}

Status publish(const std::string& fresh, const std::string& name) {
  WEIR_TRY(rename_finished(fresh, name));
  const Status synced = sync_to_disk(folder_of(name));
  if (!synced.ok()) std::remove(name.c_str());  // a failed backup leaves no file of this name
  return synced;
}

// An empty database would be taken for a new one, and a restore from it would lose everything.
Status check_is_weir(SqliteDatabase& source, const std::string& file) {
  const Status none(Code::kInvalid, file + " is no database of Weir");
  Result<SqliteStatement> select = source.prepare("SELECT 1 FROM d1_migrations LIMIT 1");
  if (!select.ok()) return none;
  WEIR_ASSIGN(const bool found, select->step());
  return found ? Status() : none;
}

// The page names a log that is in no database: the next start opens a new one. It stays as clean
// as it was, because what the last run had in memory is lost to the ledger either way.
Status end_logs(const std::string& data_dir) {
  WEIR_ASSIGN(auto page, LedgerPage::open(ledger_page_path(data_dir)));
  const bool clean = page->found() == LedgerPage::Found::kIntact
                         ? page->state().clean
                         : page->found() == LedgerPage::Found::kFresh;
  page->set_state({.log = {}, .committed_end = 0, .base = page->totals(), .clean = clean});
  return {};
}

}  // namespace

Result<uint64_t> backup_database(const std::string& data_dir, const std::string& file) {
  WEIR_ASSIGN(const bool exists, file_exists(file));
  if (exists) return Status(Code::kConflict, file + " exists and is not overwritten");
  WEIR_ASSIGN(SqliteDatabase source, open_source(database_path(data_dir)));
  WEIR_TRY(check_schema(source));
  std::string fresh = file + ".XXXXXX";
  const UniqueFd made(::mkstemp(fresh.data()));
  if (!made.valid()) return system_status("cannot write to " + folder_of(file));
  const Leftover leftover(fresh);
  WEIR_TRY(copy_database(source, fresh));
  std::error_code error;
  const uint64_t bytes = fs::file_size(fresh, error);
  if (error) return system_status("cannot inspect " + fresh, error.value());
  WEIR_TRY(publish(fresh, file));
  return bytes;
}

Result<std::string> restore_database(const std::string& file, const std::string& data_dir) {
  WEIR_ASSIGN(SqliteDatabase source, open_source(file));
  WEIR_TRY(check_is_weir(source, file));
  WEIR_ASSIGN(const DataLock lock, DataLock::take(data_dir));
  const std::string path = database_path(data_dir);
  const std::string fresh = path + ".restoring";
  WEIR_TRY(remove_database(fresh));  // a killed restore's: the lock says that none is running
  const Leftover leftover(fresh);
  WEIR_TRY(copy_database(source, fresh));
  {
    WEIR_ASSIGN(SqliteDatabase copy,
                SqliteDatabase::open(fresh, {.mode = SqliteDatabase::Mode::kReadWrite}));
    WEIR_TRY(migrate(copy));
  }
  WEIR_TRY(end_logs(data_dir));
  return replace_database(path, fresh);
}

}  // namespace weir
