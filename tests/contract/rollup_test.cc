// advance_rollups: rollups against an oracle that sums up the events by itself.
#include <set>

#include "contract/stores.h"
#include "rollup_delta.h"

namespace weir {
namespace {

constexpr int64_t kDayEndMs = kSampleHourMs + kDayMs;  // every sample hour is over by then

// Row `id` of the rollups, or nothing.
std::optional<Rollup> stored_rollup(Executor& executor, int64_t id) {
  const Rows rows =
      answer_of(executor, {StatementId::kRollupGet, std::vector<Value>(kRollupGetIds, Value(id))});
  if (rows.rows.empty()) return std::nullopt;
  bool sketch_ok = false;
  Result<Rollup> rollup = rollup_at(rows, 0, &sketch_ok);
  REQUIRE(rollup.ok());
  REQUIRE(sketch_ok);
  return std::move(rollup).value();
}

// One log of sample events and what its rollups must be, summed up event by event.
struct SampleLog {
  int64_t log_no;
  uint64_t end;
  int64_t start_ms;
};
Bytes oracle(const std::vector<SampleLog>& logs, RollupLevel level, int64_t hour) {
  const bool is_hour = level == RollupLevel::kHour;
  Summary summary(is_hour ? Summary::Span::kHour : Summary::Span::kDay, hour * kHourMs);
  for (const SampleLog& log : logs) {
    for (uint64_t n = 0; n < log.end; ++n) {
      const Event event = sample_event(n, log.start_ms);
      const int64_t start = is_hour ? hour_of(event.time_ms) : hour_of(event.time_ms) / 24 * 24;
      if (start == hour) summary.add(event);
    }
  }
  return summary.empty() ? Bytes()
                         : summary.encode(is_hour ? kHourRollupBytesMax : kDayRollupBytesMax);
}

void check_rollup(Executor& executor, const std::vector<SampleLog>& logs, RollupLevel level,
                  int64_t log_no, int64_t hour) {
  INFO("level " << static_cast<int>(level) << " log " << log_no << " hour " << hour);
  const Bytes expected = oracle(logs, level, hour);
  const std::optional<Rollup> stored = stored_rollup(executor, rollup_id(level, log_no, hour));
  REQUIRE(stored.has_value() == !expected.empty());
  if (!stored.has_value()) return;
  const bool is_hour = level == RollupLevel::kHour;
  CHECK(stored->summary.encode(is_hour ? kHourRollupBytesMax : kDayRollupBytesMax) == expected);
  CHECK(stored->counts == stored->summary.counts());
}

// Every rollup of each log and of all of them, for the two days from the sample hour's on.
void check_rollups(Executor& executor, const std::vector<SampleLog>& logs) {
  const int64_t first = hour_of(kSampleHourMs) / 24 * 24;
  for (int64_t hour = first; hour < first + 48; ++hour) {
    check_rollup(executor, logs, RollupLevel::kHour, kAllLogs, hour);
    if (hour % 24 == 0) check_rollup(executor, logs, RollupLevel::kDay, kAllLogs, hour);
    for (const SampleLog& log : logs) {
      check_rollup(executor, {log}, RollupLevel::kHour, log.log_no, hour);
      if (hour % 24 == 0) check_rollup(executor, {log}, RollupLevel::kDay, log.log_no, hour);
    }
  }
}

// Appends events [state.end, end) of the sample, in segments of at most `size`, hour by hour.
void append_sample(Executor& executor, const LogState& log, uint64_t end, uint64_t size,
                   int64_t start_ms = kSampleHourMs) {
  for (uint64_t first = state_of(executor, log.log_no).end; first < end;) {
    uint64_t count = 1;
    const auto hour = [&](uint64_t n) { return hour_of(sample_event(n, start_ms).time_ms); };
    while (first + count < end && count < size && hour(first + count) == hour(first)) ++count;
    append_ok(
        executor, log.log_no,
        {sample_segment({.log = log.log, .first = first, .count = count, .start_ms = start_ms})});
    first += count;
  }
}

RollupProgress advanced(Executor& executor, int64_t now_ms, RollupBudget budget = {}) {
  RollupProgress progress;
  const Status status = run(executor, advance_rollups(now_ms, budget, &progress));
  INFO(status.message());
  REQUIRE(status.ok());
  return progress;
}

TEMPLATE_TEST_CASE("rollups of several logs, hours and days are what their events sum up to", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState first = opened(executor, sample_log(1), "home");
  const LogState second = opened(executor, sample_log(2), "office");
  append_sample(executor, first, 9000, 1000);  // 13:00 to 15:30
  append_sample(executor, second, 500, 77, kSampleHourMs + 11 * kHourMs - 100'000);  // to midnight
  const RollupProgress progress = advanced(executor, kDayEndMs);
  CHECK(progress.done);
  CHECK(progress.events == 9500);
  CHECK(state_of(executor, first.log_no).rolled_through == 9000);
  check_rollups(executor, {{first.log_no, 9000, kSampleHourMs},
                           {second.log_no, 500, kSampleHourMs + 11 * kHourMs - 100'000}});
}

TEMPLATE_TEST_CASE("rolling up piece by piece gives the same rollups", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  for (uint64_t end : {100U, 3000U, 3700U, 3701U, 8000U}) {
    append_sample(executor, log, end, 333);
    advanced(executor, kDayEndMs);
    advanced(executor, kDayEndMs);  // again: nothing is added twice
    check_rollups(executor, {{log.log_no, end, kSampleHourMs}});
  }
}

TEMPLATE_TEST_CASE("a budget ends a run early, and the next one goes on", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  append_sample(executor, log, 8000, 200);
  const RollupBudget budget =
      GENERATE(RollupBudget{.events = 500}, RollupBudget{.statements = kRollupStatementsMin});
  int runs = 0;
  while (!advanced(executor, kDayEndMs, budget).done) ++runs;
  CHECK(runs > 1);
  check_rollups(executor, {{log.log_no, 8000, kSampleHourMs}});
}

TEMPLATE_TEST_CASE("a budget below one step is refused", "", MemoryStore, SqliteStore) {
  TestType store;
  RollupProgress progress;
  const RollupBudget budget{.statements = kRollupStatementsMin - 1};
  CHECK(run(store.executor(), advance_rollups(kDayEndMs, budget, &progress)).code() ==
        Code::kInvalid);
}

TEMPLATE_TEST_CASE("the hour that is not over waits, unless the tail is too long", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  append_sample(executor, log, 3700, 100);  // 100 events in the second hour
  const int64_t now_ms = kSampleHourMs + 2 * kHourMs - 1;
  CHECK(advanced(executor, now_ms, {.tail_events_max = 100}).events == 3600);
  CHECK(state_of(executor, log.log_no).rolled_through == 3600);
  CHECK(advanced(executor, now_ms, {.tail_events_max = 99}).events == 100);
  CHECK(advanced(executor, now_ms + 1).events == 0);
}

TEMPLATE_TEST_CASE("an hour is rolled up as soon as it is over", "", MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_sample(store.executor(), log, 10, 10);
  CHECK(advanced(store.executor(), kSampleHourMs + kHourMs - 1).events == 0);
  CHECK(advanced(store.executor(), kSampleHourMs + kHourMs).events == 10);
}

TEMPLATE_TEST_CASE("late events are added to an hour that was rolled up before", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  append_sample(executor, log, 4000, 1000);
  advanced(executor, kDayEndMs);
  // A clock that stepped back: events 4000 … 4009 lie in the first hour.
  append_ok(executor, log.log_no,
            {sample_segment({.first = 4000, .start_ms = kSampleHourMs - 4'000'000})});
  CHECK(advanced(executor, kDayEndMs).events == 10);
  const int64_t hour = hour_of(kSampleHourMs);
  CHECK(stored_rollup(executor, rollup_id(RollupLevel::kHour, kAllLogs, hour))->counts.total() ==
        3610);
}

TEMPLATE_TEST_CASE("times of a wrong clock are rolled up at the bound and counted", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  const int64_t now_ms = kSampleHourMs + 1800 * 1000;
  append_ok(executor, log.log_no,
            {sample_segment({.first = 0, .start_ms = kSampleHourMs - kSkewPastMs - kDayMs}),
             sample_segment({.first = 10, .start_ms = kSampleHourMs + kDayMs}),
             // Around the bound now + 1 h: 1789 s to 1810 s past the hour, event 1800 at the bound.
             sample_segment(
                 {.first = 20, .count = 21, .start_ms = kSampleHourMs + kHourMs + 1770 * 1000})});
  const RollupProgress progress = advanced(executor, now_ms, {.tail_events_max = 0});
  CHECK(progress.events == 41);
  CHECK(progress.skewed == 10 + 10 + 10);
  const auto hour_total = [&](int64_t time_ms) {
    return stored_rollup(executor, rollup_id(RollupLevel::kHour, kAllLogs, hour_of(time_ms)))
        ->counts.total();
  };
  CHECK(hour_total(now_ms - kSkewPastMs) == 10);
  CHECK(hour_total(now_ms + kSkewFutureMs) == 31);
}

TEMPLATE_TEST_CASE("a corrupt segment is skipped, counted once, and holds up nothing", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  append_sample(executor, log, 60, 10);
  store.damage(segment_id(log.log_no, 10));
  store.damage(segment_id(log.log_no, 40));
  const RollupProgress progress = advanced(executor, kDayEndMs);
  CHECK(progress.corrupt == 20);
  CHECK(progress.events == 40);
  CHECK(progress.done);
  CHECK(store.ledger()["expired_corrupt"] == 20);
  CHECK(advanced(executor, kDayEndMs).corrupt == 0);
  CHECK(store.ledger()["expired_corrupt"] == 20);
}

TEMPLATE_TEST_CASE("a corrupt rollup keeps its counts and begins its sketch anew", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  append_sample(executor, log, 10, 10);
  advanced(executor, kDayEndMs);
  const int64_t id = rollup_id(RollupLevel::kHour, log.log_no, hour_of(kSampleHourMs));
  store.damage_rollup(id);
  append_sample(executor, log, 15, 10);
  CHECK(advanced(executor, kDayEndMs).corrupt_hours == std::set{hour_of(kSampleHourMs)});
  const std::optional<Rollup> rollup = stored_rollup(executor, id);
  CHECK(rollup->counts.total() == 15);
  CHECK(rollup->summary.counts().total() == 5);
}

TEMPLATE_TEST_CASE("gaps are passed without a trace in the rollups", "", MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  append_ok(executor, log.log_no,
            {encode_gap(log.log, 0, 1'000'000, GapReason::kExpired, kSampleHourMs, {})});
  CHECK(advanced(executor, kSampleHourMs).events == 0);
  CHECK(state_of(executor, log.log_no).rolled_through == 1'000'000);
}

TEMPLATE_TEST_CASE("the log that has waited longest goes first", "", MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState first = opened(executor, sample_log(1));
  const LogState second = opened(executor, sample_log(2));
  append_sample(executor, first, 10, 10);
  append_sample(executor, second, 10, 10);
  const RollupBudget one_step{.events = 1};
  advanced(executor, kDayEndMs, one_step);
  append_sample(executor, first, 20, 10);
  advanced(executor, kDayEndMs + 1, one_step);
  CHECK(state_of(executor, first.log_no).rolled_through == 10);
  CHECK(state_of(executor, second.log_no).rolled_through == 10);
}

}  // namespace
}  // namespace weir
