// The native writing paths with the disk failing under them: the N-th write, sync or truncation of
// SQLite's files, for N = 1, 2, … until a run is clean, once or for good. Whatever happens, what is
// held is kept and written when the disk is back, each event once, and the ledger adds up.
#include <cctype>
#include <cstdio>
#include <fstream>
#include <functional>
#include <utility>

#include "native/log_fixture.h"
#include "native/store/maintenance.h"
#include "native/store/space_keeper.h"
#include "support/fault_vfs.h"
#include "weir/check.h"

namespace weir {
namespace {

constexpr uint64_t kEvents = 300;
constexpr int kStepsMax = 2000;  // of maintenance, until everything that is due is done

// The writer's parts over a database in a file, without threads, with a clock of the test's.
struct FileLog {
  TemporaryFolder folder;
  SqliteDatabase database = open();
  SqliteExecutor executor{&database};
  TestLogIds ids;
  std::unique_ptr<LedgerPage> page = open_page();
  BufferGauge gauge{10'000};
  ClockPair clock{kTestWallMs, 0};
  FloodGuard guard{1, 0};
  SpaceKeeper space{database, guard, folder.path("."), 0};
  std::unique_ptr<LogCommitter> committer = make_committer();
  RetentionPolicy retention{.events_days = 36'500};
  Maintenance maintenance{executor, [this] { return retention; },
                          [this] { return space.checkpoint(clock.wall_ms); }};
  uint64_t offered = 0;

  SqliteDatabase open() const {
    auto opened = SqliteDatabase::open(folder.path("weir.db"), {.busy_timeout_ms = 0});
    REQUIRE(opened.ok());
    REQUIRE(migrate(*opened).ok());
    return std::move(opened).value();
  }
  std::unique_ptr<LedgerPage> open_page() const {
    auto opened = LedgerPage::open(folder.path("ledger.page"));
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  std::unique_ptr<LogCommitter> make_committer() {
    auto account = settle_account(executor, *page, "home", kTestWallMs, ids.maker());
    REQUIRE(account.ok());
    return std::make_unique<LogCommitter>(
        LogCommitter::Parts{executor, *page, gauge, ids.maker()}, *account,
        BatcherOptions{.buffer_events_max = 10'000}, [this] { return clock; },
        [](uint64_t, int64_t, const Status&) {});
  }

  void offer(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) offer(sample_event(offered % 1000, clock.wall_ms));
  }
  void offer(const Event& event) {
    ++offered;
    page->slot(0).count_offered();
    REQUIRE(gauge.take());
    committer->add(event, monotonic_ms(clock));
  }
  // Everything that the writer does in an hour, in one go.
  Status work() {
    const Status status = committer->commit_all();
    if (status.ok()) committer->commit_drops();
    clock.wall_ms += kHourMs;
    clock.monotonic_us += kHourMs * 1000;
    int steps = 0;
    while (!committer->circuit_open() && maintenance.step(clock) && ++steps < kStepsMax) {
    }
    return status;
  }
  LedgerDelta ledger() { return ledger_of(executor, committer->account().log.log_no); }
  std::string integrity() {
    auto statement = database.prepare("PRAGMA integrity_check");
    REQUIRE(statement.ok());
    REQUIRE(*statement->step());
    return statement->column_text(0);
  }
  // After the last fault: all of it is there, once, and counted.
  void check_all_is_well() {
    const Status status = work();
    INFO(status.message());
    REQUIRE(status.ok());
    CHECK(ledger().stored == offered);
    CHECK(ledger().offered == offered);
    check_balanced(ledger());
    CHECK(committer->settled());
    CHECK(gauge.held() == 0);
    CHECK(state_of(executor, committer->account().log.log_no).end == offered);
    CHECK(integrity() == "ok");
    CheckResult found;
    REQUIRE(run(executor, check_logs({}, &found)).ok());
    for (const Finding& finding : found.findings) UNSCOPED_INFO(finding_text(finding));
    CHECK(found.findings_count == 0);
  }
};

// Runs `work` with each operation of the disk failing in turn, and judges what is left.
void for_every_disk_failure(int code, bool persistent,
                            const std::function<void(FileLog&)>& prepare) {
  bool failed = true;
  for (uint64_t operation = 1; failed; ++operation) {
    REQUIRE(operation < 1000);
    INFO("operation " << operation);
    FaultVfs vfs;
    FileLog log;
    prepare(log);
    vfs.arm({.operation = operation, .persistent = persistent, .code = code});
    log.offer(kEvents);
    const Status status = log.work();
    failed = vfs.failures() > 0;
    CHECK((failed || status.ok()));
    vfs.disarm();
    log.check_all_is_well();
  }
}

void nothing(FileLog&) {}

// Segments that are rolled up, merged and then too old.
void old_segments(FileLog& log) {
  for (int i = 0; i < 3; ++i) {
    log.offer(40);
    REQUIRE(log.committer->commit_all().ok());
  }
  REQUIRE(log.work().ok());
  log.clock.wall_ms += 30 * kDayMs;
  log.clock.monotonic_us += 30 * kDayMs * 1000;
  log.retention.events_days = 7;
}

TEST_CASE("a write that fails once, wherever, loses nothing") {
  for_every_disk_failure(SQLITE_IOERR_WRITE, false, nothing);
}

TEST_CASE("a sync that fails, wherever, loses nothing") {
  for_every_disk_failure(SQLITE_IOERR_FSYNC, false, nothing);
}

TEST_CASE("a disk that is full from any write on loses nothing once there is room") {
  for_every_disk_failure(SQLITE_FULL, true, nothing);
}

TEST_CASE("retention and merging through any failure of the disk count each event once") {
  for_every_disk_failure(SQLITE_IOERR_WRITE, false, old_segments);
  for_every_disk_failure(SQLITE_FULL, true, old_segments);
}

// Pages that hold nothing, enough to be given back.
void free_pages(FileLog& log) {
  constexpr const char* kSql =
      "CREATE TABLE t(x); INSERT INTO t VALUES(zeroblob(8 << 20)); DROP TABLE t";
  REQUIRE(log.database.execute(kSql).ok());
  REQUIRE(space_use(log.database)->free_bytes > 8 << 20);
}

TEST_CASE("space is given back through any failure of the disk, which loses nothing") {
  for_every_disk_failure(SQLITE_IOERR_WRITE, false, free_pages);
  for_every_disk_failure(SQLITE_FULL, true, free_pages);
  FileLog log;
  free_pages(log);
  log.check_all_is_well();
  CHECK(space_use(log.database)->free_bytes < 8 << 20);
}

// Frames in the WAL, and how many of them are in the database too, by SQLite's index of it
// (https://sqlite.org/walformat.html, section 2.1).
std::pair<uint32_t, uint32_t> wal_frames(const FileLog& log) {
  std::ifstream index(log.folder.path("weir.db-shm"), std::ios::binary);
  const auto number_at = [&](std::streamoff offset) {
    uint32_t number = 0;
    index.seekg(offset).read(reinterpret_cast<char*>(&number), sizeof number);
    REQUIRE(index.good());
    return number;
  };
  return {number_at(16), number_at(96)};
}

TEST_CASE("space that cannot be given back keeps nothing in the WAL") {
  FaultVfs vfs;
  FileLog log;
  free_pages(log);
  log.offer(100);
  REQUIRE(log.committer->commit_all().ok());
  vfs.arm({.operation = 1, .code = SQLITE_FULL});
  CHECK_FALSE(log.space.checkpoint(log.clock.wall_ms).ok());
  CHECK(vfs.failures() == 1);
  const auto [frames, moved] = wal_frames(log);
  CHECK(frames > 0);
  CHECK(moved == frames);
}

TEST_CASE("while the disk is full the buffer fills, drops are counted, and all of it is told") {
  FaultVfs vfs;
  FileLog log;
  vfs.arm({.operation = 1, .persistent = true, .code = SQLITE_FULL});
  log.offer(10'000);
  for (int i = 0; i < 7; ++i) {
    log.page->slot(0).count_offered();
    REQUIRE_FALSE(log.gauge.take());
    log.page->slot(0).count_dropped(DropReason::kBufferFull);
  }
  CHECK_FALSE(log.work().ok());
  CHECK(log.committer->circuit_open());
  CHECK(log.gauge.held() == 10'000);
  vfs.disarm();
  REQUIRE(log.work().ok());
  CHECK(log.ledger().stored == 10'000);
  CHECK(dropped(log.ledger(), DropReason::kBufferFull) == 7);
  check_balanced(log.ledger());
}

TEST_CASE("a database that another process locks is written when it is free") {
  FileLog log;
  SqliteDatabase other = log.open();
  REQUIRE(other.execute("BEGIN IMMEDIATE").ok());
  log.offer(kEvents);
  CHECK_FALSE(log.work().ok());
  CHECK(log.gauge.held() == kEvents);
  REQUIRE(other.execute("COMMIT").ok());
  log.check_all_is_well();
}

TEST_CASE("a clock that jumps back or forward a day keeps everything, in the order of arrival") {
  for (const int64_t jump_ms : {-kDayMs, kDayMs}) {
    FileLog log;
    log.retention.events_days = 1;
    std::vector<std::string> arrived;
    for (const int64_t step_ms : {int64_t{0}, jump_ms, -jump_ms}) {
      log.clock.wall_ms += step_ms;
      const auto lines = sample_lines(log.offered, log.offered + 100, log.clock.wall_ms);
      arrived.insert(arrived.end(), lines.begin(), lines.end());
      log.offer(100);
      REQUIRE(log.work().ok());
    }
    log.check_all_is_well();
    CHECK(content_of(log.executor, log.committer->account().log.log_no) == arrived);
    StatisticsResult statistics;
    Filter all;
    all.since_ms = kTestWallMs - 3 * kDayMs;
    all.until_ms = kTestWallMs + 3 * kDayMs;
    REQUIRE(run(log.executor, find_statistics(all, {}, &statistics)).ok());
    CHECK(statistics.counts.total() == 300);
  }
}

// As events have it: lower case, and escaped unless a letter, digit, '-' or '_'.
std::string byte_text(int value) {
  const auto byte = static_cast<char>(std::tolower(value));
  if (value < 128 && (std::isalnum(value) || byte == '-' || byte == '_')) return {byte};
  char escaped[8];
  std::snprintf(escaped, sizeof escaped, "\\%03d", value);
  return escaped;
}

TEST_CASE("names of 255 bytes of any values are stored as they are") {
  FileLog log;
  std::vector<std::string> names;
  for (int first = 0; first < 256; ++first) {
    // Three labels of 63 bytes and one of 61: 255 bytes on the wire.
    std::string name;
    for (const int length : {63, 63, 63, 61}) {
      for (int i = 0; i < length; ++i) {
        name += byte_text((first + i) % 256);
      }
      name += '.';
    }
    name.pop_back();
    names.push_back(name);
  }
  for (const std::string& name : names) {
    Event event = sample_event(0, kTestWallMs);
    event.qname = name;
    log.offer(event);
  }
  log.check_all_is_well();
  for (const std::string& name : names) {
    QueriesResult found;
    Filter filter;
    filter.since_ms = kTimeMsMin;
    filter.until_ms = kTimeMsMax;
    filter.domains = {name};
    REQUIRE(run(log.executor, find_queries(filter, 10, "", {}, &found)).ok());
    REQUIRE(found.events.size() == 1);
    CHECK(found.events[0].event.qname == name);
  }
}

TEST_CASE("a million distinct names and 100,000 clients in an hour are stored and counted") {
  FileLog log;
  constexpr uint64_t kNames = 1'000'000;
  constexpr uint64_t kClients = 100'000;
  for (uint64_t i = 0; i < kNames; ++i) {
    const std::string name = "x" + std::to_string(i * 2654435761 % 4294967291) + ".victim.example";
    Event event = sample_event(0, kTestWallMs);
    event.time_ms = kTestWallMs;
    event.qname = name;
    const uint64_t client = i % kClients;
    event.client.kind = Client::Kind::kV4;
    event.client.bytes = {10, static_cast<uint8_t>(client >> 16), static_cast<uint8_t>(client >> 8),
                          static_cast<uint8_t>(client)};
    log.offer(event);
    if (log.gauge.held() == log.gauge.capacity()) REQUIRE(log.committer->commit_all().ok());
  }
  log.check_all_is_well();
  StatisticsResult statistics;
  Filter filter;
  filter.since_ms = kTestWallMs - kDayMs;
  filter.until_ms = kTestWallMs + kDayMs;
  const QueryBudget budget{.events = 4 * kNames, .bytes = 1 << 30, .statements = 10'000};
  REQUIRE(run(log.executor, find_statistics(filter, budget, &statistics)).ok());
  CHECK(statistics.counts.total() == kNames);
}

}  // namespace
}  // namespace weir
