// shrink: what the byte budget removes, in which order, and what it leaves.
#include "contract/stores.h"

namespace weir {
namespace {

constexpr int64_t kNowMs = kSampleHourMs + 30 * kDayMs;

// Logs of ten segments of ten events each, rolled up.
template <class Store>
struct FullLogs {
  explicit FullLogs(uint8_t logs = 1) {
    for (uint8_t log = 1; log <= logs; ++log) {
      const LogState state = opened(executor(), sample_log(log));
      for (uint64_t first = 0; first < 100; first += 10) {
        append_ok(executor(), state.log_no, {sample_segment({.log = state.log, .first = first})});
      }
    }
    RollupProgress progress;
    REQUIRE(run(executor(), advance_rollups(kNowMs, {.tail_events_max = 0}, &progress)).ok());
  }
  ShrinkProgress shrunk(ShrinkPolicy policy) {
    policy.now_ms = kNowMs;
    ShrinkProgress progress;
    const Status status = run(executor(), shrink(policy, &progress));
    INFO(status.message());
    REQUIRE(status.ok());
    return progress;
  }
  std::vector<std::string> content(int64_t log_no = 1) { return content_of(executor(), log_no); }
  Executor& executor() { return store.executor(); }

  Store store;
};

constexpr uint64_t kEverything = 1 << 30;

TEMPLATE_TEST_CASE("no more goes than is asked for, from the beginning of the log", "", MemoryStore,
                   SqliteStore) {
  FullLogs<TestType> logs;
  const ShrinkProgress progress = logs.shrunk({.bytes = 1});
  CHECK(progress.segments == 1);
  CHECK(progress.events == 10);
  CHECK(progress.bytes > 1);
  CHECK(progress.done);
  CHECK(logs.content() == sample_lines(10, 100));
  CHECK(logs.store.ledger()["expired_budget"] == 10);
  CHECK(logs.store.ledger()["expired_retention"] == 0);
}

TEMPLATE_TEST_CASE("nothing goes where nothing is asked for", "", MemoryStore, SqliteStore) {
  FullLogs<TestType> logs;
  CHECK(logs.shrunk({.bytes = 0}).segments == 0);
}

TEMPLATE_TEST_CASE("the newest row of each log stays, and the older log goes first", "",
                   MemoryStore, SqliteStore) {
  FullLogs<TestType> logs(2);
  const ShrinkProgress some = logs.shrunk({.bytes = 1});
  CHECK(logs.content(2).size() == 100);
  CHECK(logs.shrunk({.bytes = kEverything}).events + some.events == 180);
  CHECK(logs.content(1) == sample_lines(90, 100));
  CHECK(logs.content(2) == sample_lines(90, 100));
}

TEMPLATE_TEST_CASE("a log that has ended ends in a gap, and the one that goes on keeps its row", "",
                   MemoryStore, SqliteStore) {
  FullLogs<TestType> logs(2);
  const ShrinkPolicy policy{.bytes = kEverything, .live_log_no = 2};
  CHECK(logs.shrunk(policy).events == 190);
  CHECK(logs.content(1) == std::vector<std::string>{"0-100 gap:budget"});
  CHECK(logs.content(2) == sample_lines(90, 100));
  CHECK(state_of(logs.executor(), 1).end == 100);
  CHECK(logs.store.ledger()["expired_budget"] == 190);
  CHECK(logs.shrunk(policy).segments == 0);
  CHECK(logs.content(1).size() == 1);
}

TEMPLATE_TEST_CASE("the end of a log that has ended goes last, where a receiver waits for it", "",
                   MemoryStore, SqliteStore) {
  FullLogs<TestType> logs(2);
  REQUIRE(run(logs.executor(), set_acked(1, 90)).ok());
  REQUIRE(run(logs.executor(), set_acked(2, 100)).ok());
  ShrinkPolicy policy{.bytes = 1, .keep_unacked = true, .live_log_no = 2};
  while (logs.content(2).size() > 10) CHECK(logs.shrunk(policy).unacked_events == 0);
  CHECK(logs.content(1) == sample_lines(90, 100));
  CHECK(logs.shrunk(policy).unacked_events == 10);
  CHECK(logs.content(1) == std::vector<std::string>{"90-100 gap:budget"});
}

TEMPLATE_TEST_CASE("what is in no rollup yet stays", "", MemoryStore, SqliteStore) {
  FullLogs<TestType> logs;
  append_ok(logs.executor(), 1, {sample_segment({.first = 100})});
  append_ok(logs.executor(), 1, {sample_segment({.first = 110})});
  CHECK(logs.shrunk({.bytes = kEverything}).events == 100);
  CHECK(logs.content() == sample_lines(100, 120));
}

TEMPLATE_TEST_CASE("what the receiver has goes before what it has not", "", MemoryStore,
                   SqliteStore) {
  FullLogs<TestType> logs(2);
  REQUIRE(run(logs.executor(), set_acked(2, 30)).ok());
  const ShrinkProgress progress = logs.shrunk({.bytes = 1, .keep_unacked = true});
  CHECK(progress.unacked_events == 0);
  CHECK(logs.content(1).size() == 100);
  CHECK(logs.content(2).size() == 90);
}

TEMPLATE_TEST_CASE("what no receiver has leaves one gap that grows", "", MemoryStore, SqliteStore) {
  FullLogs<TestType> logs;
  REQUIRE(run(logs.executor(), set_acked(1, 20)).ok());
  const uint64_t acked_bytes = logs.shrunk({.bytes = kEverything}).bytes;
  CHECK(acked_bytes > 0);

  FullLogs<TestType> other;
  REQUIRE(run(other.executor(), set_acked(1, 20)).ok());
  ShrinkPolicy policy{.bytes = acked_bytes / 2, .keep_unacked = true};
  const ShrinkProgress first = other.shrunk(policy);
  CHECK(first.unacked_events == first.events - 20);
  CHECK(other.content().front().find("20-") == 0);
  CHECK(other.content().front().find("gap:budget") != std::string::npos);
  policy.bytes = kEverything;
  other.shrunk(policy);
  CHECK(other.content().front() == "20-90 gap:budget");
  CHECK(other.store.ledger()["expired_budget"] == 90);
  CHECK(other.shrunk(policy).segments == 0);  // the gap stays until it is acked
  REQUIRE(run(other.executor(), set_acked(1, 90)).ok());
  CHECK(other.shrunk(policy).segments == 1);
  CHECK(other.store.ledger()["expired_budget"] == 90);
}

TEMPLATE_TEST_CASE("the forwarder tells the receiver of the gap", "", MemoryStore, SqliteStore) {
  FullLogs<TestType> logs;
  logs.shrunk({.bytes = kEverything, .keep_unacked = true});
  CutResult cut;
  REQUIRE(run(logs.executor(), cut_log(1, 0, kNowMs, {}, &cut)).ok());
  const auto head = read_segment_head(cut.body);
  REQUIRE(head.ok());
  CHECK(head->gap_reason == GapReason::kBudget);
  CHECK(head->count == 90);
}

TEMPLATE_TEST_CASE("a gap takes the counters of the last row that it stands for", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  opened(store.executor());
  for (uint64_t first = 0; first < 30; first += 10) {
    append_ok(store.executor(), 1,
              {sample_segment({.first = first, .ledger = {.offered = first + 15}})});
  }
  RollupProgress rollup;
  REQUIRE(run(store.executor(), advance_rollups(kNowMs, {.tail_events_max = 0}, &rollup)).ok());
  ShrinkProgress progress;
  const ShrinkPolicy all{.now_ms = kNowMs, .bytes = kEverything, .keep_unacked = true};
  REQUIRE(run(store.executor(), shrink(all, &progress)).ok());
  const int64_t id = segment_id(1, 0);
  const Rows rows = answer_of(store.executor(), {StatementId::kSegmentData, {id, id, int64_t{1}}});
  const auto head = read_segment_head(*blob_at(rows, 0, 4));
  REQUIRE(head.ok());
  CHECK(head->count == 20);
  CHECK(head->ledger == LedgerCounters{.offered = 25});
}

TEMPLATE_TEST_CASE("the gap in which a log has ended stays what it is", "", MemoryStore,
                   SqliteStore) {
  FullLogs<TestType> logs;
  append_ok(logs.executor(), 1,
            {encode_gap(sample_log(1), 100, 120, GapReason::kData, kNowMs, {})});
  RollupProgress rollup;
  REQUIRE(run(logs.executor(), advance_rollups(kNowMs, {.tail_events_max = 0}, &rollup)).ok());
  opened(logs.executor(), sample_log(2));
  const ShrinkPolicy policy{.bytes = kEverything, .live_log_no = 2};
  CHECK(logs.shrunk(policy).events == 100);
  CHECK(logs.content(1) == std::vector<std::string>{"100-120 gap:data"});
}

TEMPLATE_TEST_CASE("a run ends at its bound of segments and says that it is not done", "",
                   MemoryStore, SqliteStore) {
  FullLogs<TestType> logs(2);
  const ShrinkProgress progress = logs.shrunk({.bytes = kEverything, .segments_max = 5});
  CHECK_FALSE(progress.done);
  CHECK(progress.segments == 9);  // a step is one list of a log
}

TEMPLATE_TEST_CASE("a segment that was found corrupt goes without being counted again", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  opened(store.executor());
  for (uint64_t first = 0; first < 30; first += 10) {
    append_ok(store.executor(), 1, {sample_segment({.first = first})});
  }
  store.damage(segment_id(1, 0));
  RollupProgress rollup;
  REQUIRE(run(store.executor(), advance_rollups(kNowMs, {.tail_events_max = 0}, &rollup)).ok());
  ShrinkProgress progress;
  const ShrinkPolicy all{.now_ms = kNowMs, .bytes = kEverything};
  REQUIRE(run(store.executor(), shrink(all, &progress)).ok());
  CHECK(progress.segments == 2);
  CHECK(store.ledger()["expired_corrupt"] == 10);
  CHECK(store.ledger()["expired_budget"] == 10);
}

}  // namespace
}  // namespace weir
