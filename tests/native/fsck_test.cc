#include "native/store/fsck.h"

#include <fstream>

#include "native/checked_folder.h"
#include "native/store/data_lock.h"
#include "native/store/sqlite_executor.h"

namespace weir {
namespace {

TEST_CASE("a database in order has no problems, and checking it changes nothing") {
  const CheckedFolder data;
  CHECK(data.check().problems() == 0);
  CHECK(data.check().logs.events == 100);
}

TEST_CASE("damage to a segment is found and repaired, and the rest stays") {
  const CheckedFolder data;
  data.execute("UPDATE segments SET data = zeroblob(200) WHERE id & 0xffffffffff = 30");
  CHECK(data.check().problems() == 1);
  const Result<RepairReport> report = repair_database(data.data_dir, kNowMs);
  REQUIRE(report.ok());
  CHECK(report->before.problems() == 1);
  CHECK(report->after.problems() == 0);
  CHECK(report->after.logs.events == 90);
  CHECK(data.check().problems() == 0);
}

TEST_CASE("rollups that were tampered with are computed anew") {
  const CheckedFolder data;
  data.execute("UPDATE rollups SET cached = cached + 1 WHERE id >> 48 = 0");
  CHECK(data.check().problems() > 0);
  const Result<RepairReport> report = repair_database(data.data_dir, kNowMs);
  REQUIRE(report.ok());
  CHECK(report->rollups.hours == 1);
  CHECK(report->after.problems() == 0);
}

TEST_CASE("nothing is repaired while somebody holds the directory") {
  const CheckedFolder data;
  const Result<DataLock> lock = DataLock::take(data.data_dir);
  REQUIRE(lock.ok());
  CHECK(repair_database(data.data_dir, kNowMs).status().code() == Code::kConflict);
}

TEST_CASE("a repair makes no database where there is none") {
  const TemporaryFolder folder;
  CHECK(repair_database(folder.path(""), kNowMs).status().code() == Code::kNotFound);
  CHECK_FALSE(std::filesystem::exists(folder.path("weir.db")));
}

TEST_CASE("a page that SQLite cannot read is found, and what can be read goes into a new file") {
  const CheckedFolder data;
  // The last page: a B-tree page of an impossible type.
  const auto size =
      static_cast<std::streamoff>(std::filesystem::file_size(data.folder.path("weir.db")));
  std::fstream(data.folder.path("weir.db"), std::ios::in | std::ios::out | std::ios::binary)
      .seekp(size - 8192)
      .write("\x7f\x7f\x7f\x7f", 4);
  CHECK_FALSE(data.check().file.empty());
  const Result<RepairReport> report = repair_database(data.data_dir, kNowMs);
  REQUIRE(report.ok());
  CHECK_FALSE(report->before.file.empty());
  CHECK(std::filesystem::exists(report->kept));
  CHECK(report->after.problems() == 0);
  CHECK(data.check().problems() == 0);
}

}  // namespace
}  // namespace weir
