#include "native/store/maintenance.h"

#include "native/log_fixture.h"
#include "rollup_delta.h"
#include "support/caught_log.h"

namespace weir {
namespace {

struct Fixture : LogFixture {
  int64_t retention_days = 7;
  bool keep_unacked = false;
  int checkpoints = 0;
  Status checkpoint_status;
  Excess excess;
  ClockPair clock{kSampleHourMs + 2 * kHourMs, 0};
  Maintenance maintenance{executor,
                          [this] {
                            return RetentionPolicy{.events_days = retention_days,
                                                   .keep_unacked = keep_unacked};
                          },
                          [this] {
                            ++checkpoints;
                            return checkpoint_status;
                          },
                          [this] { return excess; }};

  void wait_ms(int64_t ms) {
    clock.monotonic_us += ms * 1000;
    clock.wall_ms += ms;
  }
  // Everything that is due; how many steps it took.
  int run_due() {
    int steps = 0;
    while (maintenance.step(clock)) REQUIRE(++steps < 10'000);
    return steps;
  }
  void append(uint64_t first, uint64_t count) {
    append_ok(store.executor(), opened(store.executor()).log_no,
              {sample_segment({.first = first, .count = count})});
  }
  // Segments of 40,000 events of one hour: two are too many for the first level.
  void append_dense(uint64_t segments) {
    const int64_t log_no = opened(store.executor()).log_no;
    SegmentBuilder builder;
    for (uint64_t n = 0; n < 40'000; ++n) REQUIRE(builder.add(sample_event(n % 3000)).ok());
    for (uint64_t i = 0; i < segments; ++i) {
      append_ok(store.executor(), log_no, {builder.encode({sample_log(1), i * 40'000, false, {}})});
    }
  }
  std::vector<int64_t> row_counts() {
    const Rows rows = answer_of(
        store.executor(),
        {StatementId::kSegmentData, {segment_id(1, 0), last_segment_id(1), int64_t{1000}}});
    std::vector<int64_t> counts;
    for (size_t i = 0; i < rows.rows.size(); ++i) counts.push_back(*integer_at(rows, i, 1));
    return counts;
  }
  // Of the hour that append() writes to.
  Rollup rollup(bool* sketch_ok) {
    std::vector<Value> wanted(kRollupGetIds, int64_t{-1});
    wanted.front() = rollup_id(RollupLevel::kHour, 1, kSampleHourMs / kHourMs);
    const Rows rows = answer_of(store.executor(), {StatementId::kRollupGet, std::move(wanted)});
    REQUIRE(rows.rows.size() == 1);
    auto rollup = rollup_at(rows, 0, sketch_ok);
    REQUIRE(rollup.ok());
    return std::move(rollup).value();
  }
  bool rollup_is_sound() {
    bool sketch_ok = false;
    const Rollup found = rollup(&sketch_ok);
    return sketch_ok && found.summary.counts() == found.counts;
  }
  void damage_rollup() {
    store.damage_rollup(rollup_id(RollupLevel::kHour, 1, kSampleHourMs / kHourMs));
    REQUIRE_FALSE(rollup_is_sound());
  }
  uint64_t rolled_through() { return state_of(store.executor(), 1).rolled_through; }
};

TEST_CASE("all kinds of work are due at the start, and then each at its own time") {
  Fixture f;
  CHECK(f.maintenance.next_due_ms() == 0);
  f.run_due();
  CHECK(f.checkpoints == 1);
  CHECK(f.maintenance.next_due_ms() == Maintenance::kRollupIntervalMs);
  CHECK_FALSE(f.maintenance.step(f.clock));
  f.wait_ms(Maintenance::kCheckpointIntervalMs);
  f.run_due();
  CHECK(f.checkpoints == 2);
}

TEST_CASE("with gentle pace rollups come every two minutes and checkpoints every five") {
  Fixture f;
  f.maintenance.set_gentle_pace();
  f.append(0, 10);
  f.run_due();
  f.append(10, 5);
  f.wait_ms(119'999);
  f.run_due();
  CHECK(f.rolled_through() == 10);
  f.wait_ms(1);
  f.run_due();
  CHECK(f.rolled_through() == 15);
  f.wait_ms(179'999);
  f.run_due();
  CHECK(f.checkpoints == 1);
  f.wait_ms(1);
  f.run_due();
  CHECK(f.checkpoints == 2);
}

TEST_CASE("sealed segments are rolled up, one step at a time") {
  Fixture f;
  f.append(0, 10);
  CHECK(f.rolled_through() == 0);
  CHECK(f.run_due() > 3);
  CHECK(f.rolled_through() == 10);
}

TEST_CASE("work that its budget ended goes on at once") {
  Fixture f;
  for (uint64_t i = 0; i < 60; ++i) {
    append_ok(f.store.executor(), opened(f.store.executor(), sample_log(1)).log_no,
              {sample_segment({.first = i * 10})});
  }
  f.run_due();
  CHECK(f.rolled_through() == 600);
}

TEST_CASE("retention follows the policy of the moment") {
  Fixture f;
  f.append(0, 10);
  f.append(10, 10);
  f.run_due();
  f.wait_ms(3 * kDayMs);
  f.run_due();
  CHECK(content_of(f.store.executor(), 1).size() == 20);
  f.retention_days = 1;
  f.wait_ms(Maintenance::kRetentionIntervalMs);
  f.run_due();
  CHECK(content_of(f.store.executor(), 1).size() == 10);  // the newest row stays
  CHECK(f.store.ledger()["expired_retention"] == 10);
}

TEST_CASE("a clock that jumps ahead makes nothing old for an hour, or if it comes back before") {
  const auto after_retention = [](Fixture& f) {
    f.wait_ms(Maintenance::kRetentionIntervalMs);
    f.run_due();
    return f.store.ledger()["expired_retention"];
  };
  for (const bool comes_back : {false, true}) {
    Fixture f;
    f.append(0, 10);
    f.append(10, 10);
    f.run_due();
    f.clock.wall_ms += 30 * kDayMs;
    f.run_due();
    CHECK(after_retention(f) == 0);
    if (comes_back) f.clock.wall_ms -= 30 * kDayMs;
    f.wait_ms(ClockStepFilter::kTrustMs);
    CHECK(after_retention(f) == (comes_back ? 0 : 10));
  }
}

TEST_CASE("a clock far ahead of the log at the start is believed after an hour") {
  Fixture f;
  f.append(0, 10);
  f.append(10, 10);
  f.maintenance.log_reaches(kSampleHourMs);
  f.clock.wall_ms += 30 * kDayMs;
  f.run_due();
  CHECK(f.rolled_through() == 20);
  CHECK(f.store.ledger()["expired_retention"] == 0);
  f.wait_ms(ClockStepFilter::kTrustMs);
  f.run_due();
  CHECK(f.store.ledger()["expired_retention"] == 10);
}

TEST_CASE(
    "events later than the clock at the start are rolled up when it is set, or an hour later") {
  for (const bool is_set : {false, true}) {
    Fixture f;
    f.append(0, 10);
    f.clock.wall_ms = kSampleHourMs - kDayMs;
    f.run_due();
    CHECK(f.rolled_through() == 0);
    if (is_set) f.clock.wall_ms = kSampleHourMs + kHourMs;
    f.wait_ms(is_set ? Maintenance::kRollupIntervalMs : ClockStepFilter::kTrustMs);
    f.run_due();
    CHECK(f.rolled_through() == 10);
    bool sketch_ok = false;
    if (is_set) CHECK(f.rollup(&sketch_ok).counts.total() == 10);
  }
}

TEST_CASE("retention that has changed is due at once, and begun again if it is under way") {
  for (const bool under_way : {false, true}) {
    Fixture f;
    f.append(0, 10);
    f.append(10, 10);
    f.wait_ms(3 * kDayMs);
    f.run_due();
    if (under_way) f.maintenance.retention_changed();
    REQUIRE(f.maintenance.step(f.clock) == under_way);
    f.retention_days = 1;
    f.maintenance.retention_changed();
    f.run_due();
    CHECK(f.store.ledger()["expired_retention"] == 10);
  }
}

TEST_CASE("a damaged segment is counted once") {
  Fixture f;
  f.append(0, 10);
  f.append(10, 5);
  f.store.damage(segment_id(1, 0));
  f.run_due();
  CHECK(f.maintenance.corrupt_events() == 10);
  f.wait_ms(Maintenance::kRollupIntervalMs);
  f.run_due();
  CHECK(f.maintenance.corrupt_events() == 10);
  CHECK(f.rolled_through() == 15);
}

TEST_CASE("a finished hour is merged once it is rolled up") {
  Fixture f;
  for (uint64_t i = 0; i < 5; ++i) f.append(i * 10, 10);
  f.run_due();
  f.wait_ms(Maintenance::kMergeIntervalMs);
  f.run_due();
  CHECK(f.maintenance.merged().segments == 4);
  CHECK(f.maintenance.merged().bytes_after < f.maintenance.merged().bytes_before);
  CHECK(f.row_counts() == std::vector<int64_t>{40, 10});
}

TEST_CASE("an hour that is under way is not merged") {
  Fixture f;
  f.clock.wall_ms = kSampleHourMs + kHourMs + kSealDelayMs - 1;
  for (uint64_t i = 0; i < 3; ++i) f.append(i * 10, 10);
  f.run_due();
  CHECK(f.maintenance.merged().segments == 0);
  f.wait_ms(Maintenance::kMergeIntervalMs);
  f.run_due();
  CHECK(f.maintenance.merged().segments == 2);
}

TEST_CASE("segments past the first level's bound are merged an hour later") {
  Fixture f;
  f.clock.wall_ms = kSampleHourMs + kHourMs + Maintenance::kMergeLevel2DelayMs - 1;
  f.append_dense(3);
  f.run_due();
  CHECK(f.row_counts() == std::vector<int64_t>{40'000, 40'000, 40'000});
  f.wait_ms(Maintenance::kMergeLevel2IntervalMs);
  f.run_due();
  CHECK(f.row_counts() == std::vector<int64_t>{80'000, 40'000});
}

TEST_CASE("with a forwarder, only what is acked reaches the second level") {
  Fixture f;
  f.keep_unacked = true;
  f.append_dense(4);
  REQUIRE(run(f.store.executor(), set_acked(1, 80'000)).ok());
  f.clock.wall_ms += kDayMs;
  f.run_due();
  CHECK(f.row_counts() == std::vector<int64_t>{80'000, 40'000, 40'000});
}

TEST_CASE("what fails at any step is tried again at the next time, and done then") {
  uint64_t failures = 1;
  for (uint64_t step = 1; failures > 0; ++step) {
    Fixture f;
    f.append(0, 10);
    f.executor.arm({.step = step});
    f.run_due();
    failures = f.executor.failures();
    f.wait_ms(Maintenance::kRetentionIntervalMs);
    f.run_due();
    CHECK(f.rolled_through() == 10);
  }
}

TEST_CASE("a budget that is used up while the database fails is tried again at its time") {
  for (const bool rolled : {false, true}) {  // thus the rollup fails, or the removal
    Fixture f;
    f.append(0, 10);
    f.append(10, 10);
    if (rolled) f.run_due();
    f.excess = {.bytes = 1, .hard = true};
    f.wait_ms(Maintenance::kSpaceIntervalMs);
    f.executor.arm({.step = 1, .extent = FailingExecutor::Extent::kPersistent});
    f.run_due();
    CHECK(f.executor.failures() > 0);
    CHECK(f.maintenance.holds_commits());
    CHECK(f.maintenance.next_due_ms() > monotonic_ms(f.clock));
    f.executor.arm({});
    f.wait_ms(Maintenance::kSpaceIntervalMs);
    f.run_due();
    CHECK(f.store.ledger()["expired_budget"] == 10);
  }
}

TEST_CASE("rollups are computed anew when somebody asks for that, whatever fails meanwhile") {
  uint64_t failures = 1;
  for (uint64_t step = 1; failures > 0; ++step) {
    Fixture f;
    f.append(0, 10);
    f.run_due();
    f.damage_rollup();
    f.executor.arm({.step = step});
    f.maintenance.rebuild({kSampleHourMs / kHourMs});
    f.run_due();
    failures = f.executor.failures();
    f.wait_ms(Maintenance::kRebuildIntervalMs);
    f.run_due();
    CHECK(f.rollup_is_sound());
    CHECK(f.rolled_through() == 10);
  }
}

TEST_CASE("a rollup that is damaged when more is to be added is computed anew") {
  Fixture f;
  f.append(0, 10);
  f.run_due();
  f.damage_rollup();
  f.append(10, 5);
  f.wait_ms(Maintenance::kRollupIntervalMs);
  f.run_due();
  CHECK(f.rolled_through() == 15);
  CHECK(f.rollup_is_sound());
}

TEST_CASE("hours that are to be computed anew while others are, have their turn after these") {
  Fixture f;
  f.append(0, 10);
  f.run_due();
  f.damage_rollup();
  f.maintenance.rebuild({kSampleHourMs / kHourMs - 1});
  REQUIRE(f.maintenance.step(f.clock));
  f.maintenance.rebuild({kSampleHourMs / kHourMs});
  f.run_due();
  CHECK(f.rollup_is_sound());
  CHECK_FALSE(f.maintenance.step(f.clock));
}

TEST_CASE("a rebuild makes way for commits that wait for room, and is begun again") {
  Fixture f;
  f.append(0, 10);
  f.append(10, 5);
  f.run_due();
  f.damage_rollup();
  f.maintenance.rebuild({kSampleHourMs / kHourMs});
  REQUIRE(f.maintenance.step(f.clock));  // of the rebuild: nothing else is due
  f.excess = {1, true};
  f.maintenance.after_commit();
  REQUIRE(f.maintenance.holds_commits());
  for (int steps = 0; f.row_counts().size() > 1; ++steps) {
    REQUIRE(steps < 100);
    REQUIRE(f.maintenance.step(f.clock));
  }
  f.excess = {};
  f.maintenance.after_commit();
  bool sketch_ok = true;
  f.rollup(&sketch_ok);
  CHECK_FALSE(sketch_ok);
  f.run_due();
  CHECK(f.rollup(&sketch_ok).counts.total() == 15);
  CHECK(sketch_ok);
}

TEST_CASE("of statistics that the byte budget removes the log tells once, and when all are gone") {
  CaughtLog log;
  Fixture f;
  for (int64_t day = 0; day < 4; ++day) {
    const LogState state = opened(f.store.executor());
    const int64_t start_ms = kSampleHourMs - (3 - day) * kDayMs - day * 10'000;
    append_ok(f.store.executor(), state.log_no,
              {sample_segment({.first = state.end, .start_ms = start_ms})});
  }
  f.run_due();
  CHECK(log.count("byte budget") == 0);
  f.excess = {1 << 30, false};
  f.maintenance.after_commit();
  f.run_due();
  CHECK(f.row_counts() == std::vector<int64_t>{10});
  const Rows rollups =
      answer_of(f.store.executor(), {StatementId::kRollupList, {int64_t{-1}, int64_t{100}}});
  CHECK(rollups.rows.size() == 4);  // of today
  CHECK(log.count("the oldest statistics go") == 1);
  CHECK(log.count("is used up") == 1);
}

TEST_CASE("a failing checkpoint holds up nothing else") {
  Fixture f;
  f.checkpoint_status = Status(Code::kUnavailable, "disk full");
  f.append(0, 10);
  f.run_due();
  CHECK(f.rolled_through() == 10);
}

}  // namespace
}  // namespace weir
