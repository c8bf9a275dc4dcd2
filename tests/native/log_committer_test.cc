#include "native/store/log_committer.h"

#include "native/log_fixture.h"
#include "support/caught_log.h"

namespace weir {
namespace {

// Refuses every group that stores a segment with the name "poison.example".
class PoisonExecutor final : public Executor {
 public:
  explicit PoisonExecutor(Executor& inner) : inner_(inner) {}
  Reply run_group(const Group& group) override {
    for (const Statement& statement : group.statements) {
      if (statement.id == StatementId::kSegmentAppend && poisoned(statement)) {
        return Reply{Status(Code::kTooLarge, "too big")};
      }
    }
    return inner_.run_group(group);
  }
  Reply run_read(const Read& read) override { return inner_.run_read(read); }

 private:
  static bool poisoned(const Statement& statement) {
    const auto reader = SegmentReader::open(std::get<Bytes>(statement.parameters.at(8)));
    for (size_t i = 0; reader.ok() && i < reader->question_count(); ++i) {
      if (reader->question(i).name == "poison.example") return true;
    }
    return false;
  }
  Executor& inner_;
};

// Every group that writes takes so long, by the clock of the test.
class SlowExecutor final : public Executor {
 public:
  SlowExecutor(Executor& inner, ClockPair& clock) : inner_(inner), clock_(clock) {}
  Reply run_group(const Group& group) override {
    if (group.writes) clock_.monotonic_us += delay_us;
    return inner_.run_group(group);
  }
  Reply run_read(const Read& read) override { return inner_.run_read(read); }

  int64_t delay_us = 0;

 private:
  Executor& inner_;
  ClockPair& clock_;
};

struct Fixture : LogFixture {
  ClockPair clock{kTestWallMs, 0};
  SlowExecutor slow{executor, clock};
  PoisonExecutor poison{slow};
  BufferGauge gauge{1000};
  uint64_t flushes = 0;
  std::unique_ptr<LogCommitter> committer = make_committer();

  std::unique_ptr<LogCommitter> make_committer() {
    BatcherOptions options;
    options.buffer_events_max = 1000;
    return std::make_unique<LogCommitter>(
        LogCommitter::Parts{poison, *page, gauge, ids.maker()}, settle(), options,
        [this] { return clock; }, [this](uint64_t, int64_t, const Status&) { ++flushes; });
  }
  // Offers events as producers and the writer do.
  void offer(uint64_t count, const char* qname = "a.example", int64_t time_ms = kTestWallMs) {
    for (uint64_t i = 0; i < count; ++i) {
      page->slot(0).count_offered();
      REQUIRE(gauge.take());
      Event event = sample_event(offered_++, kTestWallMs);
      event.time_ms = time_ms;
      event.qname = qname;
      committer->add(event, monotonic_ms(clock));
    }
  }
  void commit() {
    committer->hurry();
    committer->commit_due();
  }
  void wait_ms(int64_t ms) { clock.monotonic_us += ms * 1000; }
  int64_t log_no() const { return committer->account().log.log_no; }
  LedgerDelta ledger() { return ledger_of(store.executor(), log_no()); }
  uint64_t end() { return state_of(store.executor(), log_no()).end; }
  // Of the log's segments, the newest last.
  std::vector<SegmentHead> heads() {
    const Rows rows = answer_of(store.executor(),
                                {StatementId::kSegmentData,
                                 {segment_id(log_no(), 0), last_segment_id(log_no()), int64_t{9}}});
    std::vector<SegmentHead> heads;
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      const auto head = read_segment_head(*blob_at(rows, i, 4));
      REQUIRE(head.ok());
      heads.push_back(*head);
    }
    return heads;
  }

 private:
  uint64_t offered_ = 0;
};

TEST_CASE("a commit stores the events, their account, and where the log ends") {
  Fixture f;
  f.offer(25);
  CHECK(f.gauge.held() == 25);
  f.commit();
  CHECK(f.end() == 25);
  CHECK(f.ledger().stored == 25);
  check_balanced(f.ledger());
  CHECK(f.gauge.held() == 0);
  CHECK(f.committer->stored() == 25);
  CHECK(f.committer->settled());
  CHECK(f.page->state().committed_end == 25);
  CHECK(f.flushes == 1);
}

TEST_CASE("a flush that takes more than a tenth of a second is told") {
  const CaughtLog log;
  Fixture f;
  f.slow.delay_us = 100'000;
  f.offer(3);
  f.commit();
  CHECK(log.count("slow flush") == 0);
  f.slow.delay_us = 250'000;
  f.offer(7);
  f.commit();
  CHECK(log.count("slow flush: 7 events took 250 ms") == 1);
}

TEST_CASE("each flush is a line for who looks closely") {
  for (const auto level : {spdlog::level::info, spdlog::level::debug}) {
    const size_t lines = level == spdlog::level::debug ? 1 : 0;
    const CaughtLog log(level);
    Fixture f;
    f.slow.delay_us = 1500;
    f.offer(3);
    f.commit();
    f.slow.delay_us = 7;
    f.offer(20);
    f.commit();
    CHECK(log.count("flush of 3 events took 1500 us") == lines);
    CHECK(log.count("flush of 20 events took 7 us") == lines);
    CHECK(log.count("flush") == 2 * lines);
  }
}

TEST_CASE("nothing is committed before it is due") {
  Fixture f;
  f.offer(1);
  CHECK_FALSE(f.committer->commit_due());
  f.wait_ms(kFlushIntervalMsDefault);
  CHECK(f.committer->next_deadline_ms() == kFlushIntervalMsDefault);
  CHECK(f.committer->commit_due());
  CHECK(f.committer->settled());
}

TEST_CASE("drops are committed with the next batch, or alone if there is none") {
  Fixture f;
  f.page->slot(0).count_offered(3);
  f.page->slot(0).count_dropped(DropReason::kBufferFull, 3);
  f.offer(1);
  f.committer->commit_drops();  // the batch will carry them
  CHECK(f.ledger().offered == 0);
  f.commit();
  CHECK(f.ledger().offered == 4);
  CHECK(dropped(f.ledger(), DropReason::kBufferFull) == 3);

  f.page->slot(0).count_offered(2);
  f.page->slot(0).count_dropped(DropReason::kDisabled, 2);
  f.committer->commit_drops();
  f.committer->commit_drops();
  CHECK(dropped(f.ledger(), DropReason::kDisabled) == 2);
  check_balanced(f.ledger());
  CHECK(f.committer->settled());
}

TEST_CASE("an event out of bounds is dropped{data} and gives its place back") {
  Fixture f;
  f.page->slot(0).count_offered();
  REQUIRE(f.gauge.take());
  Event event = sample_event(0);
  event.time_ms = 5;
  f.committer->add(event, 0);
  CHECK(f.gauge.held() == 0);
  f.committer->commit_drops();
  CHECK(dropped(f.ledger(), DropReason::kData) == 1);
  check_balanced(f.ledger());
}

TEST_CASE("a commit that fails at any step, with or without effect, is in the log once") {
  for (const auto moment : {FailingExecutor::Moment::kBefore, FailingExecutor::Moment::kAfter}) {
    uint64_t failures = 1;
    for (uint64_t step = 1; failures > 0; ++step) {
      Fixture f;
      f.page->slot(0).count_offered(2);
      f.page->slot(0).count_dropped(DropReason::kBufferFull, 2);
      f.offer(10);
      f.executor.arm({.step = step, .moment = moment});
      REQUIRE(f.committer->commit_all().ok());
      failures = f.executor.failures();
      CHECK(f.committer->stats().retries == failures);
      CHECK(f.end() == 10);
      CHECK(f.ledger().stored == 10);
      CHECK(f.ledger().offered == 12);
      CHECK(f.committer->settled());
    }
  }
}

TEST_CASE("drops whose commit fails at any step are counted once") {
  for (const auto moment : {FailingExecutor::Moment::kBefore, FailingExecutor::Moment::kAfter}) {
    Fixture f;
    f.page->slot(0).count_offered(2);
    f.page->slot(0).count_dropped(DropReason::kBufferFull, 2);
    f.executor.arm({.step = 1, .moment = moment});
    f.committer->commit_drops();
    CHECK_FALSE(f.committer->idle());
    f.offer(3);
    REQUIRE(f.committer->commit_all().ok());
    CHECK(f.ledger().offered == 5);
    CHECK(dropped(f.ledger(), DropReason::kBufferFull) == 2);
    check_balanced(f.ledger());
  }
}

TEST_CASE("the circuit opens after repeated failures and closes with the first success") {
  Fixture f;
  f.offer(5);
  f.executor.arm({.step = 1, .extent = FailingExecutor::Extent::kPersistent});
  for (int i = 1; i <= LogCommitter::kCircuitFailures; ++i) {
    CHECK_FALSE(f.committer->circuit_open());
    f.commit();
  }
  CHECK(f.committer->circuit_open());
  CHECK(f.committer->last_error() == "injected failure");
  CHECK(f.gauge.held() == 5);
  f.executor.arm({});
  f.commit();
  CHECK_FALSE(f.committer->circuit_open());
  CHECK(f.committer->last_error().empty());
  CHECK(f.end() == 5);
}

TEST_CASE("commit_all gives up when the circuit opens") {
  Fixture f;
  f.offer(5);
  f.executor.arm({.step = 1, .extent = FailingExecutor::Extent::kPersistent});
  CHECK(f.committer->commit_all().code() == Code::kUnavailable);
  CHECK(f.gauge.held() == 5);
}

TEST_CASE("one poisoned event becomes a gap; its neighbours are stored; the circuit stays closed") {
  Fixture f;
  f.offer(40);
  f.offer(1, "poison.example");
  f.offer(20);
  REQUIRE(f.committer->commit_all().ok());
  CHECK_FALSE(f.committer->circuit_open());
  CHECK(f.end() == 61);
  CHECK(f.ledger().stored == 60);
  CHECK(dropped(f.ledger(), DropReason::kData) == 1);
  check_balanced(f.ledger());
  CHECK(f.committer->settled());
  CHECK(f.gauge.held() == 0);
  const auto content = content_of(f.store.executor(), f.log_no());
  CHECK(content.at(40) == "40-41 gap:data");
}

TEST_CASE("a corrupt database is an error of the environment: nothing is halved or given up") {
  Fixture f;
  f.offer(8);
  f.executor.arm({.step = 1, .code = Code::kCorrupt});
  f.commit();
  CHECK(f.committer->stats().halvings == 0);
  CHECK(f.committer->stats().retries == 1);
  f.commit();
  CHECK(f.ledger().stored == 8);
}

TEST_CASE("heads balance: what a receiver reads from the newest one adds up") {
  Fixture f;
  f.page->slot(0).count_offered(4);
  f.page->slot(0).count_dropped(DropReason::kBufferFull, 4);
  f.offer(10);
  f.commit();
  f.page->writer_slot().count_dropped(DropReason::kCrash, 0);
  f.page->slot(0).count_offered(1);
  f.page->slot(0).count_dropped(DropReason::kBufferFull, 1);
  f.offer(6);
  f.commit();
  const SegmentHead newest = f.heads().back();
  CHECK(newest.ledger.offered == 21);
  CHECK(newest.ledger.dropped[static_cast<size_t>(DropReason::kBufferFull)] == 5);
}

// Somebody who does not know of us writes to our log.
void intrude(Fixture& f) {
  append_ok(f.store.executor(), f.log_no(),
            {sample_segment({.log = f.committer->account().log.log, .first = f.end()})});
}

TEST_CASE("a log that somebody else wrote to is left, and what is held is stored in a new one") {
  Fixture f;
  f.offer(5);
  f.commit();
  const int64_t old_log = f.log_no();
  f.offer(7);
  f.page->slot(0).count_offered(2);
  f.page->slot(0).count_dropped(DropReason::kBufferFull, 2);
  intrude(f);
  f.commit();
  CHECK(f.log_no() == old_log);
  f.commit();
  CHECK(f.log_no() != old_log);
  CHECK(f.end() == 7);
  CHECK(f.ledger().stored == 7);
  CHECK(dropped(f.ledger(), DropReason::kBufferFull) == 2);
  check_balanced(f.ledger());
  CHECK(f.committer->settled());
  CHECK_FALSE(f.committer->circuit_open());
  CHECK(f.gauge.held() == 0);
  CHECK(f.page->state().log == f.committer->account().log.log);
}

TEST_CASE("heads of the log that is gone over to tell nothing of the one that was left") {
  Fixture f;
  f.page->slot(0).count_offered(4);
  f.page->slot(0).count_dropped(DropReason::kBufferFull, 4);
  f.offer(50);
  f.commit();
  f.offer(3);
  f.offer(3, "a.example", kTestWallMs + kHourMs);  // thus two segments
  intrude(f);
  REQUIRE(f.committer->commit_all().ok());
  const std::vector<SegmentHead> heads = f.heads();
  REQUIRE(heads.size() == 2);
  for (const SegmentHead& head : heads) {
    CHECK(head.count == 3);
    CHECK(head.ledger.offered == head.first + 3);
    CHECK(head.ledger.dropped[static_cast<size_t>(DropReason::kBufferFull)] == 0);
  }
}

TEST_CASE("leaving a log through a failure at any step stores each event once") {
  uint64_t failures = 1;
  for (uint64_t step = 1; failures > 0; ++step) {
    Fixture f;
    f.offer(4);
    intrude(f);
    f.commit();
    f.executor.arm({.step = step});
    REQUIRE(f.committer->commit_all().ok());
    failures = f.executor.failures();
    CHECK(f.ledger().stored == 4);
    CHECK(f.end() == 4);
    check_balanced(f.ledger());
    CHECK(f.committer->settled());
  }
}

TEST_CASE("a refused event stays counted once when its log is left before the gap is stored") {
  Fixture f;
  f.offer(1, "poison.example");
  f.offer(3);
  f.commit();  // refused; halves, until the first event is a gap
  f.commit();
  f.commit();
  intrude(f);
  REQUIRE(f.committer->commit_all().ok());
  CHECK(f.ledger().stored == 3);
  CHECK(dropped(f.ledger(), DropReason::kData) == 1);
  check_balanced(f.ledger());
  CHECK(f.gauge.held() == 0);
  CHECK(f.committer->settled());
}

TEST_CASE("what cannot be written at the end is dropped{shutdown}") {
  Fixture f;
  f.offer(5);
  f.executor.arm({.step = 1, .extent = FailingExecutor::Extent::kPersistent});
  CHECK_FALSE(f.committer->commit_all().ok());
  f.committer->abandon();
  CHECK(f.gauge.held() == 0);
  f.executor.arm({});
  f.committer->commit_drops();
  CHECK(dropped(f.ledger(), DropReason::kShutdown) == 5);
  check_balanced(f.ledger());
  CHECK(f.committer->settled());
}

TEST_CASE("a gap that waits for its commit is not counted again at the end") {
  Fixture f;
  f.offer(1, "poison.example");
  f.commit();  // refused: becomes a gap
  f.executor.arm({.step = 1, .extent = FailingExecutor::Extent::kPersistent});
  f.commit();
  f.committer->abandon();
  f.executor.arm({});
  f.committer->commit_drops();
  CHECK(dropped(f.ledger(), DropReason::kData) == 1);
  CHECK(dropped(f.ledger(), DropReason::kShutdown) == 0);
  check_balanced(f.ledger());
}

TEST_CASE("after a switch events go to the new log, and what waits in the rings with them") {
  Fixture f;
  f.offer(3);
  REQUIRE(f.committer->commit_all().ok());
  f.page->slot(0).count_offered(2);  // in a ring
  auto account = open_new_log(f.poison, "home", kTestWallMs, f.ids.maker());
  REQUIRE(account.ok());
  const int64_t old_log = f.log_no();
  f.committer->switch_to(*account);
  CHECK(f.page->state().log == account->log.log);
  CHECK(f.page->of_log().offered == 2);
  f.page->slot(0).count_dropped(DropReason::kBufferFull, 2);
  f.offer(4);
  REQUIRE(f.committer->commit_all().ok());
  CHECK(ledger_of(f.store.executor(), old_log).offered == 3);
  CHECK(f.ledger().offered == 6);
  CHECK(f.end() == 4);
  CHECK(f.committer->stored() == 7);
  CHECK(f.committer->stats().acked == 7);
}

}  // namespace
}  // namespace weir
