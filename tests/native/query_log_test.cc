// The query log from end to end: through rings and the writer thread into SQLite and back.
#include "native/store/query_log.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "native/query_log_fixture.h"

namespace weir {
namespace {

using Fixture = QueryLogFixture;

uint64_t count_of(const Ledger& ledger, DropReason reason) {
  return ledger.dropped[static_cast<size_t>(reason)];
}

TEST_CASE("an offered event is found again") {
  Fixture f;
  f.open();
  Event event = sample_event(3, kTestWallMs);
  event.upstream = "udp://192.0.2.53:53";
  f.log->sink(0).offer(event);
  CHECK(f.settled().stored == 1);
  QueriesResult found;
  Filter filter;
  filter.since_ms = kTestWallMs - kDayMs;
  filter.until_ms = kTestWallMs + kDayMs;
  auto operation = find_queries(filter, 10, "", {}, &found);
  REQUIRE(f.log->runner().run(*operation).ok());
  REQUIRE(found.events.size() == 1);
  CHECK(found.events[0].event == event);
  CHECK(found.events[0].n == 0);
  CHECK(found.events[0].site == "local");
}

TEST_CASE("events of many producers are all stored, each once") {
  Fixture f;
  f.options.producers = 4;
  f.open();
  std::vector<std::thread> producers;
  for (size_t p = 0; p < 4; ++p) producers.emplace_back([&f, p] { f.offer(5000, p); });
  for (std::thread& producer : producers) producer.join();
  const Ledger ledger = f.settled();
  CHECK(ledger.offered == 20'000);
  CHECK(ledger.stored == 20'000);
  REQUIRE(f.log->stop().ok());
  CHECK(f.log->position().end == 20'000);
}

TEST_CASE("readings of the ledger add up while events move") {
  Fixture f;
  f.options.producers = 2;
  f.options.buffer_events = 300;  // also with drops
  f.open();
  std::vector<std::thread> producers;
  for (size_t p = 0; p < 2; ++p) producers.emplace_back([&f, p] { f.offer(20'000, p); });
  bool balanced = true;
  for (int i = 0; i < 200; ++i) {
    const Ledger ledger = f.ledger();
    balanced = balanced && ledger.balanced();
  }
  for (std::thread& producer : producers) producer.join();
  CHECK(balanced);
  const Ledger ledger = f.settled();
  CHECK(ledger.offered == 40'000);
  CHECK(ledger.stored + count_of(ledger, DropReason::kBufferFull) == 40'000);
}

TEST_CASE("a buffer of 10 that is offered 20 drops 10") {
  Fixture f;
  f.options.buffer_events = 10;
  f.open();
  // Nothing can be committed while somebody else holds SQLite's write lock.
  const auto database = f.database();
  REQUIRE(database->execute("BEGIN IMMEDIATE").ok());
  f.offer(20);
  const Ledger ledger = f.ledger();
  CHECK(ledger.offered == 20);
  CHECK(ledger.in_flight == 10);
  CHECK(count_of(ledger, DropReason::kBufferFull) == 10);
  REQUIRE(database->execute("COMMIT").ok());
  CHECK(f.settled().stored == 10);
}

TEST_CASE("stop commits everything, and later offers are dropped{shutdown}") {
  Fixture f;
  f.options.flush_intervals = FlushIntervals::always(3'600'000);
  f.open();
  f.offer(1000);
  REQUIRE(f.log->stop().ok());
  f.offer(2);
  const Ledger ledger = f.ledger();  // reads go on
  CHECK(ledger.stored == 1000);
  CHECK(count_of(ledger, DropReason::kShutdown) == 2);
  CHECK(ledger.balanced());
}

TEST_CASE("a clean stop leaves nothing to settle; drops after it are kept for the next start") {
  Fixture f;
  f.open();
  f.offer(100);
  REQUIRE(f.log->stop().ok());
  f.offer(3);
  const LogId log = f.log->position().log;
  f.log.reset();
  f.open();
  const Ledger ledger = f.ledger();
  CHECK(f.log->position().log == log);
  CHECK(ledger.offered == 103);
  CHECK(ledger.stored == 100);
  CHECK(count_of(ledger, DropReason::kShutdown) == 3);
  CHECK(count_of(ledger, DropReason::kCrash) == 0);
  CHECK_FALSE(ledger.unclean);
}

TEST_CASE("switched off, the log counts and still serves reads; switched on again, it stores") {
  Fixture f;
  f.options.enabled = false;
  f.open();
  f.offer(5);
  CHECK(count_of(f.settled(), DropReason::kDisabled) == 5);
  f.log->set_enabled(true);
  f.offer(7);
  CHECK(f.settled().stored == 7);
  f.log->set_enabled(false);
  f.offer(1);
  CHECK(count_of(f.settled(), DropReason::kDisabled) == 6);
}

TEST_CASE("the hand-off changes while events come; all are stored") {
  Fixture f;
  f.options.inline_handoff = true;
  f.options.producers = 2;
  f.open();
  std::vector<std::thread> producers;
  for (size_t p = 0; p < 2; ++p) {
    producers.emplace_back([&f, p] {
      for (int round = 0; round < 20; ++round) {
        f.log->set_inline_handoff(round % 2 == 0);
        f.offer(200, p);
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  const Ledger ledger = f.settled();
  CHECK(ledger.stored == 8000);
  CHECK(ledger.offered == 8000);
}

TEST_CASE("a stopped log cannot be switched on") {
  Fixture f;
  f.open();
  REQUIRE(f.log->stop().ok());
  f.log->set_enabled(true);
  f.offer(1);
  CHECK(count_of(f.ledger(), DropReason::kShutdown) == 1);
}

TEST_CASE("a shorter flush interval of a quiet buffer holds at once") {
  Fixture f;
  f.options.flush_intervals = {.configured_ms = 1, .full_ms = 1, .quiet_ms = 3'600'000};
  f.open();
  f.offer(1);
  f.log->set_flush_intervals(FlushIntervals::always(1));
  CHECK(f.settled().stored == 1);
}

TEST_CASE("a flush interval that was changed holds in a new log too") {
  Fixture f;
  f.options.flush_intervals = FlushIntervals::always(3'600'000);
  f.open();
  f.log->set_flush_intervals(FlushIntervals::always(1));
  REQUIRE(f.log->new_log().ok());
  f.offer(1);
  CHECK(f.settled().stored == 1);
}

TEST_CASE("a shorter retention removes what is too old while the log runs") {
  Fixture f;
  f.open();
  const int64_t hour_ms = wall_clock_ms() / kHourMs * kHourMs;
  for (int flush = 0; flush < 2; ++flush) {
    for (uint64_t i = 0; i < 10; ++i) {
      f.log->sink(0).offer(sample_event(i, hour_ms - 3 * kDayMs));
    }
    f.settled();
  }
  f.log.reset();
  f.open();  // what is there is rolled up then, without which nothing is removed
  f.wait_for([&] {
    std::vector<LogState> logs;
    auto operation = list_logs("", &logs);
    return f.log->runner().run(*operation).ok() && logs.at(0).rolled_through == 20;
  });
  CHECK(f.ledger().expired_retention == 0);
  f.log->set_retention_days(1);
  f.wait_for([&] { return f.ledger().expired_retention > 0; });
  CHECK(f.settled().expired_retention == 10);  // the newest row stays
}

TEST_CASE("writes of others run on the writer's connection, and fail after the stop") {
  Fixture f;
  f.open();
  auto first = set_acked(f.log->position().log_no, 0);
  CHECK(f.log->runner().run(*first).ok());
  REQUIRE(f.log->stop().ok());
  auto second = set_acked(f.log->position().log_no, 0);
  CHECK(f.log->runner().run(*second).code() == Code::kUnavailable);
}

TEST_CASE("many readers at a time all get their answers") {
  Fixture f;
  f.open();
  f.offer(100);
  f.settled();
  std::vector<std::thread> readers;
  std::atomic<int> answered{0};
  for (size_t i = 0; i < 16; ++i) {
    readers.emplace_back([&] {
      std::vector<LogState> logs;
      auto operation = list_logs("", &logs);
      if (f.log->runner().run(*operation).ok() && logs.size() == 1) ++answered;
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(answered == 16);
}

TEST_CASE("a new log begins at 0 and the ledger goes on over both") {
  Fixture f;
  f.open();
  f.offer(10);
  f.settled();
  const LogPosition before = f.log->position();
  const auto state = f.log->new_log();
  REQUIRE(state.ok());
  CHECK(state->log != before.log);
  CHECK(f.log->position().log == state->log);
  f.offer(5);
  const Ledger ledger = f.settled();
  CHECK(ledger.offered == 15);
  CHECK(ledger.stored == 15);
  REQUIRE(f.log->stop().ok());
  CHECK(f.log->position().end == 5);
  f.log.reset();
  f.open();
  CHECK(f.log->position().log == state->log);
  CHECK(f.ledger().offered == 15);
}

TEST_CASE("a fork moves the tail to a new log and goes on there") {
  Fixture f;
  f.open();
  f.offer(10);
  f.settled();
  const LogPosition before = f.log->position();
  const auto state = f.log->fork_log(before.log_no, 6);
  INFO(state.status().message());
  REQUIRE(state.ok());
  CHECK(state->end == 4);
  f.offer(1);
  CHECK(f.settled().stored == 11);
  REQUIRE(f.log->stop().ok());
  CHECK(f.log->position().end == 5);
  const auto database = f.database();
  SqliteExecutor executor(database.get());
  CHECK(content_of(executor, before.log_no).back() == "6-10 gap:forked");
  CHECK(content_of(executor, state->log_no).size() == 5);
}

TEST_CASE("a log that is not current can fork too, and the writer stays where it is") {
  Fixture f;
  f.open();
  f.offer(10);
  f.settled();
  const int64_t old_log = f.log->position().log_no;
  REQUIRE(f.log->new_log().ok());
  f.offer(2);
  f.settled();
  const LogPosition before = f.log->position();
  REQUIRE(f.log->fork_log(old_log, 3).ok());
  CHECK(f.log->position().log == before.log);
  f.offer(1);
  REQUIRE(f.log->stop().ok());
  CHECK(f.log->position().end == 3);
}

TEST_CASE("a second weir on the same directory is refused") {
  Fixture f;
  f.open();
  const auto second = QueryLog::open(f.options);
  CHECK(second.status().code() == Code::kConflict);
  CHECK(second.status().message().find(f.options.data_dir) != std::string::npos);
}

TEST_CASE("a database of a newer version is refused and not touched") {
  Fixture f;
  f.open();
  f.log.reset();
  REQUIRE(f.database()
              ->execute("INSERT INTO d1_migrations(name) VALUES ('9999_from_the_future.sql')")
              .ok());
  CHECK(QueryLog::open(f.options).status().code() == Code::kUnsupported);
}

TEST_CASE("a file that is no database is refused and not overwritten") {
  Fixture f;
  std::filesystem::create_directory(f.options.data_dir);
  const std::string text(5000, 'x');
  f.folder.write("data/weir.db", text);
  CHECK_FALSE(QueryLog::open(f.options).ok());
  CHECK(std::filesystem::file_size(f.options.data_dir + "/weir.db") == text.size());
}

TEST_CASE("options out of range are refused") {
  Fixture f;
  f.options.producers = kProducersMax + 1;
  CHECK(QueryLog::open(f.options).status().code() == Code::kInvalid);
  f.options.producers = 1;
  f.options.buffer_events = kBufferEventsMax + 1;
  CHECK(QueryLog::open(f.options).status().code() == Code::kInvalid);
}

TEST_CASE("an older copy of the database is restored: a new log, and the ledger adds up") {
  Fixture f;
  f.open();
  f.offer(10);
  f.settled();
  f.log.reset();
  const std::filesystem::path data = f.options.data_dir;
  std::filesystem::copy_file(data / "weir.db", data / "old.db");
  f.open();
  f.offer(10);
  f.settled();
  const LogId before = f.log->position().log;
  f.log.reset();
  std::filesystem::rename(data / "old.db", data / "weir.db");
  f.open();
  CHECK(f.log->position().log != before);
  CHECK(f.log->position().end == 0);
  f.offer(3);
  const Ledger ledger = f.settled();
  CHECK(ledger.stored == 23);
  CHECK(ledger.expired_corrupt == 10);
}

TEST_CASE("a damaged segment is counted at rollup and everything else is served") {
  Fixture f;
  f.open();
  f.offer(50);
  f.settled();
  f.log.reset();
  {
    const auto database = f.database();
    REQUIRE(database->execute("UPDATE logs SET rolled_through = 0 WHERE log_no > 0").ok());
    REQUIRE(database
                ->execute("UPDATE segments SET data = CAST(substr(data, 1, length(data) - 4) || "
                          "x'deadbeef' AS BLOB) WHERE count > 0")
                .ok());
  }
  f.open();
  f.offer(5);
  const auto end = std::chrono::steady_clock::now() + Fixture::kPatience;
  while (f.log->stats().corrupt_events == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(f.log->stats().corrupt_events == 50);
  CHECK(f.settled().expired_corrupt == 50);
}

// Every value that the log's metrics have, by family and reason.
std::map<std::string, double> metrics_of(QueryLog& log) {
  std::map<std::string, double> values;
  for (const auto& family : log.metrics().Collect()) {
    for (const auto& metric : family.metric) {
      const std::string reason = metric.label.empty() ? "" : "/" + metric.label.at(0).value;
      values[family.name + reason] = metric.gauge.value;  // set for counters too
    }
  }
  return values;
}

// What became of events, as the metrics tell.
double accounted_in(const std::map<std::string, double>& metrics) {
  double sum = metrics.at("weir_storage_events_total") + metrics.at("weir_query_buffer_size") +
               metrics.at("weir_collapsed_queries_total");
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    sum += metrics.at("weir_dropped_queries_total/" +
                      std::string(drop_reason_name(static_cast<DropReason>(i))));
  }
  return sum;
}

TEST_CASE("what metrics say was offered is the sum of what they say became of it") {
  Fixture f;
  f.options.buffer_events = 10;
  f.options.flood_repeats_max = 1;
  f.open();
  for (int i = 0; i < 3; ++i) f.log->sink(0).offer(sample_event(0, kTestWallMs));
  CHECK(f.settled().collapsed == 2);
  const auto database = f.database();
  REQUIRE(database->execute("BEGIN IMMEDIATE").ok());  // nothing is committed
  f.offer(20);
  const auto metrics = metrics_of(*f.log);
  CHECK(metrics.at("weir_offered_queries_total") == 23);
  CHECK(metrics.at("weir_storage_events_total") == 1);
  CHECK(metrics.at("weir_query_buffer_size") > 0);
  CHECK(metrics.at("weir_dropped_queries_total/buffer_full") > 0);
  CHECK(accounted_in(metrics) == 23);
  REQUIRE(database->execute("COMMIT").ok());
}

TEST_CASE("metrics tell what has expired and that the ledger is unclean, as the ledger does") {
  Fixture f;
  f.open();
  f.offer(1);
  f.settled();
  CHECK(metrics_of(*f.log).at("weir_ledger_unclean") == 0);
  REQUIRE(f.database()
              ->execute("UPDATE ledger SET expired_retention = 3, expired_budget = 4, "
                        "expired_corrupt = 5, unclean = 1 "
                        "WHERE id = (SELECT max(id) FROM ledger)")
              .ok());
  const auto metrics = metrics_of(*f.log);
  CHECK(metrics.at("weir_expired_queries/retention") == 3);
  CHECK(metrics.at("weir_expired_queries/budget") == 4);
  CHECK(metrics.at("weir_expired_queries/corrupt") == 5);
  CHECK(metrics.at("weir_ledger_unclean") == 1);
}

TEST_CASE("metrics that the database is needed for are left out while it cannot be read") {
  Fixture f;
  f.open();
  f.offer(2);
  f.settled();
  auto other = SqliteDatabase::open(f.options.data_dir + "/weir.db", {.defensive = false});
  REQUIRE(other.ok());
  REQUIRE(other->execute("ALTER TABLE ledger RENAME TO away").ok());
  auto metrics = metrics_of(*f.log);
  CHECK(metrics.at("weir_storage_events_total") == 2);
  CHECK_FALSE(metrics.contains("weir_expired_queries/corrupt"));
  CHECK_FALSE(metrics.contains("weir_ledger_unclean"));
  REQUIRE(other->execute("ALTER TABLE away RENAME TO ledger").ok());
  CHECK(metrics_of(*f.log).contains("weir_ledger_unclean"));
}

TEST_CASE("metrics carry the documents' names and count drops by reason") {
  Fixture f;
  f.options.enabled = false;
  f.open();
  f.offer(4);
  std::set<std::string> names;
  double disabled = 0;
  for (const auto& family : f.log->metrics().Collect()) {
    names.insert(family.name);
    if (family.name != "weir_dropped_queries_total") continue;
    for (const auto& metric : family.metric) {
      if (metric.label.at(0).value == "disabled") disabled = metric.counter.value;
    }
  }
  for (const char* name :
       {"weir_query_buffer_size", "weir_query_buffer_capacity", "weir_dropped_queries_total",
        "weir_batch_flush_duration_seconds", "weir_batch_flush_size", "weir_writer_queue_depth",
        "weir_storage_events_total", "weir_storage_circuit_open"}) {
    CHECK(names.contains(name));
  }
  CHECK(disabled == 4);
}

TEST_CASE("the queue's depth is a histogram with one entry for each drain that found events") {
  Fixture f;
  f.open();
  const auto depth = [&f] {
    for (const auto& family : f.log->metrics().Collect()) {
      if (family.name == "weir_writer_queue_depth") return family.metric.at(0).histogram;
    }
    return prometheus::ClientMetric::Histogram();
  };
  CHECK(depth().sample_count == 0);
  f.offer(5);
  f.settled();
  CHECK(depth().sample_count >= 1);
  CHECK(depth().sample_count <= 5);
  CHECK(depth().sample_sum >= 5);  // what is just being handed over may be found twice
}

}  // namespace
}  // namespace weir
