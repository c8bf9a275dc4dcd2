#include "weir/statement.h"

#include <set>

#include "catch.h"
#include "statements.h"

namespace weir {
namespace {

Rows one_row(std::vector<Value> cells) { return Rows{{std::move(cells)}, 0}; }

TEST_CASE("markers expand to plain parameters and columns for SQLite") {
  CHECK(statement_sql(StatementId::kSegmentData, Dialect::kSqlite) ==
        "SELECT id, count, kind, crc, data AS data FROM segments "
        "WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3");
}

TEST_CASE("markers expand to casts and hex for D1") {
  CHECK(statement_sql(StatementId::kSegmentData, Dialect::kD1) ==
        "SELECT id, count, kind, crc, iif(data IS NULL, NULL, hex(data)) AS data FROM segments "
        "WHERE id BETWEEN CAST(?1 AS INTEGER) AND CAST(?2 AS INTEGER) ORDER BY id "
        "LIMIT CAST(?3 AS INTEGER)");
  CHECK(statement_sql(StatementId::kTokenScopes, Dialect::kD1) ==
        "SELECT scopes FROM tokens WHERE token_sha256 = unhex(?1)");
}

TEST_CASE("blob columns are told by position, parentheses do not confuse the count") {
  CHECK(statement_blob_columns(StatementId::kSegmentData) ==
        std::vector<bool>{false, false, false, false, true});
  CHECK(statement_blob_columns(StatementId::kSegmentList) == std::vector<bool>(9, false));
  CHECK(statement_blob_columns(StatementId::kSegmentAssert) == std::vector<bool>{false});
  CHECK(statement_blob_columns(StatementId::kLogCreate).empty());
}

TEST_CASE("statement names are distinct") {
  std::set<std::string_view> names;
  for (size_t i = 0; i < statement_count(); ++i) {
    names.insert(statement_name(static_cast<StatementId>(i)));
  }
  CHECK(names.size() == statement_count());
}

TEST_CASE("no marker is left in any dialect") {
  for (size_t i = 0; i < statement_count(); ++i) {
    for (Dialect dialect : {Dialect::kSqlite, Dialect::kD1}) {
      const std::string sql = statement_sql(static_cast<StatementId>(i), dialect);
      CHECK(sql.find_first_of("{}") == sql.npos);
    }
  }
}

TEST_CASE("a cell of the asked type is answered") {
  const Rows rows = one_row({int64_t{7}, std::string("x"), Bytes{1, 2}, Null{}});
  CHECK(*integer_at(rows, 0, 0) == 7);
  CHECK(*text_at(rows, 0, 1) == "x");
  CHECK(blob_at(rows, 0, 2)->size() == 2);
  CHECK(null_at(rows, 0, 3));
}

TEST_CASE("a missing cell or one of another type is corrupt") {
  const Rows rows = one_row({std::string("7"), Null{}});
  CHECK(integer_at(rows, 0, 0).status().code() == Code::kCorrupt);
  CHECK(text_at(rows, 0, 1).status().code() == Code::kCorrupt);
  CHECK(blob_at(rows, 0, 2).status().code() == Code::kCorrupt);
  CHECK(integer_at(rows, 1, 0).status().code() == Code::kCorrupt);
  CHECK_FALSE(null_at(rows, 0, 0));
}

TEST_CASE("an integer that JavaScript could not hold is corrupt") {
  const auto max = static_cast<int64_t>(kIntegerMax);
  CHECK(*integer_at(one_row({max}), 0, 0) == max);
  CHECK(*integer_at(one_row({-max}), 0, 0) == -max);
  CHECK(integer_at(one_row({max + 1}), 0, 0).status().code() == Code::kCorrupt);
  CHECK(integer_at(one_row({-max - 1}), 0, 0).status().code() == Code::kCorrupt);
}

}  // namespace
}  // namespace weir
