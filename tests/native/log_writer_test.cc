// The writer thread against a database that can be shut off.
#include "native/store/log_writer.h"

#include <chrono>
#include <optional>
#include <thread>

#include "native/log_fixture.h"
#include "support/caught_log.h"

namespace weir {
namespace {

// Refuses everything while it is shut. Thread-safe, unlike FailingExecutor.
class GateExecutor final : public Executor {
 public:
  explicit GateExecutor(Executor& inner) : inner_(inner) {}
  Reply run_group(const Group& group) override {
    if (shut) return Reply{Status(Code::kUnavailable, "the gate is shut")};
    return inner_.run_group(group);
  }
  Reply run_read(const Read& read) override { return inner_.run_read(read); }

  std::atomic<bool> shut{false};

 private:
  Executor& inner_;
};

struct Fixture : LogFixture {
  GateExecutor gate{store.executor()};
  Intake intake;
  std::vector<std::unique_ptr<RingSink>> sinks;
  std::unique_ptr<LogCommitter> committer;
  std::unique_ptr<Maintenance> maintenance;
  std::atomic<bool> circuit_open{false};
  std::atomic<bool> holds_commits{false};
  std::atomic<uint64_t> turns{0};    // that have ended
  std::atomic<int64_t> ahead_us{0};  // of the real clock
  std::optional<ClockPair> still;    // instead of the real clock; set it before the start
  std::vector<uint64_t> drains;      // what they found waiting; the writer's while it runs
  std::atomic<bool> used_up{false};  // the byte budget
  Subscribers subscribers;
  FloodGuard guard{1, 1000};
  std::unique_ptr<LogWriter> writer;

  explicit Fixture(size_t buffer_events = 100) : intake(buffer_events) {
    for (size_t i = 0; i < 2; ++i) {
      sinks.push_back(
          std::make_unique<RingSink>(buffer_events * kRingBytesPerEvent, page->slot(i), intake));
    }
    BatcherOptions options;
    options.buffer_events_max = intake.gauge.capacity();
    options.flush_intervals = FlushIntervals::always(1);
    committer = std::make_unique<LogCommitter>(
        LogCommitter::Parts{gate, *page, intake.gauge, ids.maker()}, settle(), options, clock(),
        [](uint64_t, int64_t, const Status&) {});
    maintenance = std::make_unique<Maintenance>(
        gate, [] { return RetentionPolicy{.events_days = 36'500}; }, [] { return Status(); },
        [this] { return used_up ? Excess{.bytes = 1, .hard = true} : Excess{}; });
    writer = std::make_unique<LogWriter>(
        LogWriter::Parts{intake, *page, sinks, *committer, *maintenance, subscribers, guard},
        clock(), [this](uint64_t waiting) { drains.push_back(waiting); },
        [this] {
          circuit_open = committer->circuit_open();
          holds_commits = maintenance->holds_commits();
          ++turns;
        });
  }
  Clock clock() {
    return [this] {
      ClockPair now = still.value_or(ClockPair::now());
      now.monotonic_us += ahead_us;
      return now;
    };
  }
  void offer(uint64_t count, size_t producer = 0, uint64_t first = 0) {
    for (uint64_t i = 0; i < count; ++i) {
      sinks[producer]->offer(sample_event((first + i) % 1000, kTestWallMs));
    }
  }
  void drop(uint64_t count) {
    page->slot(0).count_offered(count);
    page->slot(0).count_dropped(DropReason::kBufferFull, count);
  }
  template <class Condition>
  static void wait_for(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // Waits for the end of a turn that has begun since.
  void wait_for_turn() {
    uint64_t before = 0;
    REQUIRE(writer->queue().call([&] { before = turns; }));
    wait_for([&] { return turns > before; });
  }
  LedgerDelta ledger() { return ledger_of(store.executor(), committer->account().log.log_no); }
};

TEST_CASE("events of several producers are numbered in the order of their times") {
  Fixture f;
  f.offer(1, 0, 5);
  f.offer(1, 1, 2);
  f.offer(1, 0, 7);
  f.offer(1, 1, 6);
  f.writer->start();
  REQUIRE(f.writer->stop(5000));
  const auto content = content_of(f.store.executor(), 1);
  REQUIRE(content.size() == 4);
  for (size_t i = 0; i < 4; ++i) {
    const uint64_t second = std::array<uint64_t, 4>{2, 5, 6, 7}[i];
    CHECK(content[i].ends_with(std::to_string(sample_event(second, kTestWallMs).time_ms)));
  }
}

TEST_CASE("a clock that is set back does not turn a producer's events around") {
  Fixture f;
  const std::array<uint64_t, 4> seconds = {500, 501, 3, 4};
  for (const uint64_t second : seconds) f.offer(1, 0, second);
  f.offer(1, 1, 2);
  f.writer->start();
  REQUIRE(f.writer->stop(5000));
  const auto content = content_of(f.store.executor(), 1);
  REQUIRE(content.size() == 5);
  for (size_t i = 0; i < seconds.size(); ++i) {  // behind the other producer's
    const int64_t time_ms = sample_event(seconds[i], kTestWallMs).time_ms;
    CHECK(content[i + 1].ends_with(std::to_string(time_ms)));
  }
}

TEST_CASE("a ring with more events than a drain takes does not make the others wait") {
  constexpr uint64_t kMany = 2 * LogWriter::kDrainEventsMax;
  Fixture f(kMany + 1);
  for (uint64_t i = 0; i < kMany; ++i) f.offer(1, 0, 5 + i % 900);
  f.offer(1, 1, 2);
  f.writer->start();
  REQUIRE(f.writer->stop(5000));
  const auto content = content_of(f.store.executor(), 1);
  REQUIRE(content.size() == kMany + 1);
  CHECK(content[0].ends_with(std::to_string(sample_event(2, kTestWallMs).time_ms)));
}

TEST_CASE("each drain tells how many events it found waiting, and nothing if there were none") {
  constexpr uint64_t kMany = 2 * LogWriter::kDrainEventsMax;
  Fixture f(kMany);
  f.offer(kMany, 1);
  f.writer->start();
  Fixture::wait_for([&] { return f.intake.gauge.held() == 0; });
  f.wait_for_turn();
  REQUIRE(f.writer->stop(5000));
  CHECK(f.drains == std::vector<uint64_t>{kMany, kMany / 2});
}

TEST_CASE("what is offered while the database fails is stored when it is back") {
  Fixture f;
  f.writer->start();
  f.gate.shut = true;
  f.offer(60);
  Fixture::wait_for([&] { return f.circuit_open.load(); });
  CHECK(f.intake.gauge.held() == 60);
  f.gate.shut = false;
  Fixture::wait_for([&] { return f.intake.gauge.held() == 0; });
  REQUIRE(f.writer->stop(5000));
  CHECK(f.ledger().stored == 60);
  check_balanced(f.ledger());
}

TEST_CASE("a stop without a database keeps within its bound, and the next start knows the count") {
  Fixture f;
  f.writer->start();
  f.gate.shut = true;
  f.offer(40);
  CHECK_FALSE(f.writer->stop(30));
  CHECK(f.ledger().offered == 0);
  f.reopen_page();
  f.settle();
  CHECK(dropped(f.ledger(), DropReason::kShutdown) == 40);
  CHECK(dropped(f.ledger(), DropReason::kCrash) == 0);
  check_balanced(f.ledger());
}

TEST_CASE("a clean stop marks the page clean") {
  Fixture f;
  f.writer->start();
  f.offer(3);
  REQUIRE(f.writer->stop(5000));
  CHECK(f.page->state().clean);
  CHECK(f.page->state().committed_end == 3);
}

// Fills the buffer with `count` events, some of them after the writer may have looked, and empties
// it.
void fill_and_drain(Fixture& f, uint64_t count) {
  f.gate.shut = true;
  f.offer(count - 5);
  f.offer(5);
  Fixture::wait_for([&] { return f.circuit_open.load(); });
  f.gate.shut = false;
  Fixture::wait_for([&] { return f.intake.gauge.held() == 0 && !f.circuit_open; });
  f.offer(1);  // once it is stored, the writer has looked at a buffer that is nearly empty
  Fixture::wait_for([&] { return f.intake.gauge.held() == 0; });
}

TEST_CASE("the watermark is reported once, and again only after the buffer was drained") {
  const CaughtLog log;
  Fixture f;
  f.writer->start();
  for (int round = 0; round < 2; ++round) {
    fill_and_drain(f, 85);
    f.ahead_us += LogWriter::kReportIntervalMs * 1000;
  }
  REQUIRE(f.writer->stop(5000));
  CHECK(log.count("query buffer high: ") == 2);
}

TEST_CASE("a buffer that just reaches the watermark is none to warn of, one event more is") {
  for (const uint64_t count : {80U, 81U}) {
    const CaughtLog log;
    Fixture f;
    f.writer->start();
    fill_and_drain(f, count);
    REQUIRE(f.writer->stop(5000));
    CHECK(log.count("query buffer high: ") == count - 80);
  }
}

TEST_CASE("drops are reported with their number and one of them as an example") {
  const CaughtLog log;
  Fixture f;
  f.offer(100);
  f.offer(7, 0, 3);
  f.writer->start();
  REQUIRE(f.writer->stop(5000));
  CHECK(log.count("dropped queries: 7 buffer_full; one of them: ads.example from 192.0.2.0") == 1);
  CHECK(dropped(f.ledger(), DropReason::kBufferFull) == 7);
}

TEST_CASE("drops of several turns are one line a second") {
  const CaughtLog log;
  Fixture f;
  f.still = ClockPair::now();
  f.writer->start();
  f.wait_for_turn();  // it has looked, and looks again a second later
  for (const uint64_t count : {2U, 1U}) {
    for (int turn = 0; turn < 3; ++turn) {
      f.drop(count);
      f.wait_for_turn();
    }
    f.ahead_us += LogWriter::kReportIntervalMs * 1000 - 1000;
    f.wait_for_turn();
    f.drop(count);
    f.ahead_us += 1000;
    f.wait_for_turn();
  }
  REQUIRE(f.writer->stop(5000));
  CHECK(log.count("dropped queries: ") == 2);
  CHECK(log.count("dropped queries: 8 buffer_full") == 1);
  CHECK(log.count("dropped queries: 4 buffer_full") == 1);
  CHECK(dropped(f.ledger(), DropReason::kBufferFull) == 12);
}

TEST_CASE("posted work is done between commits, and refused after the end") {
  Fixture f;
  f.writer->start();
  std::thread::id ran_on;
  CHECK(f.writer->queue().call([&] { ran_on = std::this_thread::get_id(); }));
  CHECK(ran_on != std::thread::id());
  CHECK(ran_on != std::this_thread::get_id());
  REQUIRE(f.writer->stop(5000));
  CHECK_FALSE(f.writer->queue().call([] { FAIL("must not run"); }));
}

TEST_CASE("what the flood guard folds is counted as collapsed, and the account adds up") {
  Fixture f;
  f.guard.set_pressure(Pressure::kFold);
  f.writer->start();
  for (int i = 0; i < 30; ++i) f.sinks[0]->offer(sample_event(3, kTestWallMs));
  f.offer(10, 1);
  Fixture::wait_for([&] { return f.intake.gauge.held() == 0; });
  REQUIRE(f.writer->stop(5000));
  CHECK(f.ledger().collapsed == 30);  // one of the ten repeats it once more
  CHECK(f.ledger().stored == 10);
  CHECK(f.ledger().offered == 40);
  check_balanced(f.ledger());
}

TEST_CASE("a writer whose commits wait for room rests, and goes on when there is some") {
  Fixture f;
  f.used_up = true;
  f.gate.shut = true;  // nothing can be removed
  f.writer->start();
  Fixture::wait_for([&] { return f.holds_commits.load(); });
  f.offer(10);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // let it meet them
  const uint64_t turns = f.turns;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  CHECK(f.turns - turns < 100);
  CHECK(f.intake.gauge.held() == 10);
  f.used_up = false;
  f.gate.shut = false;
  f.ahead_us = Maintenance::kSpaceIntervalMs * 1000;
  Fixture::wait_for([&] { return f.intake.gauge.held() == 0; });
  REQUIRE(f.writer->stop(5000));
  CHECK(f.ledger().stored == 10);
}

TEST_CASE("a parked writer is woken by the first event") {
  Fixture f;
  f.writer->start();
  for (int i = 0; i < 200; ++i) {
    f.offer(1);
    Fixture::wait_for([&] { return f.intake.gauge.held() == 0; });
  }
  REQUIRE(f.writer->stop(5000));
  CHECK(f.ledger().stored == 200);
}

}  // namespace
}  // namespace weir
