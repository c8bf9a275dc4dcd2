// Logs of one database brought into another, which has logs of its own.
#include "native/store/adopt_logs.h"

#include "native/store/maintenance.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

constexpr int64_t kNowMs = kSampleHourMs + 3 * kHourMs;

struct Store {
  explicit Store(const std::string& file) : database(open(file)), executor(&database) {}
  static SqliteDatabase open(const std::string& file) {
    auto opened = SqliteDatabase::open(file, {});
    REQUIRE(opened.ok());
    REQUIRE(migrate(*opened).ok());
    return std::move(*opened);
  }
  // Events [first, end) of the sample, ten in a segment.
  void add(uint8_t log, uint64_t first, uint64_t end) {
    const LogState state = opened(executor, sample_log(log));
    for (; first < end; first += 10) {
      append_ok(executor, state.log_no, {sample_segment({.log = sample_log(log), .first = first})});
    }
  }
  void merge() {
    RollupProgress rolled;
    REQUIRE(run(executor, advance_rollups(kNowMs, {}, &rolled)).ok());
    MergeProgress merged;
    REQUIRE(run(executor, merge_segments(Maintenance::level1_policy(kNowMs), &merged)).ok());
    REQUIRE(merged.merges > 0);
  }
  LogState log(uint8_t number) {
    std::vector<LogState> logs;
    REQUIRE(run(executor, list_logs("", &logs)).ok());
    for (const LogState& state : logs) {
      if (state.log == sample_log(number)) return state;
    }
    FAIL("no log " << int{number});
    return {};
  }
  std::vector<std::string> content(uint8_t number) {
    return content_of(executor, log(number).log_no);
  }
  uint64_t stored() {
    uint64_t sum = 0;
    std::vector<LogState> logs;
    REQUIRE(run(executor, list_logs("", &logs)).ok());
    for (const LogState& state : logs) {
      LedgerDelta ledger;
      REQUIRE(run(executor, log_ledger(state.log_no, &ledger)).ok());
      sum += ledger.stored;
    }
    return sum;
  }

  SqliteDatabase database;
  SqliteExecutor executor;
};

struct Both {
  TemporaryFolder folder;
  std::string from_path = folder.path("from 100%? a#b.db");
  Store into{folder.path("into.db")};
  Store from{from_path};

  void adopt() {
    const Status status = adopt_logs(into.database, from_path);
    INFO(status.message());
    REQUIRE(status.ok());
  }
};

TEST_CASE("a log comes with its events and its ledger, under its name and a free number") {
  Both both;
  both.into.add(1, 0, 50);
  both.from.add(7, 0, 30);  // log 1 there
  REQUIRE(run(both.from.executor, set_acked(1, 20)).ok());
  both.adopt();
  CHECK(both.into.log(1).log_no == 1);
  CHECK(both.into.log(7).log_no == 2);
  CHECK(both.into.log(7).acked == 20);
  CHECK(both.into.log(7).rolled_through == 0);
  CHECK(both.into.content(1) == sample_lines(0, 50));
  CHECK(both.into.content(7) == sample_lines(0, 30));
  CHECK(both.into.stored() == 80);
}

TEST_CASE("a number that is free is kept") {
  Both both;
  both.into.add(1, 0, 10);
  for (const uint8_t log : {uint8_t{6}, uint8_t{7}}) both.from.add(log, 0, 10);
  both.adopt();
  CHECK(both.into.log(7).log_no == 2);
  CHECK(both.into.log(6).log_no == 3);
}

TEST_CASE("repeated, it takes over what has changed since, also where segments were merged") {
  Both both;
  both.into.add(1, 0, 10);
  both.from.add(7, 0, 100);
  both.adopt();
  both.from.add(7, 100, 200);
  both.from.merge();
  both.from.add(8, 0, 20);
  both.adopt();
  CHECK(both.into.content(7) == sample_lines(0, 200));
  CHECK(both.into.content(8) == sample_lines(0, 20));
  CHECK(both.into.stored() == 230);
  both.adopt();
  CHECK(both.into.content(7) == sample_lines(0, 200));
  CHECK(both.into.stored() == 230);
  RollupProgress rolled;
  REQUIRE(run(both.into.executor, advance_rollups(kNowMs, {}, &rolled)).ok());
  CHECK(rolled.events == 230);
}

TEST_CASE("logs of which events have expired are refused, and nothing is changed") {
  Both both;
  both.into.add(1, 0, 10);
  both.from.add(7, 0, 100);
  both.from.merge();
  RetentionProgress removed;
  REQUIRE(run(both.from.executor, retain({.now_ms = kNowMs + 30 * kDayMs}, &removed)).ok());
  REQUIRE(removed.events > 0);
  CHECK(adopt_logs(both.into.database, both.from_path).code() == Code::kExhausted);
  CHECK(both.into.stored() == 10);
}

TEST_CASE("what two databases have in common can be asked") {
  Both both;
  const auto shared = [&] { return *shared_logs(both.into.database, both.from_path); };
  both.into.add(1, 0, 20);
  both.from.add(7, 0, 10);
  CHECK(shared() == SharedLogs::kNone);
  both.from.add(1, 0, 10);
  CHECK(shared() == SharedLogs::kPart);
  both.from.add(1, 10, 30);
  CHECK(shared() == SharedLogs::kAll);
  both.into.add(2, 0, 10);
  CHECK(shared() == SharedLogs::kPart);
}

TEST_CASE("a database that is not there is not made") {
  Both both;
  const std::string missing = both.folder.path("missing.db");
  CHECK_FALSE(adopt_logs(both.into.database, missing).ok());
  CHECK_FALSE(std::filesystem::exists(missing));
}

}  // namespace
}  // namespace weir
