#include "native/store/checkpoint.h"

#include <filesystem>

#include "catch.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

struct Fixture {
  TemporaryFolder folder;
  std::string path = folder.path("weir.db");
  SqliteDatabase database = open();

  SqliteDatabase open() const {
    auto opened = SqliteDatabase::open(path, {});
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  void write() {
    REQUIRE(database
                .execute("CREATE TABLE IF NOT EXISTS t(x); "
                         "INSERT INTO t VALUES (randomblob(100000))")
                .ok());
  }
  uint64_t bytes(const char* suffix) const { return std::filesystem::file_size(path + suffix); }
};

TEST_CASE("a checkpoint moves the WAL into the database and leaves the file as it is") {
  Fixture f;
  WalKeeper keeper(f.database);
  REQUIRE(keeper.prepare().ok());
  f.write();
  const uint64_t wal = f.bytes("-wal");
  REQUIRE(keeper.checkpoint(wal).ok());
  CHECK(f.bytes("") > 100'000);
  CHECK(f.bytes("-wal") == wal);
}

TEST_CASE("from its bound on the file is cut short, and not one byte below") {
  Fixture f;
  WalKeeper keeper(f.database);
  f.write();
  REQUIRE(keeper.checkpoint(kWalBytesMax - 1).ok());
  CHECK(f.bytes("-wal") > 0);
  REQUIRE(keeper.checkpoint(kWalBytesMax).ok());
  CHECK(f.bytes("-wal") == 0);
}

TEST_CASE("a reader in the way is no failure") {
  Fixture f;
  WalKeeper keeper(f.database);
  f.write();
  SqliteDatabase reader = f.open();
  REQUIRE(reader.execute("BEGIN; SELECT count(*) FROM t").ok());
  f.write();
  CHECK(keeper.checkpoint(0).ok());
  CHECK(keeper.checkpoint(kWalBytesMax).ok());
  CHECK(f.bytes("-wal") > 0);
}

TEST_CASE("a WAL that outgrows its bound is begun anew by the commits themselves") {
  Fixture f;
  constexpr uint64_t kBound = 1 << 20;
  WalKeeper keeper(f.database, kBound);
  REQUIRE(keeper.prepare().ok());
  for (int i = 0; i < 60; ++i) f.write();
  CHECK(f.bytes("-wal") < 2 * kBound);
}

TEST_CASE("what is written counts twice: into the WAL, and out of it") {
  Fixture f;
  WalKeeper keeper(f.database);
  keeper.take_written_bytes();
  f.write();
  const uint64_t committed = keeper.take_written_bytes();
  CHECK(committed > 100'000);
  REQUIRE(keeper.checkpoint(0).ok());
  const uint64_t moved = keeper.take_written_bytes();
  CHECK(moved > 100'000);
  CHECK(moved < committed + 100'000);
  REQUIRE(keeper.checkpoint(0).ok());
  CHECK(keeper.take_written_bytes() == 0);
}

}  // namespace
}  // namespace weir
