// rehome_log: the end of a log goes on under another name.
#include "contract/stores.h"
#include "rollup_delta.h"

namespace weir {
namespace {

constexpr int64_t kLaterMs = kSampleHourMs + 2 * kDayMs;

// A log of 100 events in segments of ten, and an empty one beside it.
template <class Store>
struct ForkedLog {
  ForkedLog() {
    old_no = opened(executor(), sample_log(1)).log_no;
    new_no = opened(executor(), sample_log(2)).log_no;
    for (uint64_t first = 0; first < 100; first += 10) {
      append_ok(executor(), old_no, {sample_segment({.first = first})});
    }
  }
  Status rehome(uint64_t from) {
    return run(executor(), rehome_log(old_no, from, new_no, sample_log(2), kLaterMs));
  }
  void roll() {
    RollupProgress progress;
    REQUIRE(run(executor(), advance_rollups(kLaterMs, {}, &progress)).ok());
  }
  // Events in the day's rollup of all logs.
  uint64_t rolled_events() {
    const int64_t id = rollup_id(RollupLevel::kDay, kAllLogs, hour_of(kSampleHourMs) / 24 * 24);
    const Rows rows = answer_of(
        executor(), {StatementId::kRollupGet, std::vector<Value>(kRollupGetIds, Value(id))});
    bool sketch_ok = false;
    return rollup_at(rows, 0, &sketch_ok)->counts.total();
  }
  // That the events from `from` on are in the new log, and only there.
  void check_moved(uint64_t from) {
    std::vector<std::string> kept = sample_lines(0, from);
    std::vector<std::string> old_lines = content_of(executor(), old_no);
    REQUIRE(old_lines.size() > kept.size());
    for (size_t i = from; i < old_lines.size(); ++i) {
      CHECK(old_lines[i].find("gap:forked") != std::string::npos);
    }
    old_lines.resize(from);
    CHECK(old_lines == kept);
    CHECK(state_of(executor(), old_no).end == 100);
    CHECK(content_of(executor(), new_no) ==
          sample_lines(0, 100 - from, kSampleHourMs + static_cast<int64_t>(from) * 1000, from));
  }
  Executor& executor() { return store.executor(); }

  Store store;
  int64_t old_no = 0;
  int64_t new_no = 0;
};

TEMPLATE_TEST_CASE("events move to the new log and leave a gap", "", MemoryStore, SqliteStore) {
  for (const uint64_t from : {0U, 10U, 37U, 99U}) {
    ForkedLog<TestType> log;
    REQUIRE(log.rehome(from).ok());
    INFO("from " << from);
    log.check_moved(from);
  }
}

TEMPLATE_TEST_CASE("what has expired at the beginning moves as a gap", "", MemoryStore,
                   SqliteStore) {
  ForkedLog<TestType> log;
  log.roll();
  RetentionProgress removed;
  REQUIRE(
      run(log.executor(), retain({.now_ms = kLaterMs + 30 * kDayMs, .segments_max = 4}, &removed))
          .ok());
  REQUIRE(removed.events == 40);
  REQUIRE(log.rehome(15).ok());
  REQUIRE(log.rehome(15).ok());
  CHECK(state_of(log.executor(), log.new_no).end == 85);
  const std::vector<std::string> lines = content_of(log.executor(), log.new_no);
  REQUIRE(lines.size() > 60);
  for (size_t i = 0; i < lines.size() - 60; ++i) {
    CHECK(lines[i].find("gap:expired") != std::string::npos);
  }
  CHECK(std::vector(lines.end() - 60, lines.end()) ==
        sample_lines(25, 85, kSampleHourMs + 15'000, 15));
}

TEMPLATE_TEST_CASE("moving again moves nothing", "", MemoryStore, SqliteStore) {
  ForkedLog<TestType> log;
  REQUIRE(log.rehome(37).ok());
  REQUIRE(log.rehome(37).ok());
  log.check_moved(37);
}

TEMPLATE_TEST_CASE("nothing moves from the end of a log", "", MemoryStore, SqliteStore) {
  ForkedLog<TestType> log;
  REQUIRE(log.rehome(100).ok());
  CHECK(content_of(log.executor(), log.old_no) == sample_lines(0, 100));
  CHECK(state_of(log.executor(), log.new_no).end == 0);
}

TEMPLATE_TEST_CASE("the moved events are counted once in the rollups", "", MemoryStore,
                   SqliteStore) {
  const bool rolled_before = GENERATE(false, true);
  ForkedLog<TestType> log;
  if (rolled_before) log.roll();
  REQUIRE(log.rehome(37).ok());
  log.roll();
  CHECK(log.rolled_events() == 100);
  CHECK(state_of(log.executor(), log.new_no).rolled_through == 63);
  log.roll();
  CHECK(log.rolled_events() == 100);
}

TEMPLATE_TEST_CASE("events that are half in the rollups move on being half there", "", MemoryStore,
                   SqliteStore) {
  ForkedLog<TestType> log;
  log.roll();
  append_ok(log.executor(), log.old_no, {sample_segment({.first = 100})});
  REQUIRE(log.rehome(95).ok());
  CHECK(state_of(log.executor(), log.new_no).rolled_through == 5);
  log.roll();
  CHECK(log.rolled_events() == 110);
}

TEMPLATE_TEST_CASE("gaps move with their reason, corrupt segments as gaps that are counted", "",
                   MemoryStore, SqliteStore) {
  ForkedLog<TestType> log;
  append_ok(log.executor(), log.old_no,
            {encode_gap(sample_log(1), 100, 120, GapReason::kData, kSampleHourMs, {})});
  log.store.damage(segment_id(log.old_no, 90));
  REQUIRE(log.rehome(95).ok());
  CHECK(content_of(log.executor(), log.new_no) ==
        std::vector<std::string>{"0-5 gap:corrupt", "5-25 gap:data"});
  const std::vector<std::string> old_lines = content_of(log.executor(), log.old_no);
  CHECK(std::vector<std::string>(old_lines.begin() + 90, old_lines.end()) ==
        std::vector<std::string>{"90-95 gap:corrupt", "95-100 gap:forked", "100-120 gap:forked"});
  CHECK(log.store.ledger()["expired_corrupt"] == 10);
}

TEMPLATE_TEST_CASE("a log that is not the named one takes nothing", "", MemoryStore, SqliteStore) {
  ForkedLog<TestType> log;
  CHECK(
      run(log.executor(), rehome_log(log.old_no, 0, log.new_no, sample_log(3), kLaterMs)).code() ==
      Code::kInvalid);
  CHECK(run(log.executor(), rehome_log(log.old_no, 0, 9, sample_log(2), kLaterMs)).code() ==
        Code::kNotFound);
  append_ok(log.executor(), log.new_no, {sample_segment({.log = sample_log(2)})});
  CHECK(log.rehome(95).code() == Code::kConflict);
}

}  // namespace
}  // namespace weir
