// A whole query log in a folder of its own. A test sets its options, then opens it.
#pragma once

#include <chrono>
#include <memory>
#include <thread>

#include "native/log_fixture.h"
#include "native/store/query_log.h"

namespace weir {

struct QueryLogFixture {
  // Only ever reached by a failure.
  static constexpr auto kPatience = std::chrono::seconds(120);

  TemporaryFolder folder;
  QueryLogOptions options;
  std::unique_ptr<QueryLog> log;

  QueryLogFixture() {
    options.data_dir = folder.path("data");
    options.flush_intervals = FlushIntervals::always(20);
    options.retention_days = 36'500;  // the sample events are from a fixed day
  }
  void open() {
    auto opened = QueryLog::open(options);
    INFO(opened.status().message());
    REQUIRE(opened.ok());
    log = std::move(opened).value();
  }
  void offer(uint64_t count, size_t producer = 0) {
    for (uint64_t i = 0; i < count; ++i) {
      log->sink(producer).offer(sample_event(i % 1000, kTestWallMs));
    }
  }
  Ledger ledger() const {
    auto ledger = log->ledger();
    INFO(ledger.status().message());
    REQUIRE(ledger.ok());
    return *ledger;
  }
  template <class Condition>
  static void wait_for(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  // Waits until everything is committed.
  Ledger settled() const {
    wait_for([this] { return ledger().in_flight == 0; });
    const Ledger ledger_now = ledger();
    CHECK(ledger_now.in_flight == 0);
    CHECK(ledger_now.balanced());
    return ledger_now;
  }
  // As a process that does not run any more would find it.
  std::unique_ptr<SqliteDatabase> database() const {
    auto opened = SqliteDatabase::open(options.data_dir + "/weir.db", {});
    REQUIRE(opened.ok());
    return std::make_unique<SqliteDatabase>(std::move(opened).value());
  }
};

}  // namespace weir
