#include "native/store/compact.h"

#include "native/checked_folder.h"
#include "native/store/data_lock.h"

namespace weir {
namespace {

CompactReport compacted(const CheckedFolder& data, bool rebuild = false) {
  const Result<CompactReport> report = compact_database(data.data_dir, rebuild, kNowMs);
  INFO(report.status().message());
  REQUIRE(report.ok());
  return *report;
}

TEST_CASE("compacting merges what may be merged, keeps every event, and shrinks the file") {
  const CheckedFolder data;
  data.execute("CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(1000000)); DROP TABLE t");
  const CompactReport report = compacted(data);
  CHECK(report.segments_merged == 9);
  CHECK(report.segments_made == 1);
  CHECK(report.rollups.hours == 0);
  CHECK(report.bytes_after + 900'000 < report.bytes_before);
  CHECK(data.check().problems() == 0);
  SqliteDatabase database = data.open(SqliteDatabase::Mode::kReadOnly);
  SqliteExecutor executor(&database);
  CHECK(content_of(executor, 1) == sample_lines(0, 100));
}

TEST_CASE("compacting merges the quiet hours of a day that is over, and no sooner") {
  for (const bool over : {false, true}) {
    const CheckedFolder data;
    {
      SqliteDatabase database = data.open(SqliteDatabase::Mode::kReadWrite);
      SqliteExecutor executor(&database);
      for (const int64_t hours : {1, 2}) {  // the newest row stays as it is
        const uint64_t first = 90 + 10 * static_cast<uint64_t>(hours);
        const int64_t start_ms = kSampleHourMs + hours * kHourMs;
        append_ok(executor, 1, {sample_segment({.first = first, .start_ms = start_ms})});
      }
    }
    const auto report =
        compact_database(data.data_dir, false, over ? kSampleHourMs + 2 * kDayMs : kNowMs);
    REQUIRE(report.ok());
    SqliteDatabase database = data.open(SqliteDatabase::Mode::kReadOnly);
    auto segments = database.prepare("SELECT count(*) FROM segments WHERE count > 0");
    REQUIRE(segments.ok());
    REQUIRE(*segments->step());
    CHECK(segments->column_text(0) == (over ? "2" : "3"));
    CHECK(data.check().problems() == 0);
  }
}

TEST_CASE("compacting again finds nothing to do") {
  const CheckedFolder data;
  compacted(data);
  const CompactReport again = compacted(data);
  CHECK(again.segments_made == 0);
  CHECK(again.bytes_after == again.bytes_before);
}

TEST_CASE("statistics that were lost are computed anew from the events") {
  const CheckedFolder data;
  data.execute("DELETE FROM rollups");
  CHECK(data.check().problems() > 0);
  compacted(data, false);
  CHECK(data.check().problems() > 0);
  const CompactReport report = compacted(data, true);
  CHECK(report.rollups.hours == 1);
  CHECK(report.rollups.incomplete == 0);
  CHECK(data.check().problems() == 0);
}

TEST_CASE("statistics that count too much are computed anew from the events") {
  const CheckedFolder data;
  data.execute("UPDATE rollups SET cached = cached + 7");
  CHECK(data.check().problems() > 0);
  compacted(data, true);
  CHECK(data.check().problems() == 0);
}

TEST_CASE("what a server holds is not compacted") {
  const CheckedFolder data;
  const Result<DataLock> lock = DataLock::take(data.data_dir);
  REQUIRE(lock.ok());
  CHECK(compact_database(data.data_dir, false, kNowMs).status().code() == Code::kConflict);
}

TEST_CASE("without a database there is nothing to compact") {
  const TemporaryFolder folder;
  CHECK(compact_database(folder.path(""), false, kNowMs).status().code() == Code::kNotFound);
}

}  // namespace
}  // namespace weir
