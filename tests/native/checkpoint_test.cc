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
  REQUIRE(prepare_for_checkpoints(f.database).ok());
  f.write();
  const uint64_t wal = f.bytes("-wal");
  REQUIRE(checkpoint(f.database, wal).ok());
  CHECK(f.bytes("") > 100'000);
  CHECK(f.bytes("-wal") == wal);
}

TEST_CASE("from kWalTruncateBytes on the file is cut short, and not one byte below") {
  Fixture f;
  f.write();
  REQUIRE(checkpoint(f.database, kWalTruncateBytes - 1).ok());
  CHECK(f.bytes("-wal") > 0);
  REQUIRE(checkpoint(f.database, kWalTruncateBytes).ok());
  CHECK(f.bytes("-wal") == 0);
}

TEST_CASE("a reader in the way is no failure") {
  Fixture f;
  f.write();
  SqliteDatabase reader = f.open();
  REQUIRE(reader.execute("BEGIN; SELECT count(*) FROM t").ok());
  f.write();
  CHECK(checkpoint(f.database, 0).ok());
  CHECK(checkpoint(f.database, kWalTruncateBytes).ok());
  CHECK(f.bytes("-wal") > 0);
}

}  // namespace
}  // namespace weir
