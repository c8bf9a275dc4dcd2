#include "native/store/byte_budget.h"

#include <limits>

#include "catch.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

constexpr uint64_t kMib = 1 << 20;

// A use of so many percent of what the database may take.
SpaceUse at_percent(const ByteBudget& budget, uint64_t percent) {
  return {budget.database_bytes_max() / 100 * percent + 100, 0};
}

Pressure pressure_at(uint64_t percent, Pressure before) {
  const ByteBudget budget(100 * kMib);
  return budget.pressure(at_percent(budget, percent), before);
}

TEST_CASE("without a budget there is no pressure, however much is used") {
  const ByteBudget budget(0);
  const SpaceUse use{uint64_t{1} << 50, 0};
  CHECK(budget.pressure(use, Pressure::kNone) == Pressure::kNone);
  CHECK(budget.excess(use, Pressure::kNone) == 0);
}

TEST_CASE("database and WAL fit the budget together, from the least to the greatest") {
  for (const uint64_t bytes : {16 * kMib, 17 * kMib, 256 * kMib, uint64_t{1} << 40}) {
    const ByteBudget budget(bytes);
    CHECK(budget.database_bytes_max() + budget.wal_bytes_max() < bytes);
    CHECK(budget.database_bytes_max() >= bytes / 2);
    CHECK(budget.wal_bytes_max() <= kWalBytesMax);
  }
}

TEST_CASE("pressure rises at 80, 90 and 97 percent and not one before") {
  const auto pressure = [](uint64_t percent) { return pressure_at(percent, Pressure::kNone); };
  CHECK(pressure(79) == Pressure::kNone);
  CHECK(pressure(80) == Pressure::kFold);
  CHECK(pressure(89) == Pressure::kFold);
  CHECK(pressure(90) == Pressure::kThin);
  CHECK(pressure(96) == Pressure::kThin);
  CHECK(pressure(97) == Pressure::kRemove);
}

TEST_CASE("what has begun to be removed goes on down to 95 percent") {
  CHECK(pressure_at(96, Pressure::kRemove) == Pressure::kRemove);
  CHECK(pressure_at(95, Pressure::kRemove) == Pressure::kRemove);
  CHECK(pressure_at(94, Pressure::kRemove) == Pressure::kThin);
  CHECK(pressure_at(96, Pressure::kThin) == Pressure::kThin);
}

TEST_CASE("what is removed leaves 95 percent; free pages do not count as used") {
  const ByteBudget budget(100 * kMib);
  const SpaceUse use = at_percent(budget, 98);
  CHECK(budget.excess(use, Pressure::kThin) == 0);
  const uint64_t left = use.live_bytes() - budget.excess(use, Pressure::kRemove);
  CHECK(left == budget.database_bytes_max() / 100 * 95);
  const SpaceUse half_free{use.file_bytes, use.file_bytes / 2};
  const Pressure pressure = budget.pressure(half_free, Pressure::kRemove);
  CHECK(pressure == Pressure::kNone);
  CHECK(budget.excess(half_free, pressure) == 0);
}

TEST_CASE("pages that hold nothing go back to the file system, but for a few") {
  TemporaryFolder folder;
  auto database = SqliteDatabase::open(folder.path("weir.db"), {});
  REQUIRE(database.ok());
  REQUIRE(database->execute("CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(20000000))").ok());
  REQUIRE(database->execute("DELETE FROM t").ok());
  const auto before = space_use(*database);
  REQUIRE(before.ok());
  CHECK(before->free_bytes > 19'000'000);
  for (int i = 0; i < 20; ++i) {
    const auto use = space_use(*database);
    REQUIRE(use.ok());
    REQUIRE(give_back_space(*database, *use).ok());
  }
  const auto after = space_use(*database);
  REQUIRE(after.ok());
  CHECK(after->file_bytes < 3'000'000);
  CHECK(after->live_bytes() <= before->live_bytes());
}

}  // namespace
}  // namespace weir
