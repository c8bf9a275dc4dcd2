#include "native/sql/read_only.h"

#include "native/store/migrations.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

// A file with a hundred events; every statement gets a connection of its own.
struct SqlFolder {
  TemporaryFolder folder;

  SqlFolder() {
    SqliteDatabase database = open(SqliteDatabase::Mode::kCreate);
    REQUIRE(migrate(database).ok());
    SqliteExecutor executor(&database);
    opened(executor);
    append_ok(executor, 1, {sample_segment({.count = 100})});
  }
  SqliteDatabase open(SqliteDatabase::Mode mode) const {
    Result<SqliteDatabase> database = SqliteDatabase::open(folder.path("weir.db"), {.mode = mode});
    REQUIRE(database.ok());
    return std::move(*database);
  }
  Result<SqlResult> ask(const std::string& sql, const SqlLimits& limits = {}) const {
    // Writable, so that only the authorizer stands between the statement and the log.
    SqliteDatabase database = open(SqliteDatabase::Mode::kReadWrite);
    return run_read_only_sql(database, sql, limits);
  }
  Code code(const std::string& sql, const SqlLimits& limits = {}) const {
    return ask(sql, limits).status().code();
  }
};

TEST_CASE("a statement answers its columns and values of every kind") {
  const SqlFolder data;
  const Result<SqlResult> result =
      data.ask("SELECT count(*) AS n, 0.5, 'text', x'00ff', NULL FROM queries;  ");
  INFO(result.status().message());
  REQUIRE(result.ok());
  CHECK(result->columns.at(0) == "n");
  const std::vector<SqlValue> expected = {int64_t{100}, 0.5, std::string("text"), Bytes{0, 255},
                                          Null{}};
  CHECK((result->rows.at(0) == expected));
  CHECK_FALSE(result->more);
}

TEST_CASE("whatever writes, attaches or changes settings is denied and changes nothing") {
  const SqlFolder data;
  for (const std::string sql : {"DELETE FROM segments",
                                "UPDATE logs SET site = 'x'",
                                "INSERT INTO tokens VALUES(1,2,3,4)",
                                "DROP TABLE segments",
                                "CREATE TABLE t(x)",
                                "CREATE TEMP TABLE t(x)",
                                "CREATE TEMP VIEW v AS SELECT 1",
                                "ATTACH ':memory:' AS other",
                                "DETACH main",
                                "PRAGMA writable_schema = 1",
                                "PRAGMA journal_mode = DELETE",
                                "PRAGMA user_version",
                                "SELECT * FROM pragma_table_info('logs')",
                                "VACUUM",
                                "VACUUM INTO '/tmp/weir-copy.db'",
                                "REINDEX",
                                "ANALYZE",
                                "BEGIN",
                                "COMMIT",
                                "SAVEPOINT s",
                                "SELECT load_extension('x')",
                                "CREATE VIRTUAL TABLE q USING queries",
                                "ALTER TABLE logs ADD COLUMN x",
                                "WITH x AS (SELECT 1) DELETE FROM segments"}) {
    CAPTURE(sql);
    const Code code = data.code(sql);
    CHECK((code == Code::kDenied || code == Code::kInvalid));
  }
  CHECK(std::get<int64_t>(data.ask("SELECT count(*) FROM queries")->rows.at(0).at(0)) == 100);
  CHECK_FALSE(std::filesystem::exists("/tmp/weir-copy.db"));
}

TEST_CASE("one statement at a time") {
  const SqlFolder data;
  CHECK(data.code("SELECT 1; SELECT 2") == Code::kInvalid);
  CHECK(data.code("SELECT 1; DELETE FROM segments") == Code::kInvalid);
  CHECK(data.code(" ; ") == Code::kInvalid);
  CHECK(data.code("SELEC 1") == Code::kInvalid);
  CHECK(data.code("SELECT nothing FROM queries") == Code::kInvalid);
}

TEST_CASE("the bound of rows ends an answer and says so, one less does not") {
  const SqlFolder data;
  const Result<SqlResult> cut = data.ask("SELECT id FROM queries", {.rows = 99});
  REQUIRE(cut.ok());
  CHECK(cut->rows.size() == 99);
  CHECK(cut->more);
  CHECK_FALSE(data.ask("SELECT id FROM queries", {.rows = 100})->more);
}

TEST_CASE("a statement that would run for ever ends at the bound of steps") {
  const SqlFolder data;
  const std::string sql =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  CHECK(data.code(sql, {.steps = 1'000'000}) == Code::kExhausted);
}

TEST_CASE("the bound of events holds for joins too") {
  const SqlFolder data;
  const std::string sql = "SELECT count(*) FROM queries AS a, queries AS b WHERE b.n = a.n";
  CHECK(data.code(sql, {.events = 1000}) == Code::kExhausted);
  CHECK(data.code("SELECT count(*) FROM queries", {.events = 100}) == Code::kOk);
}

TEST_CASE("a value longer than any of ours is refused") {
  const SqlFolder data;
  CHECK_FALSE(data.ask("SELECT length(zeroblob(100000000))").ok());
  CHECK_FALSE(data.ask("SELECT length(hex(zeroblob(10000000)))").ok());
}

}  // namespace
}  // namespace weir
