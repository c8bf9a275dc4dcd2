// retain: what age removes, and what it leaves.
#include "contract/stores.h"
#include "log_rows.h"

namespace weir {
namespace {

constexpr int64_t kNowMs = kSampleHourMs + 30 * kDayMs;

// Segments of ten events each, one per given age in days (may be negative: from the future).
template <class Store>
struct AgedLog {
  explicit AgedLog(const std::vector<int64_t>& ages_days, uint8_t log = 1) {
    state = opened(store.executor(), sample_log(log));
    for (const int64_t age : ages_days) add(age);
    rolled();
  }
  void add(int64_t age_days) {
    const uint64_t first = state_of(executor(), state.log_no).end;
    const int64_t start_ms = kNowMs - age_days * kDayMs - static_cast<int64_t>(first) * 1000;
    append_ok(executor(), state.log_no,
              {sample_segment({.log = state.log, .first = first, .start_ms = start_ms})});
  }
  void rolled() {
    RollupProgress progress;
    REQUIRE(run(executor(), advance_rollups(kNowMs, {.tail_events_max = 0}, &progress)).ok());
  }
  RetentionProgress retained(RetentionPolicy policy = {}) {
    if (policy.now_ms == 0) policy.now_ms = kNowMs;
    RetentionProgress progress;
    const Status status = run(executor(), retain(policy, &progress));
    INFO(status.message());
    REQUIRE(status.ok());
    return progress;
  }
  // The first numbers of the segments that are left.
  std::vector<uint64_t> left() {
    const Rows rows =
        answer_of(executor(),
                  {StatementId::kSegmentData,
                   {segment_id(state.log_no, 0), last_segment_id(state.log_no), int64_t{100'000}}});
    std::vector<uint64_t> firsts;
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      firsts.push_back(segment_key(*integer_at(rows, i, 0))->first);
    }
    return firsts;
  }
  Executor& executor() { return store.executor(); }

  Store store;
  LogState state;
};

using Firsts = std::vector<uint64_t>;

TEMPLATE_TEST_CASE("what is older than the policy goes and is counted", "", MemoryStore,
                   SqliteStore) {
  AgedLog<TestType> log({20, 9, 8, 6, 1});
  const RetentionProgress progress = log.retained();
  CHECK(progress.segments == 3);
  CHECK(progress.events == 30);
  CHECK(progress.done);
  CHECK(log.left() == Firsts{30, 40});
  CHECK(log.store.ledger()["expired_retention"] == 30);
  CHECK(log.store.ledger()["stored"] == 50);
  CHECK(log.retained().segments == 0);
  CHECK(log.store.ledger()["expired_retention"] == 30);
}

TEMPLATE_TEST_CASE("the newest row stays whatever its age, so the log keeps its end", "",
                   MemoryStore, SqliteStore) {
  AgedLog<TestType> log({20, 19, 18});
  log.retained();
  CHECK(log.left() == Firsts{20});
  CHECK(state_of(log.executor(), log.state.log_no).end == 30);
}

TEMPLATE_TEST_CASE("a log that has ended ends in a gap once all of it is old", "", MemoryStore,
                   SqliteStore) {
  AgedLog<TestType> log({20, 19, -100, 18});
  const int64_t other = opened(log.executor(), sample_log(2)).log_no;
  CHECK(log.retained({.live_log_no = log.state.log_no}).events == 20);
  CHECK(log.left() == Firsts{20, 30});
  CHECK(log.retained({.live_log_no = other}).events == 20);
  const std::vector<std::string> gap = {"30-40 gap:expired"};
  CHECK(content_of(log.executor(), log.state.log_no) == gap);
  CHECK(state_of(log.executor(), log.state.log_no).end == 40);
  CHECK(log.store.ledger()["expired_retention"] == 40);
  const RetentionProgress again =
      log.retained({.now_ms = kNowMs + 100 * kDayMs, .live_log_no = other});
  CHECK(again.segments == 0);
  CHECK(content_of(log.executor(), log.state.log_no) == gap);
}

TEMPLATE_TEST_CASE("the newest row of a log that has ended stays while it is young or not sent", "",
                   MemoryStore, SqliteStore) {
  AgedLog<TestType> young({20, 6});
  young.retained({.live_log_no = 2});
  CHECK(young.left() == Firsts{10});
  CHECK(content_of(young.executor(), young.state.log_no).size() == 10);

  AgedLog<TestType> unsent({20});
  RetentionPolicy policy{.keep_unacked = true, .spool_days = 35, .live_log_no = 2};
  CHECK(unsent.retained(policy).segments == 0);
  policy.now_ms = kNowMs + 20 * kDayMs;
  CHECK(unsent.retained(policy).events == 10);
  const auto head = read_segment_head(cut(unsent.executor(), 1, 0, policy.now_ms).body);
  REQUIRE(head.ok());
  CHECK(head->gap_reason == GapReason::kExpired);
  CHECK(head->count == 10);
}

TEMPLATE_TEST_CASE("an end that grows while a gap is to take its place stays as it is", "",
                   MemoryStore, SqliteStore) {
  AgedLog<TestType> log({});
  append_ok(log.executor(), 1, {sample_segment({.count = 10, .open = true})});
  log.rolled();
  RetentionProgress progress;
  const OperationPtr slow = retain({.now_ms = kNowMs, .live_log_no = 2}, &progress);
  Step step = slow->start();
  while (!std::get<Group>(step).writes) {
    step = slow->resume(log.executor().run_group(std::get<Group>(step)));
  }
  Bytes longer = sample_segment({.count = 12, .open = true});
  const auto head = read_segment_head(longer);
  const Statement put = {StatementId::kSegmentPut, segment_values(1, *head, std::move(longer))};
  REQUIRE(log.executor().run_group(Group{{put}, true}).status.ok());
  step = slow->resume(log.executor().run_group(std::get<Group>(step)));
  while (auto* group = std::get_if<Group>(&step)) {
    step = slow->resume(log.executor().run_group(*group));
  }
  CHECK(std::get<Done>(step).status.ok());
  CHECK(progress.events == 0);
  CHECK(content_of(log.executor(), 1) == sample_lines(0, 12));
}

TEMPLATE_TEST_CASE("a segment that is marked as corrupt while it is to be removed counts once", "",
                   MemoryStore, SqliteStore) {
  AgedLog<TestType> log({20, 20, 1});
  log.rolled();
  RetentionProgress progress;
  const OperationPtr slow = retain({.now_ms = kNowMs}, &progress);
  Step step = slow->start();
  while (!std::get<Group>(step).writes) {
    step = slow->resume(log.executor().run_group(std::get<Group>(step)));
  }
  const int64_t id = segment_id(log.state.log_no, 10);
  const Rows row = answer_of(log.executor(), {StatementId::kSegmentData, {id, id, int64_t{1}}});
  const Statement mark = {StatementId::kSegmentMarkCorrupt, {id, *integer_at(row, 0, 3)}};
  REQUIRE(log.executor().run_group(Group{{mark}, true}).status.ok());
  while (auto* group = std::get_if<Group>(&step)) {
    step = slow->resume(log.executor().run_group(*group));
  }
  CHECK(std::get<Done>(step).status.ok());
  CHECK(log.left() == Firsts{20});
  CHECK(log.store.ledger()["expired_retention"] == 10);
}

TEMPLATE_TEST_CASE("an empty log stays", "", MemoryStore, SqliteStore) {
  AgedLog<TestType> log({});
  CHECK(log.retained().segments == 0);
  CHECK(state_of(log.executor(), log.state.log_no).end == 0);
}

TEMPLATE_TEST_CASE("an event exactly as old as the policy stays", "", MemoryStore, SqliteStore) {
  AgedLog<TestType> log({20, 1});
  const int64_t last_ms = kNowMs - 20 * kDayMs + 9000;  // of the first segment's events
  CHECK(log.retained({.now_ms = last_ms + 7 * kDayMs}).segments == 0);
  CHECK(log.retained({.now_ms = last_ms + 7 * kDayMs + 1}).segments == 1);
}

TEMPLATE_TEST_CASE("what is not rolled up yet stays", "", MemoryStore, SqliteStore) {
  AgedLog<TestType> log({20, 20});
  log.add(20);
  log.add(1);
  CHECK(log.retained().segments == 2);
  CHECK(log.left() == Firsts{20, 30});
  log.rolled();
  log.retained();
  CHECK(log.left() == Firsts{30});
}

TEMPLATE_TEST_CASE("with a forwarder, what was not sent stays until the spool's age", "",
                   MemoryStore, SqliteStore) {
  AgedLog<TestType> log({40, 20, 19, 18, 1});
  REQUIRE(run(log.executor(), set_acked(log.state.log_no, 20)).ok());
  const RetentionPolicy policy{.now_ms = kNowMs, .keep_unacked = true, .spool_days = 35};
  log.retained(policy);
  CHECK(log.left() == Firsts{20, 30, 40});
  REQUIRE(run(log.executor(), set_acked(log.state.log_no, 35)).ok());
  log.retained(policy);  // a segment counts as sent when all of it is
  CHECK(log.left() == Firsts{30, 40});
  RetentionPolicy short_spool = policy;
  short_spool.spool_days = 10;
  log.retained(short_spool);
  CHECK(log.left() == Firsts{40});
}

TEMPLATE_TEST_CASE("a segment from the future goes with the old one that follows it", "",
                   MemoryStore, SqliteStore) {
  AgedLog<TestType> log({20, -100, 18, -100, 1, 0});
  log.retained();
  CHECK(log.left() == Firsts{30, 40, 50});
}

TEMPLATE_TEST_CASE("a young segment protects what came after it", "", MemoryStore, SqliteStore) {
  AgedLog<TestType> log({20, 5, 20, 1});
  log.retained();
  CHECK(log.left() == Firsts{10, 20, 30});
}

TEMPLATE_TEST_CASE("a run removes at most what its budget allows, and the next goes on", "",
                   MemoryStore, SqliteStore) {
  std::vector<int64_t> ages(100, 20);
  ages.push_back(1);
  AgedLog<TestType> log(ages);
  const RetentionProgress first = log.retained({.now_ms = kNowMs, .segments_max = 40});
  CHECK(first.segments == 40);
  CHECK_FALSE(first.done);
  int runs = 1;
  while (!log.retained({.now_ms = kNowMs, .statements = 6}).done) REQUIRE(++runs < 100);
  CHECK(log.left() == Firsts{1000});
  CHECK(log.store.ledger()["expired_retention"] == 1000);
}

TEMPLATE_TEST_CASE("gaps and corrupt events are removed but not counted again", "", MemoryStore,
                   SqliteStore) {
  AgedLog<TestType> log({20});
  append_ok(log.executor(), log.state.log_no,
            {encode_gap(log.state.log, 10, 20, GapReason::kData, kNowMs - 20 * kDayMs, {})});
  log.add(20);
  log.add(1);
  log.store.damage(segment_id(log.state.log_no, 20));
  log.rolled();
  const RetentionProgress progress = log.retained();
  CHECK(progress.segments == 3);
  CHECK(progress.events == 10);
  CHECK(log.store.ledger()["expired_retention"] == 10);
  CHECK(log.store.ledger()["expired_corrupt"] == 10);
}

TEMPLATE_TEST_CASE("old rollups of a log go in its hour of the day, after those of all logs", "",
                   MemoryStore, SqliteStore) {
  AgedLog<TestType> log({20, 20, 1});  // log number 1
  const int64_t midnight = kNowMs - kNowMs % kDayMs;
  const auto removed = [&](int64_t hour, int64_t days) {
    return log.retained({.now_ms = midnight + hour * kHourMs, .rollup_days = days}).rollups;
  };
  CHECK(removed(1, 1825) == 0);
  CHECK(removed(2, 10) == 2);  // an hour and a day of all logs
  CHECK(removed(2, 10) == 0);  // not log 1's hour
  CHECK(removed(1, 10) == 2);  // an hour and a day of log 1
  CHECK(removed(1, 10) == 0);
}

}  // namespace
}  // namespace weir
