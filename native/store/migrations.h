// Migrations: brings a database to the schema of this build.
//
// The files of schema/migrations are embedded at build time. What was applied stands in
// d1_migrations, the table that wrangler keeps for D1, so that one database can move between both
// homes. Migrations only add; old code runs on a newer minor schema only at the edge, where
// wrangler applies first; natively a migration that this build does not know means a newer version.
#pragma once

#include <span>

#include "native/store/sqlite.h"

namespace weir {

struct Migration {
  const char* name;  // the file's name
  const char* sql;
};
// In order of application; kSchemaVersion of them.
std::span<const Migration> migrations();

// Applies what is missing, in one transaction. kUnsupported if the database is from a newer
// version, kInvalid if it holds tables and is not ours; nothing is changed then.
Status migrate(SqliteDatabase& database);
// For connections that only read: kUnsupported unless exactly the known migrations were applied.
Status check_schema(SqliteDatabase& database);

}  // namespace weir
