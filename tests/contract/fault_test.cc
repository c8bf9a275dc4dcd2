// Every writing path with its N-th step failing, for N = 1, 2, … until a run is clean: before the
// step, or after it took effect so that only the answer is lost; once, or for good. Whoever repeats
// the work afterwards finds nothing lost, nothing doubled, and the ledger adding up. (The same for
// ingest is in ingest_test.cc.)
#include "contract/every_failure.h"
#include "contract/stores.h"
#include "rollup_delta.h"

namespace weir {
namespace {

constexpr int64_t kLaterMs = kSampleHourMs + 30 * kDayMs;

template <class Store>
void prepare_log(Store& store) {
  opened(store.executor(), sample_log(1));
  opened(store.executor(), sample_log(2));
  for (uint64_t first = 0; first < 100; first += 10) {
    append_ok(store.executor(), 1, {sample_segment({.first = first})});
  }
}

Status rolled(Executor& executor) {
  RollupProgress progress;
  return run(executor, advance_rollups(kLaterMs, {}, &progress));
}

template <class Store>
void prepare_rolled(Store& store) {
  prepare_log(store);
  REQUIRE(rolled(store.executor()).ok());
}

uint64_t rolled_events(Executor& executor, int64_t log_no) {
  const int64_t id = rollup_id(RollupLevel::kHour, log_no, hour_of(kSampleHourMs));
  const Rows rows =
      answer_of(executor, {StatementId::kRollupGet, std::vector<Value>(kRollupGetIds, Value(id))});
  if (rows.rows.empty()) return 0;
  uint64_t sum = 0;
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    sum += static_cast<uint64_t>(*integer_at(rows, 0, 1 + i));
  }
  return sum;
}

TEMPLATE_TEST_CASE("opening a log through any failure makes one log with one anchor", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>([](TestType&) {},
                              [](Executor& executor) {
                                LogState state;
                                return run(executor,
                                           open_log(sample_log(1), "home", kSampleHourMs, &state));
                              },
                              [](TestType& store) {
                                std::vector<LogState> logs;
                                REQUIRE(run(store.executor(), list_logs("", &logs)).ok());
                                REQUIRE(logs.size() == 1);
                                CHECK(logs[0].end == 0);
                              });
}

TEMPLATE_TEST_CASE("a batch through any failure is stored and counted once", "", MemoryStore,
                   SqliteStore) {
  const AppendRequest batch =
      batch_of(1, {sample_segment({.first = 100}), sample_segment({.first = 110, .count = 5})});
  for_every_failure<TestType>(
      prepare_log<TestType>, [&](Executor& executor) { return run(executor, append(batch)); },
      [](TestType& store) {
        CHECK(content_of(store.executor(), 1) == sample_lines(0, 115));
        CHECK(store.ledger()["stored"] == 115);
        CHECK(store.ledger()["offered"] == 115);
      });
}

TEMPLATE_TEST_CASE("growth of the ledger through any failure is counted once", "", MemoryStore,
                   SqliteStore) {
  AppendRequest growth{.log_no = 1, .ledger_sequence = 1, .now_ms = kSampleHourMs};
  growth.ledger.offered = growth.ledger.collapsed = 7;
  for_every_failure<TestType>(
      prepare_log<TestType>, [&](Executor& executor) { return run(executor, append(growth)); },
      [](TestType& store) {
        CHECK(store.ledger()["offered"] == 107);
        CHECK(store.ledger()["collapsed"] == 7);
      });
}

TEMPLATE_TEST_CASE("rollups through any failure count each event once", "", MemoryStore,
                   SqliteStore) {
  for_every_failure<TestType>(
      [](TestType& store) {
        prepare_log(store);
        store.damage(segment_id(1, 30));
      },
      rolled,
      [](TestType& store) {
        CHECK(rolled_events(store.executor(), 1) == 90);
        CHECK(rolled_events(store.executor(), kAllLogs) == 90);
        CHECK(store.ledger()["expired_corrupt"] == 10);
        CHECK(state_of(store.executor(), 1).rolled_through == 100);
      });
}

TEMPLATE_TEST_CASE("retention through any failure removes and counts each event once", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>(
      prepare_rolled<TestType>,
      [](Executor& executor) {
        RetentionProgress progress;
        return run(executor, retain({.now_ms = kLaterMs}, &progress));
      },
      [](TestType& store) {
        CHECK(store.ledger()["expired_retention"] == 90);
        CHECK(store.ledger()["stored"] == 100);
        CHECK(state_of(store.executor(), 1).end == 100);
        CHECK(rolled_events(store.executor(), kAllLogs) == 100);
      });
}

TEMPLATE_TEST_CASE("a log that has ended ends in a gap through any failure, counted once", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>(
      prepare_rolled<TestType>,
      [](Executor& executor) {
        RetentionProgress progress;
        return run(executor, retain({.now_ms = kLaterMs, .live_log_no = 2}, &progress));
      },
      [](TestType& store) {
        CHECK(store.ledger()["expired_retention"] == 100);
        CHECK(content_of(store.executor(), 1) == std::vector<std::string>{"90-100 gap:expired"});
        CHECK(state_of(store.executor(), 1).end == 100);
      });
}

TEMPLATE_TEST_CASE("a merge through any failure keeps each event once", "", MemoryStore,
                   SqliteStore) {
  for_every_failure<TestType>(
      prepare_rolled<TestType>,
      [](Executor& executor) {
        MergeProgress progress;
        return run(executor, merge_segments({.now_ms = kLaterMs, .events_max = 40}, &progress));
      },
      [](TestType& store) {
        CHECK(content_of(store.executor(), 1) == sample_lines(0, 100));
        const auto [first, last] = std::pair(segment_id(1, 0), last_segment_id(1));
        const Rows rows =
            answer_of(store.executor(), {StatementId::kSegmentData, {first, last, int64_t{100}}});
        CHECK(rows.rows.size() == 4);  // 40, 40, 10 and the newest row
      });
}

TEMPLATE_TEST_CASE("shrinking through any failure removes and counts each event once", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>(
      [](TestType& store) {
        prepare_log(store);
        REQUIRE(rolled(store.executor()).ok());
        REQUIRE(run(store.executor(), set_acked(1, 40)).ok());
      },
      [](Executor& executor) {
        ShrinkProgress progress;
        const ShrinkPolicy all{.now_ms = kLaterMs, .bytes = 1 << 20, .keep_unacked = true};
        return run(executor, shrink(all, &progress));
      },
      [](TestType& store) {
        CHECK(store.ledger()["expired_budget"] == 90);
        CHECK(store.ledger()["stored"] == 100);
        CHECK(content_of(store.executor(), 1).front() == "40-90 gap:budget");
        CHECK(state_of(store.executor(), 1).end == 100);
        CHECK(rolled_events(store.executor(), kAllLogs) == 100);
      });
}

TEMPLATE_TEST_CASE("moving a tail through any failure leaves each event in one log", "",
                   MemoryStore, SqliteStore) {
  for_every_failure<TestType>(
      prepare_rolled<TestType>,
      [](Executor& executor) {
        return run(executor, rehome_log(1, 5, 2, sample_log(2), kLaterMs));
      },
      [](TestType& store) {
        std::vector<std::string> old_lines = content_of(store.executor(), 1);
        CHECK(old_lines.size() == 5 + 10);  // events and gaps
        old_lines.resize(5);
        CHECK(old_lines == sample_lines(0, 5));
        CHECK(content_of(store.executor(), 2) == sample_lines(0, 95, kSampleHourMs + 5000, 5));
        REQUIRE(rolled(store.executor()).ok());
        CHECK(rolled_events(store.executor(), kAllLogs) == 100);
      });
}

TEMPLATE_TEST_CASE("acked through any failure is what was said last", "", MemoryStore,
                   SqliteStore) {
  for_every_failure<TestType>(
      prepare_log<TestType>, [](Executor& executor) { return run(executor, set_acked(1, 42)); },
      [](TestType& store) { CHECK(state_of(store.executor(), 1).acked == 42); });
}

TEMPLATE_TEST_CASE("somebody who rolls up at the same time makes a run end early, not wrong", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare_log(store);
  // The first run is stopped before its writing group; the second overtakes it.
  RollupProgress slow_progress;
  const OperationPtr slow = advance_rollups(kLaterMs, {}, &slow_progress);
  Step step = slow->start();
  while (!std::get<Group>(step).writes) {
    step = slow->resume(store.executor().run_group(std::get<Group>(step)));
  }
  REQUIRE(rolled(store.executor()).ok());
  step = slow->resume(store.executor().run_group(std::get<Group>(step)));
  CHECK(std::get<Done>(step).status.ok());
  CHECK_FALSE(slow_progress.done);
  CHECK(rolled_events(store.executor(), kAllLogs) == 100);
}

TEMPLATE_TEST_CASE("two writers of one log: the slower one is told, and nothing is doubled", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare_log(store);
  const OperationPtr slow = append(batch_of(1, {sample_segment({.first = 100})}));
  Step step = slow->start();
  step = slow->resume(store.executor().run_group(std::get<Group>(step)));
  append_ok(store.executor(), 1, {sample_segment({.first = 100, .count = 3})});
  step = slow->resume(store.executor().run_group(std::get<Group>(step)));
  CHECK(std::get<Done>(step).status.code() == Code::kConflict);
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 103));
  CHECK(store.ledger()["stored"] == 103);
}

}  // namespace
}  // namespace weir
