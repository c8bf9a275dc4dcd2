// log_append: how many events per second go into SQLite, and how many bytes does one take there?
//
// Question: the writer's way (Batcher, segments, append in one transaction) against the classic
// one, in the same run, on the same file system, with the same pragmas. Rival: text rows in a table
// with four indexes (REQUIREMENTS 000-13, 000-14), prepared inserts in transactions of 1,000.
//
// Load: EventGenerator (tests/support), made before the clock starts: Zipf(1.0) over the names of
// shared/data/top-domains.txt where it is present, otherwise over 20,000 made names; 50 clients;
// 10,000 events per second of event time. Batches are cut by size, as under full load; the case
// steady_bytes cuts them every 5 s at 1,000 events per second instead. Both ends include the
// checkpoint that moves the WAL into the database.
//
//   log_append [--smoke] [--json]
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bench_report.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"
#include "support/event_generator.h"
#include "support/shared_data.h"
#include "weir/batcher.h"
#include "weir/log_store.h"

namespace weir::bench {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kWallMs = 1'790'000'000'000;

struct Measured {
  double per_second = 0;
  double bytes = 0;  // per event, in the database file
};

void require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "log_append: %s\n", status.message().c_str());
  std::exit(1);
}

// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "weir-log-append-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) require(Status(Code::kUnavailable, "mkdtemp failed"));
  }
  ~Folder() {
    std::error_code ignored;  // leftovers in the temporary folder harm no result
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

SqliteDatabase open_database(const std::string& path) {
  auto database = SqliteDatabase::open(path, {});
  require(database.status());
  return std::move(database).value();
}

Measured result(const Stopwatch& watch, const std::string& path, SqliteDatabase& database,
                size_t events) {
  require(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  const auto count = static_cast<double>(events);
  return {count / watch.seconds(), static_cast<double>(fs::file_size(path)) / count};
}

// `per_second` of the batcher's clock; 0: it stands still, and only sizes cut batches.
Measured measure_weir(const std::vector<Event>& events, uint64_t per_second) {
  const Folder folder;
  const std::string path = folder.file("weir.db");
  SqliteDatabase database = open_database(path);
  require(migrate(database));
  SqliteExecutor executor(&database);
  LogState log;
  const auto opening = open_log(LogId{{1}}, "bench", kWallMs, &log);
  require(run_operation(*opening, executor));
  BatcherOptions options;
  options.buffer_events_max = kBufferEventsMax;
  Batcher batcher(log.log, 0, options);

  const auto commit = [&](const Batch& batch) {
    const auto appending = append({.log_no = log.log_no,
                                   .segments = batch.segments,
                                   .ledger = {.offered = batch.events, .stored = batch.events},
                                   .ledger_sequence = 0,
                                   .now_ms = kWallMs});
    require(run_operation(*appending, executor));
    batcher.acked();
  };
  const Stopwatch watch;
  int64_t now_ms = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    if (per_second > 0) now_ms = static_cast<int64_t>(i * 1000 / per_second);
    require(batcher.add(events[i], now_ms));
    while (const Batch* batch = batcher.poll(now_ms)) commit(*batch);
  }
  batcher.drain(now_ms);
  while (const Batch* batch = batcher.poll(now_ms)) commit(*batch);
  return result(watch, path, database, events.size());
}

// The rival speaks to SQLite directly, so that nothing of ours slows it down.
class RowTable {
 public:
  explicit RowTable(SqliteDatabase& database) : database_(database) {
    require(database.execute(
        "CREATE TABLE queries (id INTEGER PRIMARY KEY, timestamp TEXT NOT NULL, "
        "client_ip TEXT NOT NULL, domain TEXT NOT NULL, query_type TEXT NOT NULL, "
        "response_code INTEGER NOT NULL, blocked INTEGER NOT NULL, cached INTEGER NOT NULL, "
        "response_time_ms REAL NOT NULL, upstream TEXT);"
        "CREATE INDEX queries_timestamp ON queries(timestamp);"
        "CREATE INDEX queries_domain ON queries(domain);"
        "CREATE INDEX queries_blocked ON queries(blocked);"
        "CREATE INDEX queries_client ON queries(client_ip);"));
    const char* sql =
        "INSERT INTO queries(timestamp, client_ip, domain, query_type, response_code, blocked, "
        "cached, response_time_ms, upstream) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    if (sqlite3_prepare_v2(database.handle(), sql, -1, &insert_, nullptr) != SQLITE_OK) {
      require(database.status());
    }
  }
  ~RowTable() { sqlite3_finalize(insert_); }
  RowTable(const RowTable&) = delete;
  RowTable& operator=(const RowTable&) = delete;

  void add(const Event& event) {
    bind_text(1, rfc3339_text(event.time_ms));
    bind_text(2, client_text(event.client));
    bind_text(3, std::string(event.qname));
    bind_text(4, event.qtype == 1 ? "A" : event.qtype == 28 ? "AAAA" : "HTTPS");
    sqlite3_bind_int(insert_, 5, event.rcode);
    sqlite3_bind_int(insert_, 6, event.outcome == Outcome::kBlocked);
    sqlite3_bind_int(insert_, 7, event.outcome == Outcome::kCached);
    sqlite3_bind_double(insert_, 8, event.duration_us / 1000.0);
    bind_text(9, std::string(event.upstream));
    if (sqlite3_step(insert_) != SQLITE_DONE) require(database_.status());
    sqlite3_reset(insert_);
  }

 private:
  void bind_text(int position, const std::string& text) {
    sqlite3_bind_text(insert_, position, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
  }

  SqliteDatabase& database_;
  sqlite3_stmt* insert_ = nullptr;
};

Measured measure_rival(const std::vector<Event>& events) {
  constexpr size_t kBatchRows = 1000;
  const Folder folder;
  const std::string path = folder.file("rows.db");
  SqliteDatabase database = open_database(path);
  const auto table = std::make_unique<RowTable>(database);
  const Stopwatch watch;
  for (size_t i = 0; i < events.size(); ++i) {
    if (i % kBatchRows == 0) require(database.execute("BEGIN"));
    table->add(events[i]);
    if (i % kBatchRows == kBatchRows - 1) require(database.execute("COMMIT"));
  }
  if (database.in_transaction()) require(database.execute("COMMIT"));
  return result(watch, path, database, events.size());
}

std::vector<std::string> popular_names() {
  std::vector<std::string> names;
  std::istringstream lines(test::read_shared_data("top-domains.txt").value_or(""));
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

void run(const BenchReport& report) {
  EventGenerator::Options options;
  options.names = popular_names();
  options.events_per_second = 10'000;
  options.start_ms = kWallMs;
  EventGenerator generator(options);
  std::vector<Event> events(report.smoke() ? 20'000 : 1'000'000);
  for (Event& event : events) event = generator.next();

  const Measured weir = measure_weir(events, 0);
  const Measured steady = measure_weir(events, 1000);
  const Measured rival = measure_rival(events);
  constexpr const char* kRival = "text rows, 4 indexes, batches of 1,000";
  report.row("rate", weir.per_second, "events/s", kRival, rival.per_second);
  report.row("bytes", weir.bytes, "B/event", kRival, rival.bytes);
  report.row("steady_bytes", steady.bytes, "B/event", kRival, rival.bytes);
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::bench::run(weir::bench::BenchReport("log_append", argc, argv));
  return 0;
}
