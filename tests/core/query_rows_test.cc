// Rows of the query engine's statements.
#include "query_rows.h"

#include "catch.h"

namespace weir {
namespace {

// A row of a walk over log 1.
std::vector<Value> row_of(uint64_t first) {
  const auto data = Bytes{static_cast<uint8_t>(first)};
  return {segment_id(1, first), int64_t{1}, int64_t{0}, int64_t{0},
          int64_t{0},           int64_t{1}, int64_t{0}, data};
}

TEST_CASE("rows of a walk keep their order and take their bytes along") {
  Rows rows;
  for (const uint64_t first : {9U, 7U, 3U}) rows.rows.push_back(row_of(first));
  rows.rows[1].back() = Null{};
  const auto walk = walk_rows(std::move(rows));
  REQUIRE(walk.ok());
  REQUIRE(walk->size() == 3);
  CHECK((*walk)[0].first == 9);
  CHECK((*walk)[0].data == Bytes{9});
  CHECK((*walk)[1].data.empty());
  CHECK((*walk)[2].first == 3);
}

TEST_CASE("a row of a walk that cannot be is refused") {
  Rows rows;
  rows.rows.push_back(row_of(3));
  rows.rows.push_back(row_of(1));
  rows.rows[1][1] = int64_t{-1};
  CHECK(walk_rows(std::move(rows)).status().code() == Code::kCorrupt);
}

TEST_CASE("a walk reads more rows at once as long as they are small") {
  WalkPage page(2, 16);
  CHECK(page.whole_bytes(1 << 20) == kSegmentEdgeBytesMax);
  page.took(1 << 18, 1 << 20);  // a quarter: not much
  CHECK(page.rows() == 8);
  page.took((1 << 18) + 1, 1 << 20);
  CHECK(page.rows() == 8);
  for (int i = 0; i < 5; ++i) page.took(0, 1 << 20);
  CHECK(page.rows() == 16);
  CHECK(page.whole_bytes(1 << 20) == (1 << 20) / 16);  // so that all of them fit
}

}  // namespace
}  // namespace weir
