#include "native/store/migrations.h"

#include "native/first_version.h"
#include "weir/schema.h"

namespace weir {
namespace {

SqliteDatabase empty_database() {
  Result<SqliteDatabase> database = SqliteDatabase::open(":memory:", {});
  REQUIRE(database.ok());
  return std::move(database).value();
}

// The first column of all rows, each followed by a line end.
std::string column_of(SqliteDatabase& database, const char* sql) {
  Result<SqliteStatement> statement = database.prepare(sql);
  REQUIRE(statement.ok());
  std::string text;
  while (*statement->step()) text += statement->column_text(0) + "\n";
  return text;
}

constexpr char kTables[] = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";

TEST_CASE("migrating an empty database makes the tables and records it as wrangler does") {
  SqliteDatabase database = empty_database();
  REQUIRE(migrate(database).ok());
  CHECK(check_schema(database).ok());
  CHECK(column_of(database, kTables) ==
        "d1_migrations\nledger\nlog_ranges\nlogs\nrollups\nsegments\nsqlite_sequence\ntokens\n");
  CHECK(column_of(database, "SELECT id || ' ' || name FROM d1_migrations") ==
        "1 0001_log.sql\n2 0002_rollup_of_log.sql\n");
  CHECK(column_of(database, "SELECT applied_at LIKE '____-__-__ __:__:__' FROM d1_migrations") ==
        "1\n1\n");
}

TEST_CASE("migrating again changes nothing") {
  SqliteDatabase database = empty_database();
  REQUIRE(migrate(database).ok());
  const std::string before = column_of(database, "PRAGMA schema_version");
  REQUIRE(migrate(database).ok());
  CHECK(column_of(database, "PRAGMA schema_version") == before);
  CHECK(column_of(database, "SELECT count(*) FROM d1_migrations") ==
        std::to_string(kSchemaVersion) + "\n");
}

TEST_CASE("a database of an older version gets what is missing and keeps its rows") {
  SqliteDatabase database = empty_database();
  make_first_version(database);
  REQUIRE(database.execute("INSERT INTO rollups VALUES (5, 1, 2, 3, 4, 5, 6, 7, 0, x'abcd')").ok());
  CHECK(check_schema(database).code() == Code::kUnsupported);
  REQUIRE(migrate(database).ok());
  CHECK(check_schema(database).ok());
  CHECK(column_of(database, "SELECT hex(data) || ' ' || of_log FROM rollups") == "ABCD 0\n");
}

TEST_CASE("a database from a newer version is refused and not changed") {
  SqliteDatabase database = empty_database();
  REQUIRE(migrate(database).ok());
  REQUIRE(database.execute("INSERT INTO d1_migrations(name) VALUES ('9999_future.sql')").ok());
  const Status status = migrate(database);
  CHECK(status.code() == Code::kUnsupported);
  CHECK(status.message().find("9999_future.sql") != std::string::npos);
  CHECK_FALSE(database.in_transaction());
  CHECK(check_schema(database).code() == Code::kUnsupported);
  CHECK(column_of(database, "SELECT count(*) FROM d1_migrations") ==
        std::to_string(kSchemaVersion + 1) + "\n");
}

TEST_CASE("a database of somebody else is refused and not changed") {
  SqliteDatabase database = empty_database();
  REQUIRE(database.execute("CREATE TABLE bookmarks(x)").ok());
  CHECK(migrate(database).code() == Code::kInvalid);
  CHECK(column_of(database, kTables) == "bookmarks\n");
}

TEST_CASE("a reader refuses a database that was never migrated") {
  SqliteDatabase database = empty_database();
  CHECK(check_schema(database).code() == Code::kUnsupported);
}

TEST_CASE("a migration that fails half way leaves nothing behind") {
  SqliteDatabase database = empty_database();
  // wrangler's table is there, but so is one of ours that no migration recorded.
  REQUIRE(database
              .execute("CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, "
                       "name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);"
                       "CREATE TABLE rollups(x)")
              .ok());
  CHECK_FALSE(migrate(database).ok());
  CHECK_FALSE(database.in_transaction());
  CHECK(column_of(database, kTables) == "d1_migrations\nrollups\nsqlite_sequence\n");
}

}  // namespace
}  // namespace weir
