// A whole query log in a folder of its own, for tests of what happens to it while it runs.
#pragma once

#include <filesystem>
#include <string>

#include "native/query_log_fixture.h"

namespace weir {

struct RunningLog : QueryLogFixture {
  RunningLog() { open(); }
  std::string path(const char* name = "weir.db") const { return options.data_dir + "/" + name; }
  void wait_until_stored() {
    wait_for([this] { return log->stats().held == 0; });
  }
  // Waits until the writer has gone on in another log.
  void wait_for_new_log(const LogId& old) {
    wait_for([&] { return log->position().log != old; });
  }
  Ledger ledger() const {
    const Ledger now = QueryLogFixture::ledger();
    CHECK(now.balanced());
    return now;
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
