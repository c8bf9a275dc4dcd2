// The query log where room or writes are scarce: a byte budget, and gentleness to flash.
#include <filesystem>
#include <numeric>
#include <set>

#include "native/query_log_fixture.h"
#include "native/store/byte_budget.h"
#include "native/store/fsck.h"
#include "native/store/space_keeper.h"
#include "support/event_generator.h"
#include "support/fault_vfs.h"

namespace weir {
namespace {

using Fixture = QueryLogFixture;

// A log with a small budget, and more events than it has room for.
struct BudgetFixture : Fixture {
  EventGenerator generator{load()};

  static EventGenerator::Options load() {
    EventGenerator::Options load;
    load.made_names = 200'000;
    load.start_ms = kTestWallMs;
    return load;
  }
  BudgetFixture() {
    options.bytes_max = 16 << 20;
    options.buffer_events = 50'000;
    open();
  }
  // Stops the log: statistics that go on changing while they are read are refused.
  OutcomeCounts counts_since(int64_t since_ms) {
    REQUIRE(log->stop().ok());
    StatisticsResult statistics;
    Filter filter;
    filter.since_ms = since_ms;
    filter.until_ms = kTestWallMs + kDayMs;
    const QueryBudget budget{.events = 100'000'000, .bytes = 1 << 30, .statements = 10'000};
    auto operation = find_statistics(filter, budget, &statistics);
    const Status status = log->runner().run(*operation);
    INFO(status.message());
    REQUIRE(status.ok());
    return statistics.counts;
  }
};

TEST_CASE("a byte budget bounds the files, counts what goes, and keeps statistics") {
  BudgetFixture f;
  uint64_t offered = 0;
  uint64_t most = 0;
  std::string largest;
  const auto end = std::chrono::steady_clock::now() + Fixture::kPatience;
  while (f.ledger().expired_budget == 0 && std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 20'000; ++i) f.log->sink(0).offer(f.generator.next());
    offered += 20'000;
    f.wait_for([&] { return f.log->stats().held <= 10'000; });
    const uint64_t database = std::filesystem::file_size(f.options.data_dir + "/weir.db");
    const uint64_t wal = std::filesystem::file_size(f.options.data_dir + "/weir.db-wal");
    if (database + wal <= most) continue;
    most = database + wal;
    largest = std::to_string(database) + " + " + std::to_string(wal);
  }
  INFO(largest);
  CHECK(most <= f.options.bytes_max);
  const Ledger ledger = f.settled();
  CHECK(ledger.offered == offered);
  CHECK(ledger.expired_budget > 0);
  CHECK(ledger.collapsed > 0);
  CHECK(std::accumulate(ledger.dropped.begin(), ledger.dropped.end(), uint64_t{0}) == 0);
  // Rollups know what was stored, also where its segments are gone.
  CHECK(f.counts_since(kTestWallMs - kDayMs).total() == ledger.stored);
}

// What tells a blocked event from those that may be folded into it.
std::string first_of_minute(const Event& event) {
  return client_text(event.client) + " " + std::string(event.qname) + " " +
         std::to_string(event.qtype) + " " + std::to_string(event.rcode) + " " +
         std::to_string(event.time_ms / kMinuteMs);
}

TEST_CASE("a byte budget that is nearly used up thins what is allowed and keeps what is blocked") {
  BudgetFixture f;
  int64_t thinned_from_ms = kTimeMsMax;
  std::set<std::string> blocked;
  uint64_t others = 0;
  f.wait_for([&] {
    Event event;
    for (int i = 0; i < 20'000; ++i) {
      event = f.generator.next();
      f.log->sink(0).offer(event);
      if (event.time_ms < thinned_from_ms) continue;
      if (event.outcome == Outcome::kBlocked) {
        blocked.insert(first_of_minute(event));
      } else {
        ++others;
      }
    }
    f.wait_for([&] { return f.log->stats().held <= 10'000; });
    const bool thins = f.log->stats().pressure >= static_cast<int>(Pressure::kThin);
    if (thins && thinned_from_ms == kTimeMsMax) {
      thinned_from_ms = (event.time_ms / kMinuteMs + 1) * kMinuteMs;
    }
    return blocked.size() > 1000;
  });
  const OutcomeCounts counts = f.counts_since(thinned_from_ms);
  CHECK(counts[Outcome::kBlocked] >= blocked.size());
  CHECK(counts.total() - counts[Outcome::kBlocked] < others / 2);
}

// A log that has ended, whose statistics alone fill a budget: those of many days years ago, and of
// yesterday, whose events are its only ones that are still stored.
struct FullOfStatistics : Fixture {
  static constexpr int64_t kFirstDay = -1800;  // days are counted from yesterday
  static constexpr int64_t kLastDay = -100;    // of those years ago at the latest
  const int64_t yesterday_ms = (wall_clock_ms() / kDayMs - 1) * kDayMs;

  FullOfStatistics() {
    options.bytes_max = 16 << 20;
    options.retention_days = 7;
    std::filesystem::create_directories(options.data_dir);
    const auto file = database();
    REQUIRE(migrate(*file).ok());
    SqliteExecutor executor(file.get());
    opened(executor);
    for (int64_t day = kFirstDay; space_use(*file)->live_bytes() < room(); ++day) {
      add(executor, day);
    }
    add(executor, 0);
    REQUIRE(days(kFirstDay, kFirstDay) == 1);
  }
  uint64_t room() const { return ByteBudget(options.bytes_max).database_bytes_max(); }

  // A day's events, statistics of them, and no events any more of the days before.
  void add(Executor& executor, int64_t day) const {
    for (int64_t hour = 0; hour < 6; ++hour) {
      add_hour(executor, yesterday_ms + day * kDayMs + hour * kHourMs);
    }
    const int64_t now_ms = yesterday_ms + (day + 1) * kDayMs;
    RollupProgress rollup;
    REQUIRE(run(executor, advance_rollups(now_ms, {}, &rollup)).ok());
    RetentionProgress retention;
    REQUIRE(run(executor, retain({.now_ms = now_ms, .events_days = 1}, &retention)).ok());
  }
  static void add_hour(Executor& executor, int64_t start_ms) {
    const LogState state = state_of(executor, 1);
    SegmentBuilder builder;
    Event event = sample_event(0, start_ms);
    for (int i = 0; i < 1000; ++i) {
      const std::string name = "host" + std::to_string(i) + ".example";
      event.qname = name;
      REQUIRE(builder.add(event).ok());
    }
    append_ok(executor, 1, {builder.encode({state.log, state.end, false, {}})});
  }
  uint64_t files_bytes() const {
    const std::string path = options.data_dir + "/weir.db";
    return file_bytes(path) + file_bytes(path + "-wal");
  }
  int64_t number(const std::string& sql) const {
    const auto file = database();
    auto statement = file->prepare(sql.c_str());
    REQUIRE(statement.ok());
    REQUIRE(*statement->step());
    return std::atoll(statement->column_text(0).c_str());
  }
  // Days of which there are statistics.
  int64_t days(int64_t from, int64_t to) const {
    const auto id = [this](int64_t day) {
      const int64_t hour = yesterday_ms / kHourMs + day * 24;
      return std::to_string(rollup_id(RollupLevel::kDay, kAllLogs, hour));
    };
    return number("SELECT count(*) FROM rollups WHERE id BETWEEN " + id(from) + " AND " + id(to));
  }
};

TEST_CASE("a byte budget that statistics alone have filled is kept: the oldest of them go") {
  FullOfStatistics f;
  const int64_t days = f.days(FullOfStatistics::kFirstDay, FullOfStatistics::kLastDay);
  f.open();
  uint64_t most = 0;
  for (int i = 0; i < 10; ++i) {
    f.offer(1000);
    f.settled();
    most = std::max(most, f.files_bytes());
  }
  f.wait_for([&] { return f.log->stats().pressure < static_cast<int>(Pressure::kRemove); });
  CHECK(most <= f.options.bytes_max);
  REQUIRE(f.log->stop().ok());
  CHECK(space_use(*f.database())->live_bytes() <= f.room() / 100 * 96);
  const int64_t left = f.days(FullOfStatistics::kFirstDay, FullOfStatistics::kLastDay);
  CHECK(left < days);
  CHECK(left > days / 2);
  CHECK(f.days(FullOfStatistics::kFirstDay, FullOfStatistics::kFirstDay) == 0);
  CHECK(f.days(0, 0) == 1);
  const auto report = check_database(*f.database());
  REQUIRE(report.ok());
  for (const Finding& finding : report->logs.findings) FAIL_CHECK(finding_text(finding));
  CHECK(report->problems() == 0);
  CHECK(static_cast<int64_t>(report->logs.events) ==
        f.number("SELECT sum(stored - expired_retention - expired_budget) FROM ledger"));
}

TEST_CASE("gentle to flash: a nearly empty buffer is flushed a minute later, a stop at once") {
  Fixture f;
  f.options.gentle = true;
  f.open();
  f.offer(10);
  CHECK_FALSE(f.log->wait_durable(1, 200));
  REQUIRE(f.log->stop().ok());
  CHECK(f.ledger().stored == 10);
}

TEST_CASE("gentle to flash: commits are not synced, else they are") {
  for (const bool gentle : {false, true}) {
    FaultVfs vfs;
    Fixture f;
    f.options.gentle = gentle;
    f.options.buffer_events = 100;
    f.open();
    f.wait_for([&] { return f.log->stats().written_bytes > 0; });  // by the first checkpoint
    f.offer(50);  // more than a fifth of the buffer: no reason to wait
    f.settled();  // syncs the header of the new WAL
    const uint64_t before = vfs.syncs();
    f.offer(50);
    CHECK(f.settled().stored == 100);
    CHECK((vfs.syncs() == before) == gentle);
  }
}

}  // namespace
}  // namespace weir
