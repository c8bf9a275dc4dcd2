// shrink, where no segment may go: which statistics the byte budget removes, and which it leaves.
#include "contract/every_failure.h"
#include "contract/stores.h"
#include "rollup_delta.h"
#include "weir/check.h"

namespace weir {
namespace {

constexpr int64_t kNowMs = kSampleHourMs + 30 * kDayMs;
constexpr uint64_t kEverything = 1 << 30;
constexpr uint64_t kRollupsOfDay = 4;  // an hour and the day, of all logs and of the one

// Ten events of a log, of one hour. All that is before them is rolled up as of their time.
void add_hour(Executor& executor, uint8_t log, int64_t start_ms) {
  const LogState state = opened(executor, sample_log(log));
  append_ok(executor, state.log_no,
            {sample_segment({.log = state.log,
                             .first = state.end,
                             .start_ms = start_ms - static_cast<int64_t>(state.end) * 1000})});
  RollupProgress progress;
  REQUIRE(run(executor, advance_rollups(kNowMs, {.tail_events_max = 0}, &progress)).ok());
}

// So many days ago.
void add_day(Executor& executor, uint8_t log, int64_t age_days) {
  add_hour(executor, log, kNowMs - age_days * kDayMs);
}

ShrinkProgress shrunk(Executor& executor) {
  ShrinkProgress progress;
  const Status status = run(executor, shrink({.now_ms = kNowMs, .bytes = kEverything}, &progress));
  INFO(status.message());
  REQUIRE(status.ok());
  CheckResult check;
  REQUIRE(run(executor, check_logs({.now_ms = kNowMs}, &check)).ok());
  for (const Finding& finding : check.findings) FAIL_CHECK(finding_text(finding));
  return progress;
}

// Run by run until there is nothing more to remove; how many rollups went.
uint64_t shrunk_to_the_end(Executor& executor) {
  uint64_t rollups = 0;
  ShrinkProgress progress;
  do {
    progress = shrunk(executor);
    rollups += progress.rollups;
  } while (!progress.done);
  return rollups;
}

// The ages in days of the days of which all logs have a rollup, and the single log.
std::vector<int64_t> ages_left(Executor& executor, int64_t log_no = kAllLogs) {
  const Rows rows = answer_of(executor, {StatementId::kRollupList, {int64_t{-1}, int64_t{10'000}}});
  std::vector<int64_t> ages;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    const RollupKey key = *rollup_key(*integer_at(rows, i, 0));
    if (key.level != RollupLevel::kDay || key.log_no != log_no) continue;
    ages.push_back(kNowMs / kDayMs - key.hour / 24);
  }
  return ages;
}

using Ages = std::vector<int64_t>;

TEMPLATE_TEST_CASE("statistics go when no segment is left that may, the oldest day of them a run",
                   "", MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  for (const int64_t age : {20, 19, 18, 1}) add_day(executor, 1, age);
  const ShrinkProgress segments = shrunk(executor);
  CHECK(segments.segments == 3);
  CHECK(segments.rollups == 0);
  CHECK_FALSE(segments.done);  // what they left may be enough
  const ShrinkProgress oldest = shrunk(executor);
  CHECK(oldest.rollups == kRollupsOfDay);
  CHECK_FALSE(oldest.done);
  CHECK(ages_left(executor) == Ages{19, 18, 1});
  CHECK(ages_left(executor, 1) == Ages{19, 18, 1});
  CHECK(shrunk_to_the_end(executor) == 2 * kRollupsOfDay);
  CHECK(ages_left(executor) == Ages{1});  // of the newest segment's events
  CHECK(shrunk(executor).rollups == 0);
  CHECK(store.ledger()["expired_budget"] == 30);
}

TEMPLATE_TEST_CASE("no statistics go where segments are enough", "", MemoryStore, SqliteStore) {
  TestType store;
  for (const int64_t age : {20, 19, 1}) add_day(store.executor(), 1, age);
  ShrinkProgress progress;
  REQUIRE(run(store.executor(), shrink({.now_ms = kNowMs, .bytes = 1}, &progress)).ok());
  CHECK(progress.segments == 1);
  CHECK(progress.rollups == 0);
  CHECK(progress.done);
}

TEMPLATE_TEST_CASE("the statistics of the day that is under way stay", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  for (const int64_t age : {2, 0}) add_day(executor, 1, age);
  append_ok(executor, 1, {encode_gap(sample_log(1), 20, 21, GapReason::kData, kNowMs, {})});
  RollupProgress rollup;
  REQUIRE(run(executor, advance_rollups(kNowMs, {}, &rollup)).ok());
  CHECK(shrunk_to_the_end(executor) == kRollupsOfDay);
  CHECK(ages_left(executor) == Ages{0});
}

TEMPLATE_TEST_CASE("statistics of a day in which events are stored stay, others go around them", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  add_day(executor, 1, 20);
  for (const int64_t age : {25, 20, 19, 1}) add_day(executor, 2, age);
  shrunk_to_the_end(executor);
  CHECK(content_of(executor, 1).size() == 10);
  CHECK(ages_left(executor) == Ages{20, 1});
  CHECK(ages_left(executor, 1) == Ages{20});
  CHECK(ages_left(executor, 2) == Ages{20, 1});
}

TEMPLATE_TEST_CASE("a day goes from its first hour to its last, and no hour of the next", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const int64_t day_ms = kNowMs / kDayMs * kDayMs - 20 * kDayMs;
  for (const int64_t hour : {0, 23, 24}) add_hour(executor, 1, day_ms + hour * kHourMs);
  add_day(executor, 1, 1);
  CHECK(shrunk(executor).rollups == 0);
  CHECK(shrunk(executor).rollups == 2 * 3);  // two hours and the day
  CHECK(shrunk(executor).rollups == kRollupsOfDay);
  CHECK(ages_left(executor) == Ages{1});
}

TEMPLATE_TEST_CASE("while events of implausible times are stored, all statistics stay", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  for (const int64_t age : {20, 5000}) add_day(executor, 1, age);
  CHECK(shrunk_to_the_end(executor) == 0);
  add_day(executor, 1, 1);
  CHECK(shrunk_to_the_end(executor) == 2 * kRollupsOfDay);
  CHECK(ages_left(executor) == Ages{1});
}

TEMPLATE_TEST_CASE("the statistics of more logs than a group has room for go in one run", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  constexpr uint8_t kLogs = 45;
  for (uint8_t log = 1; log <= kLogs; ++log) {
    for (const int64_t age : {20, 1}) add_day(executor, log, age);
  }
  shrunk(executor);
  CHECK(shrunk(executor).rollups == 2 * (kLogs + 1));
  CHECK(ages_left(executor) == Ages{1});
  CHECK(shrunk(executor).done);
}

TEMPLATE_TEST_CASE("what is summed up while a day is to go is seen, and stays", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  for (const int64_t age : {20, 19, 1}) add_day(executor, 1, age);
  shrunk(executor);
  ShrinkProgress progress;
  const OperationPtr slow = shrink({.now_ms = kNowMs, .bytes = kEverything}, &progress);
  Step step = slow->start();
  while (!std::get<Group>(step).writes) {
    step = slow->resume(executor.run_group(std::get<Group>(step)));
  }
  add_day(executor, 2, 20);
  while (auto* group = std::get_if<Group>(&step)) {
    step = slow->resume(executor.run_group(*group));
  }
  CHECK(std::get<Done>(step).status.ok());
  CHECK(progress.rollups == kRollupsOfDay);
  CHECK(ages_left(executor) == Ages{20, 1});
}

TEMPLATE_TEST_CASE("statistics through any failure go day by day, each one whole", "", MemoryStore,
                   SqliteStore) {
  for_every_failure<TestType>(
      [](TestType& store) {
        for (const int64_t age : {20, 19, 1}) add_day(store.executor(), 1, age);
        for (const int64_t age : {20, 1}) add_day(store.executor(), 2, age);
        REQUIRE(shrunk(store.executor()).segments == 3);
      },
      [](Executor& executor) {
        ShrinkProgress progress;
        do {
          WEIR_TRY(run(executor, shrink({.now_ms = kNowMs, .bytes = kEverything}, &progress)));
        } while (!progress.done);
        return Status();
      },
      [](TestType& store) {
        CHECK(shrunk(store.executor()).rollups == 0);
        for (const int64_t log_no : {0, 1, 2}) {
          CHECK(ages_left(store.executor(), log_no) == Ages{1});
        }
        CHECK(store.ledger()["expired_budget"] == 30);
      });
}

}  // namespace
}  // namespace weir
