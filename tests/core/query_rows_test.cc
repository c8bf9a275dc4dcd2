// Rows of the query engine's statements.
#include "query_rows.h"

#include "catch.h"

namespace weir {
namespace {

// A row of a walk over log 1.
std::vector<Value> row_of(uint64_t first) {
  const auto data = Bytes{static_cast<uint8_t>(first)};
  return {segment_id(1, first), int64_t{1}, int64_t{0}, int64_t{0}, int64_t{0},
          int64_t{1},           int64_t{0}, int64_t{1}, data};
}

TEST_CASE("rows of a walk ascend, however the database gave them") {
  Rows rows;
  for (const uint64_t first : {7U, 3U, 9U, 1U}) rows.rows.push_back(row_of(first));
  const auto walk = walk_rows(std::move(rows));
  REQUIRE(walk.ok());
  std::vector<uint64_t> firsts;
  for (const WalkRow& row : *walk) {
    firsts.push_back(row.first);
    CHECK(row.data == Bytes{static_cast<uint8_t>(row.first)});
  }
  CHECK(firsts == std::vector<uint64_t>{1, 3, 7, 9});
}

TEST_CASE("a row of a walk that cannot be is refused") {
  Rows rows;
  rows.rows.push_back(row_of(3));
  rows.rows.push_back(row_of(1));
  rows.rows[1][1] = int64_t{-1};
  CHECK(walk_rows(std::move(rows)).status().code() == Code::kCorrupt);
}

}  // namespace
}  // namespace weir
