// Repair of a database whose pages are overwritten: each page in turn, and pairs of them.
#include "native/store/salvage.h"

#include <fstream>
#include <set>

#include "native/store/data_files.h"
#include "native/store/fsck.h"
#include "native/store/maintenance.h"
#include "native/store/migrations.h"
#include "native/store/query_log.h"
#include "native/store/sqlite_executor.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kEvents = 7200;
constexpr int64_t kNowMs = kSampleHourMs + 3 * kHourMs;
constexpr std::streamoff kPageBytes = 8192;

SqliteDatabase open_file(const std::string& path, SqliteDatabase::Mode mode) {
  auto database = SqliteDatabase::open(path, {.mode = mode});
  INFO(database.status().message());
  REQUIRE(database.ok());
  return std::move(*database);
}

// Two hours of a log: the first one merged into a large row, the second in many small ones; and a
// log that has a single row.
void make_database(const std::string& data_dir) {
  fs::create_directory(data_dir);
  SqliteDatabase database = open_file(database_path(data_dir), SqliteDatabase::Mode::kCreate);
  REQUIRE(migrate(database).ok());
  SqliteExecutor executor(&database);
  const LogState log = opened(executor);
  append_small(executor, log, kEvents / 2);
  RollupProgress rolled;
  REQUIRE(run(executor, advance_rollups(kNowMs, {}, &rolled)).ok());
  MergeProgress merged;
  REQUIRE(run(executor, merge_segments(Maintenance::level1_policy(kNowMs), &merged)).ok());
  for (uint64_t first = kEvents / 2; first < kEvents; first += 10) {
    append_ok(executor, log.log_no, {sample_segment({.first = first})});
  }
  REQUIRE(run(executor, advance_rollups(kNowMs, {}, &rolled)).ok());
  append_ok(executor, opened(executor, sample_log(2)).log_no,
            {sample_segment({.log = sample_log(2)})});
}

// A copy of the database that is made once, to be damaged.
struct Damaged {
  TemporaryFolder folder;
  std::string data_dir = folder.path("data");

  Damaged() {
    static const TemporaryFolder original;
    if (!fs::exists(original.path("data"))) make_database(original.path("data"));
    fs::copy(original.path("data"), data_dir);
  }
  std::streamoff pages() const {
    return static_cast<std::streamoff>(fs::file_size(database_path(data_dir))) / kPageBytes;
  }
  void overwrite(std::streamoff page) const {
    const std::string garbage(kPageBytes, '\x5a');
    std::fstream(database_path(data_dir), std::ios::in | std::ios::out | std::ios::binary)
        .seekp((page - 1) * kPageBytes)
        .write(garbage.data(), kPageBytes);
  }
  RepairReport repair() const {
    const Result<RepairReport> report = repair_database(data_dir, kNowMs);
    INFO(report.status().message());
    REQUIRE(report.ok());
    for (const std::string& line : report->after.file) UNSCOPED_INFO(line);
    for (const Finding& finding : report->after.logs.findings) {
      UNSCOPED_INFO(finding_text(finding));
    }
    CHECK(report->after.problems() == 0);
    return *report;
  }
  SqliteDatabase open() const {
    return open_file(database_path(data_dir), SqliteDatabase::Mode::kReadOnly);
  }
  // The events of both logs, as "log: line".
  std::set<std::string> events() const {
    SqliteDatabase database = open();
    SqliteExecutor executor(&database);
    std::vector<LogState> logs;
    REQUIRE(run(executor, list_logs("", &logs)).ok());
    std::set<std::string> all;
    for (const LogState& log : logs) {
      for (const std::string& line : content_of(executor, log.log_no)) {
        if (line.find("gap:") != line.npos) continue;
        CHECK(all.insert(log_id_text(log.log) + ": " + line).second);
      }
    }
    return all;
  }
  int64_t sum(const std::string& columns) const {
    SqliteDatabase database = open();
    auto statement = database.prepare("SELECT coalesce(sum(" + columns + "), 0) FROM ledger");
    REQUIRE(statement.ok());
    REQUIRE(*statement->step());
    return std::stoll(statement->column_text(0));
  }
};

bool contains(const std::set<std::string>& all, const std::set<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

TEST_CASE("rows of a sound database are salvaged all, and nothing of them is lost") {
  const Damaged data;
  const std::set<std::string> before = data.events();
  REQUIRE(before.size() == kEvents + 10);
  const std::string copy = data.folder.path("copy.db");
  SqliteDatabase from = data.open();
  SqliteDatabase to = open_file(copy, SqliteDatabase::Mode::kCreate);
  REQUIRE(migrate(to).ok());
  SalvageResult result;
  REQUIRE(salvage_rows(from, to, &result).ok());
  REQUIRE(complete_logs(to, {}, kNowMs, &result).ok());
  CHECK(result.lost_rows + result.hidden + result.named_logs == 0);
  CHECK(*account_for_lost(to, kNowMs) == 0);
  const auto report = check_database(to);
  REQUIRE(report.ok());
  CHECK(report->problems() == 0);
  CHECK(report->logs.events == kEvents + 10);
}

TEST_CASE("whatever page is damaged, what can be read is salvaged, and the rest is counted") {
  const std::set<std::string> original = Damaged().events();
  const std::streamoff pages = Damaged().pages();
  uint64_t salvages = 0;
  uint64_t lost_little = 0;
  std::vector<std::set<std::string>> kept(static_cast<size_t>(pages) + 1);
  for (std::streamoff page = 1; page <= pages; ++page) {
    INFO("page " << page << " of " << pages);
    const Damaged data;
    data.overwrite(page);
    const RepairReport report = data.repair();
    const std::set<std::string> events = data.events();
    kept[static_cast<size_t>(page)] = events;
    CHECK(contains(original, events));
    CHECK(data.sum("stored - expired_corrupt") == static_cast<int64_t>(events.size()));
    if (report.kept.empty()) {  // a page that nothing of ours stands on
      CHECK(events.size() == original.size());
      continue;
    }
    ++salvages;
    lost_little += events.size() * 10 > original.size() * 9 ? 1 : 0;
    CHECK(fs::exists(report.kept));
    // The log goes on, and its ledger adds up.
    const auto log = QueryLog::open({.data_dir = data.data_dir, .retention_days = 36'500});
    REQUIRE(log.ok());
    (*log)->sink(0).offer(sample_event(0));
    REQUIRE((*log)->stop().ok());
    const auto ledger = (*log)->ledger();
    REQUIRE(ledger.ok());
    CHECK(ledger->balanced());
    CHECK(ledger->stored - ledger->expired_corrupt == events.size() + 1);
  }
  CHECK(salvages > 10);
  CHECK(lost_little > salvages / 2);  // a page hides what stands below it, and no more
  // What lies between two damaged pages is found as well.
  for (std::streamoff page = 2; page + 2 <= pages; ++page) {
    INFO("pages " << page << " and " << page + 2 << " of " << pages);
    const Damaged data;
    data.overwrite(page);
    data.overwrite(page + 2);
    data.repair();
    std::set<std::string> both;
    const auto& first = kept[static_cast<size_t>(page)];
    const auto& second = kept[static_cast<size_t>(page) + 2];
    std::set_intersection(first.begin(), first.end(), second.begin(), second.end(),
                          std::inserter(both, both.end()));
    CHECK(data.events() == both);
  }
}

TEST_CASE("a file that is cut short gives what stands in its beginning") {
  const std::set<std::string> original = Damaged().events();
  const Damaged data;
  const auto size = fs::file_size(database_path(data.data_dir));
  fs::resize_file(database_path(data.data_dir), size / 2);
  data.repair();
  CHECK(contains(original, data.events()));
  CHECK(data.sum("stored - expired_corrupt") == static_cast<int64_t>(data.events().size()));
}

TEST_CASE("the end of a log that the ledger page knows of is declared missing, not given again") {
  const Damaged data;
  LogId current;
  uint64_t end = 0;
  {
    const auto log = QueryLog::open({.data_dir = data.data_dir, .retention_days = 36'500});
    REQUIRE(log.ok());
    for (uint64_t n = 0; n < 20; ++n) (*log)->sink(0).offer(sample_event(n));
    REQUIRE((*log)->stop().ok());
    current = (*log)->position().log;
    end = (*log)->position().end;
  }
  REQUIRE(end == 20);
  {
    SqliteDatabase database =
        open_file(database_path(data.data_dir), SqliteDatabase::Mode::kReadWrite);
    REQUIRE(database.execute("DELETE FROM segments WHERE id >> 40 = (SELECT max(log_no) FROM logs)")
                .ok());
    // Damage that only the file's own check sees: an index that lacks a row.
    REQUIRE(database.execute("VACUUM").ok());
  }
  data.overwrite(data.pages());
  data.repair();
  const auto log = QueryLog::open({.data_dir = data.data_dir, .retention_days = 36'500});
  REQUIRE(log.ok());
  CHECK((*log)->position().log == current);
  CHECK((*log)->position().end == end);
  CHECK((*log)->ledger()->balanced());
  CHECK((*log)->ledger()->expired_corrupt >= 20);
}

TEST_CASE("the first page is the same in all databases, and nothing is lost with it") {
  const std::set<std::string> original = Damaged().events();
  const Damaged data;
  data.overwrite(1);
  data.repair();
  CHECK(data.events() == original);
}

TEST_CASE("a file that cannot be one of ours is left alone") {
  for (const bool pages : {false, true}) {
    const Damaged data;
    if (pages) {  // neither the first page nor the one that says which migrations there were
      data.overwrite(1);
      data.overwrite(3);
    } else {
      std::ofstream(database_path(data.data_dir)) << "these are not the bytes of a database";
    }
    const auto size = fs::file_size(database_path(data.data_dir));
    CHECK(repair_database(data.data_dir, kNowMs).status().code() == Code::kCorrupt);
    CHECK(fs::file_size(database_path(data.data_dir)) == size);
  }
}

}  // namespace
}  // namespace weir
