// Looking first keeps SQLite's own words ("unable to open database file") away from a user who is
// merely in the wrong folder.
#include "native/cli/open_database.h"

#include <filesystem>

#include "native/store/data_files.h"
#include "native/store/migrations.h"

namespace weir {

Result<SqliteDatabase> open_database(const std::string& data_dir) {
  const std::string path = database_path(data_dir);
  std::error_code ignored;  // what cannot be looked at is not there
  if (!std::filesystem::exists(path, ignored))
    return Status(Code::kNotFound, "there is no database at " + path);
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  WEIR_ASSIGN(SqliteDatabase database, SqliteDatabase::open(path, options));
  WEIR_TRY(check_schema(database));
  return database;
}

}  // namespace weir
