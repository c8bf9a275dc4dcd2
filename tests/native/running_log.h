// A whole query log in a folder of its own, for tests of what happens to it while it runs.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "native/log_fixture.h"
#include "native/store/query_log.h"

namespace weir {

struct RunningLog {
  // Only ever reached by a failure.
  static constexpr auto kPatience = std::chrono::seconds(120);

  TemporaryFolder folder;
  QueryLogOptions options;
  std::unique_ptr<QueryLog> log;

  RunningLog() {
    options.data_dir = folder.path("data");
    options.flush_intervals = FlushIntervals::always(20);
    options.retention_days = 36'500;  // the sample events are from a fixed day
    open();
  }
  void open() {
    auto opened = QueryLog::open(options);
    INFO(opened.status().message());
    REQUIRE(opened.ok());
    log = std::move(opened).value();
  }
  std::string path(const char* name = "weir.db") const { return options.data_dir + "/" + name; }
  void offer(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      log->sink(0).offer(sample_event(i % 1000, kTestWallMs));
    }
  }
  template <class Condition>
  static void wait_for(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  void wait_until_stored() {
    wait_for([this] { return log->stats().held == 0; });
  }
  // Waits until the writer has gone on in another log.
  void wait_for_new_log(const LogId& old) {
    wait_for([&] { return log->position().log != old; });
  }
  Ledger ledger() const {
    const auto ledger = log->ledger();
    INFO(ledger.status().message());
    REQUIRE(ledger.ok());
    CHECK(ledger->balanced());
    return *ledger;
  }
  void damage_rows() {
    auto other = SqliteDatabase::open(path(), {.defensive = false});
    REQUIRE(other.ok());
    REQUIRE(other->execute("UPDATE logs SET log_id = x'00' WHERE log_no > 0").ok());
  }
  // Databases whose names begin so, without what SQLite keeps beside them.
  size_t files(const std::string& begin) const {
    size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options.data_dir)) {
      const std::string name = entry.path().filename().string();
      found += name.starts_with(begin) && !name.ends_with("-wal") && !name.ends_with("-shm");
    }
    return found;
  }
  // Waits until what was set aside is salvaged, and nothing is left of the work.
  void wait_for_salvage() {
    wait_for([this] { return log->stats().waiting_databases == 0; });
    CHECK(files("weir.db.damaged-") == 0);
    CHECK(files("weir.db.salvaging") == 0);
    CHECK(files("weir.db.replaced-") == 0);
  }
  // How many events a question for all of them finds.
  uint64_t found() const {
    Filter all;
    all.since_ms = kTimeMsMin;
    all.until_ms = kTimeMsMax;
    uint64_t events = 0;
    QueriesResult result;
    do {
      auto operation = find_queries(all, kQueryLimitMax, result.cursor, {}, &result);
      const Status status = log->runner().run(*operation);
      INFO(status.message());
      REQUIRE(status.ok());
      CHECK(result.unreadable.segments == 0);
      events += result.events.size();
    } while (!result.cursor.empty());
    return events;
  }
};

}  // namespace weir
