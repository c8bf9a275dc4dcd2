// The plain storage over the query log: what a caller of store() and subscribe() is promised.
#include "native/store/log_storage.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "native/log_fixture.h"

namespace weir {
namespace {

constexpr int64_t kPatienceMs = 60'000;  // only ever reached by a failure

QueryLogOptions options_in(const TemporaryFolder& folder) {
  QueryLogOptions options;
  options.data_dir = folder.path("data");
  options.flush_intervals = FlushIntervals::always(20);
  options.retention_days = 36'500;  // the sample events are from a fixed day
  return options;
}

struct Fixture {
  TemporaryFolder folder;
  QueryLogOptions options = options_in(folder);
  std::optional<LogStorage> storage;

  void open() {
    auto opened = LogStorage::open(options);
    INFO(opened.status().message());
    REQUIRE(opened.ok());
    storage.emplace(std::move(opened).value());
  }
  void store(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      REQUIRE(storage->store(sample_event(i % 1000, kTestWallMs)).ok());
    }
  }
};

// What completions said, in the order in which they came.
struct Heard {
  std::mutex mutex;
  std::vector<uint64_t> numbers;
  std::vector<Code> failures;

  Completion completion() {
    return [this](const Result<EventId>& id) {
      const std::lock_guard lock(mutex);
      if (id.ok()) {
        numbers.push_back(id->n);
      } else {
        failures.push_back(id.status().code());
      }
    };
  }
};

TEST_CASE("each stored event's completion hears its number once the event is durable") {
  Fixture f;
  f.open();
  Heard heard;
  for (uint64_t i = 0; i < 100; ++i) {
    REQUIRE(f.storage->store(sample_event(i, kTestWallMs), heard.completion()).ok());
  }
  REQUIRE(f.storage->log().wait_durable(100, kPatienceMs));
  REQUIRE(f.storage->close().ok());
  REQUIRE(heard.numbers.size() == 100);
  for (uint64_t n = 0; n < 100; ++n) CHECK(heard.numbers[n] == n);
  CHECK(heard.failures.empty());
}

TEST_CASE("three quarters of the buffer are written without waiting for a deadline") {
  Fixture f;
  f.options.buffer_events = 40;
  f.options.flush_intervals = FlushIntervals::always(60 * kPatienceMs);
  f.open();
  f.store(30);
  CHECK(f.storage->log().wait_durable(30, kPatienceMs));
}

TEST_CASE("an event out of bounds is refused to its completion, its neighbours are not") {
  Fixture f;
  f.open();
  Heard heard;
  Event bad = sample_event(0, kTestWallMs);
  bad.time_ms = 5;
  REQUIRE(f.storage->store(bad, heard.completion()).ok());
  REQUIRE(f.storage->store(sample_event(1, kTestWallMs), heard.completion()).ok());
  REQUIRE(f.storage->close().ok());
  CHECK(heard.failures == std::vector<Code>{Code::kInvalid});
  CHECK(heard.numbers == std::vector<uint64_t>{0});
}

TEST_CASE("a full buffer refuses at once and counts; the completion is not called") {
  Fixture f;
  f.options.buffer_events = 5;
  f.options.flush_intervals = FlushIntervals::always(3'600'000);
  f.open();
  auto other = SqliteDatabase::open(f.options.data_dir + "/weir.db", {});
  REQUIRE(other.ok());
  REQUIRE(other->execute("BEGIN IMMEDIATE").ok());  // nothing is committed
  Heard heard;
  f.store(5);
  CHECK(f.storage->store(sample_event(0, kTestWallMs), heard.completion()).code() == Code::kFull);
  REQUIRE(other->execute("COMMIT").ok());
  REQUIRE(f.storage->close().ok());
  CHECK((heard.numbers.empty() && heard.failures.empty()));
  const auto ledger = f.storage->log().ledger();
  REQUIRE(ledger.ok());
  CHECK(ledger->stored == 5);
  CHECK(ledger->dropped[static_cast<size_t>(DropReason::kBufferFull)] == 1);
  CHECK(ledger->balanced());
}

TEST_CASE("what a stop could not write fails its completions, within the bound") {
  Fixture f;
  f.options.flush_intervals = FlushIntervals::always(3'600'000);
  f.open();
  auto other = SqliteDatabase::open(f.options.data_dir + "/weir.db", {});
  REQUIRE(other.ok());
  REQUIRE(other->execute("BEGIN IMMEDIATE").ok());
  Heard heard;
  for (uint64_t i = 0; i < 3; ++i) {
    REQUIRE(f.storage->store(sample_event(i, kTestWallMs), heard.completion()).ok());
  }
  CHECK_FALSE(f.storage->close(50).ok());
  CHECK(heard.failures == std::vector<Code>(3, Code::kUnavailable));
  CHECK(f.storage->store(sample_event(0, kTestWallMs)).code() == Code::kUnavailable);
}

TEST_CASE("subscribers hear an event before it is written, and nothing after their end") {
  Fixture f;
  f.options.flush_intervals = FlushIntervals::always(3'600'000);
  f.open();
  std::atomic<uint64_t> heard{0};
  std::atomic<bool> numbered{true};
  {
    const auto subscription = f.storage->subscribe([&](const EventId& id, const Event& event) {
      if (id.n != heard || event != sample_event(id.n, kTestWallMs)) numbered = false;
      ++heard;
    });
    f.store(10);
    while (heard < 10) std::this_thread::yield();
    CHECK(f.storage->log().position().end == 0);  // nothing is durable yet
  }
  f.store(5);
  REQUIRE(f.storage->close().ok());
  CHECK(heard == 10);
  CHECK(numbered);
  CHECK(f.storage->log().position().end == 15);
}

TEST_CASE("search finds what matches, and recent the newest") {
  Fixture f;
  f.open();
  f.store(20);
  REQUIRE(f.storage->log().wait_durable(20, kPatienceMs));
  const auto recent = f.storage->recent(3);
  REQUIRE(recent.ok());
  REQUIRE(recent->events.size() == 3);
  CHECK(recent->events.front().n == 19);
  Filter filter;
  filter.since_ms = kTimeMsMin;
  filter.until_ms = kTimeMsMax;
  filter.domains = {std::string(sample_event(3).qname)};
  const auto found = f.storage->search(filter, 100);
  REQUIRE(found.ok());
  for (const FoundEvent& event : found->events) CHECK(event.event.qname == filter.domains[0]);
  CHECK_FALSE(found->events.empty());
}

TEST_CASE("clean-up removes what is old, but with a forwarder nothing that the receiver lacks") {
  for (const bool forwarding : {false, true}) {
    INFO("forwarding " << forwarding);
    Fixture f;
    f.options.forwarding = forwarding;
    f.options.spool_days = f.options.retention_days;
    f.open();
    f.store(20);
    REQUIRE(f.storage->close().ok());
    f.storage.reset();
    f.open();  // a start takes all into the rollups
    f.store(1);
    LogState log;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    do {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::vector<LogState> logs;
      REQUIRE(f.storage->log().runner().run(*list_logs("", &logs)).ok());
      log = logs.at(0);
    } while (log.rolled_through < 20 || log.end < 21);
    const auto kept = f.storage->clean_up(36'500);
    REQUIRE(kept.ok());
    CHECK(*kept == 0);
    const auto removed = f.storage->clean_up(1);
    REQUIRE(removed.ok());
    CHECK(*removed == (forwarding ? 0 : 20));
  }
}

TEST_CASE("several threads store at once; each event is durable once") {
  Fixture f;
  f.open();
  Heard heard;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (uint64_t i = 0; i < 500; ++i) {
        if (!f.storage->store(sample_event(i, kTestWallMs), heard.completion()).ok()) {
          heard.completion()(Status(Code::kFull, "full"));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(f.storage->close().ok());
  CHECK(heard.failures.empty());
  REQUIRE(heard.numbers.size() == 2000);
  for (uint64_t n = 0; n < 2000; ++n) CHECK(heard.numbers[n] == n);
}

TEST_CASE("a wait for what is never stored ends") {
  Fixture f;
  f.open();
  CHECK_FALSE(f.storage->log().wait_durable(1, 10));
}

}  // namespace
}  // namespace weir
