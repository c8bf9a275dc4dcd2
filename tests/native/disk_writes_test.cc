#include "native/store/disk_writes.h"

#include "support/temporary_folder.h"
#include "weir/limits.h"

namespace weir {
namespace {

constexpr int64_t kDay0 = 1'790'000'000'000;

TEST_CASE("without a file there is nothing yet; what is saved is found again") {
  TemporaryFolder folder;
  DiskWrites writes = DiskWrites::load(folder.path(""));
  CHECK(writes.on_day(kDay0) == 0);
  writes.add(kDay0, 100);
  writes.add(kDay0, 50);
  REQUIRE(writes.save().ok());
  CHECK(DiskWrites::load(folder.path("")).on_day(kDay0) == 150);
}

TEST_CASE("a day's mean is of the seven days before; on the first day it is that day so far") {
  TemporaryFolder folder;
  DiskWrites writes = DiskWrites::load(folder.path(""));
  writes.add(kDay0, 10);
  CHECK(writes.per_day(kDay0) == 10);
  for (int64_t day = 1; day <= 8; ++day) {
    writes.add(kDay0 + day * kDayMs, static_cast<uint64_t>(day) * 100);
  }
  CHECK(writes.per_day(kDay0 + 8 * kDayMs) == 400);  // days 1 to 7
}

TEST_CASE("no more than thirty days are kept, the newest") {
  TemporaryFolder folder;
  DiskWrites writes = DiskWrites::load(folder.path(""));
  for (int64_t day = 0; day < 31; ++day) writes.add(kDay0 + day * kDayMs, 1);
  CHECK(writes.on_day(kDay0) == 0);
  CHECK(writes.on_day(kDay0 + kDayMs) == 1);
}

TEST_CASE("a file that makes no sense is read as far as it does") {
  TemporaryFolder folder;
  folder.write("disk_writes", "2026-09-21 7\nhello 5\n2026-09-22 x\n2026-09-23 9\n");
  const DiskWrites writes = DiskWrites::load(folder.path(""));
  CHECK(writes.on_day(kDay0) == 7);
  CHECK(writes.per_day(kDay0 + 5 * kDayMs) == 7);
}

TEST_CASE("a folder that is not there is told") {
  TemporaryFolder folder;
  DiskWrites writes = DiskWrites::load(folder.path("missing"));
  writes.add(kDay0, 1);
  CHECK(writes.save().code() == Code::kUnavailable);
}

}  // namespace
}  // namespace weir
