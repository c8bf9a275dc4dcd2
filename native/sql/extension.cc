// The entry point of weir_sqlite.so: `.load weir_sqlite` in a sqlite3 shell on weir.db.
#include "native/sql/log_tables.h"

SQLITE_EXTENSION_INIT1

// The name that SQLite derives from the file's. No bounds on work: who loads this has a shell and
// its interrupt.
extern "C" __attribute__((visibility("default"))) int sqlite3_weirsqlite_init(
    sqlite3* connection, char** error, const sqlite3_api_routines* api) {
  SQLITE_EXTENSION_INIT2(api);
  const int result = weir::register_log_tables(connection, std::make_shared<weir::TableWork>());
  if (result != SQLITE_OK) *error = sqlite3_mprintf("Weir's tables: %s", sqlite3_errstr(result));
  return result;
}
