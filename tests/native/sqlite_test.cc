#include "native/store/sqlite.h"

#include <filesystem>
#include <limits>
#include <thread>

#include "catch.h"
#include "statements.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

SqliteDatabase open_or_fail(const std::string& path, SqliteDatabase::Options options = {}) {
  Result<SqliteDatabase> database = SqliteDatabase::open(path, options);
  REQUIRE(database.ok());
  return std::move(database).value();
}

std::string pragma(SqliteDatabase& database, const std::string& name) {
  Result<SqliteStatement> statement = database.prepare("PRAGMA " + name);
  REQUIRE(statement.ok());
  REQUIRE(*statement->step());
  return statement->column_text(0);
}

TEST_CASE("a new database is in WAL mode with full synchronisation and our page size") {
  TemporaryFolder folder;
  SqliteDatabase database = open_or_fail(folder.path("weir.db"));
  REQUIRE(database.execute("CREATE TABLE t(x)").ok());
  CHECK(pragma(database, "journal_mode") == "wal");
  CHECK(pragma(database, "synchronous") == "2");
  CHECK(pragma(database, "page_size") == "8192");
}

TEST_CASE("a connection whose last commits may go with the power synchronises normally") {
  TemporaryFolder folder;
  SqliteDatabase database = open_or_fail(folder.path("weir.db"), {.synchronous_full = false});
  CHECK(pragma(database, "journal_mode") == "wal");
  CHECK(pragma(database, "synchronous") == "1");
}

TEST_CASE("a path that looks like a URI is a path") {
  TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path("."));
  const auto opened = SqliteDatabase::open("file:weir.db?mode=memory", {});
  std::filesystem::current_path(before);
  CHECK(opened.ok());
  CHECK(std::filesystem::exists(folder.path("file:weir.db?mode=memory")));
}

TEST_CASE("a missing file is unavailable unless it may be made") {
  TemporaryFolder folder;
  const auto opened =
      SqliteDatabase::open(folder.path("none.db"), {.mode = SqliteDatabase::Mode::kReadWrite});
  CHECK(opened.status().code() == Code::kUnavailable);
}

TEST_CASE("a file that is no database is corrupt") {
  TemporaryFolder folder;
  folder.write("weir.db", std::string(4096, 'x'));
  CHECK(SqliteDatabase::open(folder.path("weir.db"), {}).status().code() == Code::kCorrupt);
}

TEST_CASE("a value comes back with its type and bytes") {
  SqliteDatabase database = open_or_fail(":memory:");
  Result<SqliteStatement> statement = database.prepare("SELECT ?1, ?2, ?3, ?4, ?5");
  REQUIRE(statement.ok());
  const std::vector<Value> values = {int64_t{-5}, std::string("a\0b", 3), Bytes{0, 255}, Bytes{},
                                     Null{}};
  for (int i = 0; i < 5; ++i) {
    REQUIRE(statement->bind(i + 1, values[static_cast<size_t>(i)]).ok());
  }
  REQUIRE(*statement->step());
  for (int i = 0; i < 5; ++i) CHECK(*statement->column(i) == values[static_cast<size_t>(i)]);
  CHECK_FALSE(*statement->step());
}

TEST_CASE("a REAL is corrupt, since no table of ours has one") {
  SqliteDatabase database = open_or_fail(":memory:");
  Result<SqliteStatement> statement = database.prepare("SELECT 0.5");
  REQUIRE(*statement->step());
  CHECK(statement->column(0).status().code() == Code::kCorrupt);
}

TEST_CASE("errors of the environment, of the data and of the file have different codes") {
  for (int result : {SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_READONLY,
                     SQLITE_CANTOPEN, SQLITE_NOMEM}) {
    CHECK(sqlite_code(result, "") == Code::kUnavailable);
  }
  for (int result : {SQLITE_CONSTRAINT_UNIQUE, SQLITE_TOOBIG, SQLITE_MISMATCH}) {
    CHECK(sqlite_code(result, "") == Code::kConstraint);
  }
  CHECK(sqlite_code(SQLITE_CORRUPT, "") == Code::kCorrupt);
  CHECK(sqlite_code(SQLITE_NOTADB, "") == Code::kCorrupt);
  CHECK(sqlite_code(SQLITE_ERROR, "no such table: logs") == Code::kUnsupported);
  CHECK(sqlite_code(SQLITE_ERROR, "malformed JSON") == Code::kConflict);
}

TEST_CASE("a second writer is unavailable while the first one writes") {
  TemporaryFolder folder;
  SqliteDatabase first = open_or_fail(folder.path("weir.db"));
  SqliteDatabase second = open_or_fail(folder.path("weir.db"), {.busy_timeout_ms = 0});
  REQUIRE(first.execute("BEGIN IMMEDIATE").ok());
  CHECK(second.execute("BEGIN IMMEDIATE").code() == Code::kUnavailable);
}

TEST_CASE("a wait for another writer ends when it is told to give up") {
  TemporaryFolder folder;
  SqliteDatabase first = open_or_fail(folder.path("weir.db"));
  // Without giving up this would wait for weeks.
  constexpr int kForever = std::numeric_limits<int>::max();
  SqliteDatabase second = open_or_fail(folder.path("weir.db"), {.busy_timeout_ms = kForever});
  REQUIRE(first.execute("BEGIN IMMEDIATE").ok());
  std::thread impatient([&] { second.busy_wait().give_up_at_us(0); });
  CHECK(second.execute("BEGIN IMMEDIATE").code() == Code::kUnavailable);
  impatient.join();
}

TEST_CASE("a full file system is unavailable and leaves the database usable") {
  SqliteDatabase database = open_or_fail(":memory:");
  REQUIRE(database.execute("CREATE TABLE t(x); PRAGMA max_page_count=3").ok());
  CHECK(database.execute("INSERT INTO t VALUES(zeroblob(100000))").code() == Code::kUnavailable);
  CHECK(database.execute("INSERT INTO t VALUES(1)").ok());
}

TEST_CASE("a prepared statement is kept and comes back ready to use") {
  SqliteDatabase database = open_or_fail(":memory:");
  REQUIRE(database.execute("CREATE TABLE tokens(token_sha256 BLOB, scopes TEXT)").ok());
  Result<SqliteStatement*> first = database.prepared(StatementId::kTokenScopes);
  REQUIRE(first.ok());
  CHECK(*database.prepared(StatementId::kTokenScopes) == *first);
}

TEST_CASE("a statement that does not fit the schema is unsupported") {
  SqliteDatabase database = open_or_fail(":memory:");
  CHECK(database.prepared(StatementId::kTokenScopes).status().code() == Code::kUnsupported);
}

}  // namespace
}  // namespace weir
