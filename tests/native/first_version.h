// A database as the first version made it, before all other migrations.
#pragma once

#include "catch.h"
#include "native/store/migrations.h"

namespace weir {

inline void make_first_version(SqliteDatabase& database) {
  REQUIRE(database
              .execute("CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, "
                       "name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);"
                       "INSERT INTO d1_migrations(name) VALUES ('0001_log.sql')")
              .ok());
  REQUIRE(database.execute(migrations().front().sql).ok());
}

}  // namespace weir
