// Rollups of all logs to which one log alone has contributed: the sketch is stored once.
#include "contract/every_failure.h"
#include "contract/stores.h"
#include "rollup_delta.h"
#include "weir/check.h"
#include "weir/query.h"

namespace weir {
namespace {

constexpr int64_t kNowMs = kSampleHourMs + kDayMs;
const int64_t kHour = hour_of(kSampleHourMs);
const int64_t kDay = kHour / 24 * 24;

void advance(Executor& executor) {
  RollupProgress progress;
  REQUIRE(run(executor, advance_rollups(kNowMs, {}, &progress)).ok());
}

// Appends `count` sample events at the end of a log and rolls up.
void add(Executor& executor, const LogState& log, uint64_t count) {
  const uint64_t first = state_of(executor, log.log_no).end;
  append_ok(executor, log.log_no,
            {sample_segment({.log = log.log, .first = first, .count = count})});
  advance(executor);
}

// Answers how many rows it changed.
uint64_t write(Executor& executor, Statement statement) {
  const Reply reply = executor.run_group(Group{{std::move(statement)}, true});
  REQUIRE(reply.status.ok());
  return reply.results.at(0).changes;
}

Rows rollup_rows(Executor& executor) {
  return answer_of(executor, {StatementId::kRollupList, {int64_t{-1}, int64_t{1000}}});
}

// By id: the hour or day of each log, as it is read.
std::map<int64_t, Rollup> rollups(Executor& executor) {
  const Rows rows = rollup_rows(executor);
  std::map<int64_t, Rollup> all;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    bool sketch_ok = false;
    Result<Rollup> rollup = rollup_at(rows, i, &sketch_ok);
    REQUIRE(rollup.ok());
    CHECK(sketch_ok);
    all.emplace(*integer_at(rows, i, 0), std::move(rollup).value());
  }
  return all;
}

// Which log's sketch the hour and the day of all logs take.
std::pair<int64_t, int64_t> shared(Executor& executor) {
  const std::map<int64_t, Rollup> all = rollups(executor);
  return {all.at(rollup_id(RollupLevel::kHour, kAllLogs, kHour)).of_log,
          all.at(rollup_id(RollupLevel::kDay, kAllLogs, kDay)).of_log};
}

uint64_t sketched(Executor& executor, RollupLevel level, int64_t log_no) {
  const int64_t start = level == RollupLevel::kHour ? kHour : kDay;
  return rollups(executor).at(rollup_id(level, log_no, start)).summary.counts().total();
}

void check_sound(Executor& executor) {
  CheckResult result;
  REQUIRE(run(executor, check_logs({}, &result)).ok());
  CHECK(result.findings_count == 0);
  for (const auto& [id, rollup] : rollups(executor)) {
    CHECK(rollup.counts == rollup.summary.counts());
  }
}

TEMPLATE_TEST_CASE("as long as one log contributes its sketch is stored once", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  for (uint64_t end : {10U, 20U}) {
    add(store.executor(), log, 10);
    CHECK(shared(store.executor()) == std::pair(log.log_no, log.log_no));
    CHECK(sketched(store.executor(), RollupLevel::kHour, kAllLogs) == end);
    CHECK(sketched(store.executor(), RollupLevel::kDay, kAllLogs) == end);
    check_sound(store.executor());
  }
}

TEMPLATE_TEST_CASE("a second log parts the sketches, and neither counts twice", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState first = opened(store.executor(), sample_log(1));
  const LogState second = opened(store.executor(), sample_log(2));
  add(store.executor(), first, 10);
  add(store.executor(), second, 5);
  add(store.executor(), first, 7);
  CHECK(shared(store.executor()) == std::pair(kAllLogs, kAllLogs));
  CHECK(sketched(store.executor(), RollupLevel::kHour, kAllLogs) == 22);
  CHECK(sketched(store.executor(), RollupLevel::kDay, kAllLogs) == 22);
  CHECK(sketched(store.executor(), RollupLevel::kDay, first.log_no) == 17);
  check_sound(store.executor());
}

TEMPLATE_TEST_CASE("statistics and tops read a shared sketch", "", MemoryStore, SqliteStore) {
  TestType store;
  add(store.executor(), opened(store.executor()), 300);
  Filter filter;
  filter.since_ms = kSampleHourMs;
  filter.until_ms = GENERATE(kSampleHourMs + kHourMs, kDay * kHourMs + kDayMs);
  StatisticsResult statistics;
  REQUIRE(run(store.executor(), find_statistics(filter, {}, &statistics)).ok());
  CHECK(statistics.counts.total() == 300);
  CHECK(statistics.summary.counts().total() == 300);
  CHECK(statistics.unreadable == Unreadable{});
  TopResult top;
  REQUIRE(run(store.executor(), find_top(filter, Summary::Top::kNames, 5, {}, &top)).ok());
  CHECK(top.items.size() == 5);
}

TEMPLATE_TEST_CASE("a log whose rollup of all logs is gone begins that anew", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  add(store.executor(), log, 10);
  for (const auto& [level, start] :
       {std::pair(RollupLevel::kHour, kHour), std::pair(RollupLevel::kDay, kDay)}) {
    const int64_t id = rollup_id(level, kAllLogs, start);
    write(store.executor(), {StatementId::kRollupRemove, {id, id, kAllLogs, int64_t{1}}});
  }
  add(store.executor(), log, 5);
  CHECK(shared(store.executor()) == std::pair(kAllLogs, kAllLogs));
  CHECK(sketched(store.executor(), RollupLevel::kHour, kAllLogs) == 5);
  CHECK(sketched(store.executor(), RollupLevel::kHour, log.log_no) == 15);
}

TEMPLATE_TEST_CASE("a rollup whose sketch another one takes is not removed before that one", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  add(store.executor(), log, 10);
  const auto removed = [&](int64_t log_no) {
    const int64_t id = rollup_id(RollupLevel::kHour, log_no, kHour);
    return write(store.executor(), {StatementId::kRollupRemove, {id, id, log_no, int64_t{1}}});
  };
  CHECK(removed(log.log_no) == 0);
  CHECK(removed(kAllLogs) == 1);
  CHECK(removed(log.log_no) == 1);
}

TEMPLATE_TEST_CASE("a sketch that is nowhere is said to be unreadable, and found", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  add(store.executor(), log, 10);
  const Rollup lost{.counts = {}, .skewed = 0, .summary = Summary(), .of_log = 77};
  write(store.executor(), rollup_put(rollup_id(RollupLevel::kHour, kAllLogs, kHour), lost));
  Filter filter;
  filter.since_ms = kSampleHourMs;
  filter.until_ms = kSampleHourMs + kHourMs;
  StatisticsResult statistics;
  REQUIRE(run(store.executor(), find_statistics(filter, {}, &statistics)).ok());
  CHECK(statistics.unreadable.rollups == 1);
  CheckResult result;
  REQUIRE(run(store.executor(), check_logs({}, &result)).ok());
  CHECK(result.findings_count > 0);
  RebuildResult rebuilt;
  REQUIRE(run(store.executor(), rebuild_rollups(result.hours, kNowMs, &rebuilt)).ok());
  CHECK(shared(store.executor()) == std::pair(log.log_no, log.log_no));
  check_sound(store.executor());
}

TEMPLATE_TEST_CASE("rollups that are computed anew share what one log alone contributed", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  add(store.executor(), log, 100);
  if (GENERATE(false, true)) add(store.executor(), opened(store.executor(), sample_log(2)), 9);
  const Rows before = rollup_rows(store.executor());
  const bool incomplete = GENERATE(false, true);
  if (incomplete) store.damage(segment_id(log.log_no, 0));
  RebuildResult rebuilt;
  REQUIRE(run(store.executor(), rebuild_rollups({kHour}, kNowMs, &rebuilt)).ok());
  CHECK(rebuilt.incomplete == (incomplete ? 1 : 0));
  CHECK(rollup_rows(store.executor()).rows == before.rows);
}

TEMPLATE_TEST_CASE("parting and sharing through any failure counts each event once", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>(
      [](TestType& store) {
        add(store.executor(), opened(store.executor(), sample_log(1)), 10);
        opened(store.executor(), sample_log(2));
        for (const int64_t log_no : {1, 2}) {
          const uint64_t first = state_of(store.executor(), log_no).end;
          append_ok(
              store.executor(), log_no,
              {sample_segment(
                  {.log = sample_log(static_cast<uint8_t>(log_no)), .first = first, .count = 10})});
        }
      },
      [](Executor& executor) {
        RollupProgress progress;
        return run(executor, advance_rollups(kNowMs, {}, &progress));
      },
      [](TestType& store) {
        CHECK(sketched(store.executor(), RollupLevel::kHour, kAllLogs) == 30);
        CHECK(sketched(store.executor(), RollupLevel::kDay, kAllLogs) == 30);
        check_sound(store.executor());
      });
}

}  // namespace
}  // namespace weir
