// A whole query log with the N-th plain file call of ours failing: at its start, at its end, and
// when it salvages or gives way. (A log in a folder that is not there yet is in
// write_fault_test.cc.)
#include "native/fault_stage.h"
#include "native/running_log.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kOffered = 5;  // by each run
constexpr uint64_t kCrashed = 7;  // held by the one that was killed
constexpr int64_t kStopMs = 100;  // nothing is in the way of a commit

QueryLogOptions options_of(const Stage& stage) {
  QueryLogOptions options;
  options.data_dir = stage.data_dir;
  options.retention_days = 36'500;  // the sample events are from a fixed day
  return options;
}

std::unique_ptr<QueryLog> open_ok(const Stage& stage) {
  auto log = QueryLog::open(options_of(stage));
  INFO(log.status().message());
  REQUIRE(log.ok());
  return std::move(*log);
}

void offer(QueryLog& log, uint64_t count) {
  for (uint64_t n = 0; n < count; ++n) log.sink(0).offer(sample_event(n));
}

// One run of a server.
Status run_log(const Stage& stage) {
  WEIR_ASSIGN(const auto log, QueryLog::open(options_of(stage)));
  offer(*log, kOffered);
  return log->stop(kStopMs);
}

// In the place of the checked folder.
void begin_with_run(const Stage& stage) {
  fs::remove_all(stage.data_dir);
  REQUIRE(run_log(stage).ok());
}

uint64_t dropped(const Ledger& ledger, DropReason reason) {
  return ledger.dropped[static_cast<size_t>(reason)];
}

// Of the next start. What was stored is there or counted as lost.
Ledger ledger_of(const Stage& stage) {
  const auto log = open_ok(stage);
  const auto ledger = log->ledger();
  REQUIRE(ledger.ok());
  CHECK(ledger->balanced());
  CHECK(ledger->in_flight == 0);
  CHECK(ledger->stored - ledger->expired_corrupt ==
        stage.number("SELECT sum(count) FROM segments WHERE kind = 0"));
  return *ledger;
}

TEST_CASE("a log goes on after a stop in order, whichever file call fails") {
  for_every_file_failure(
      {.prepare = begin_with_run, .work = run_log, .check = [](const Stage& stage) {
         const Ledger ledger = ledger_of(stage);
         CHECK(ledger.offered >= 2 * kOffered);
         CHECK(ledger.offered <= 3 * kOffered);
         CHECK(ledger.offered % kOffered == 0);
         CHECK(ledger.stored == ledger.offered);
         CHECK(ledger.expired_corrupt == 0);
         CHECK_FALSE(ledger.unclean);
         CHECK(stage.number("SELECT count(*) FROM logs WHERE log_no > 0") == 1);
       }});
}

// The folder as a process leaves it that is killed while it holds events.
void begin_with_kill(const Stage& stage) {
  begin_with_run(stage);
  const TemporaryFolder folder;
  const Stage running{folder.path("")};
  fs::copy(stage.data_dir, running.data_dir, fs::copy_options::recursive);
  const auto log = open_ok(running);
  log->set_flush_intervals(FlushIntervals::always(kHourMs));
  offer(*log, kCrashed);
  fs::copy(running.data_dir, stage.data_dir,
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

TEST_CASE("what a killed log held is counted once, whichever file call fails at the next start") {
  for_every_file_failure(
      {.prepare = begin_with_kill, .work = run_log, .check = [](const Stage& stage) {
         const Ledger ledger = ledger_of(stage);
         CHECK(dropped(ledger, DropReason::kCrash) == kCrashed);
         CHECK(ledger.stored + kCrashed == ledger.offered);
         CHECK(ledger.stored % kOffered == 0);
         CHECK(ledger.stored <= 3 * kOffered);
         CHECK(ledger.expired_corrupt == 0);
         CHECK(stage.number("SELECT count(*) FROM logs WHERE log_no > 0") == 1);
       }});
}

void overwrite_first_page(const std::string& file) {
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
      .write(std::string(8192, '\x5a').data(), 8192);
}

// Leaves a salvage time for its end, but does not insist: a failed one waits for another start.
Status run_and_salvage(const Stage& stage) {
  WEIR_ASSIGN(const auto log, QueryLog::open(options_of(stage)));
  offer(*log, kOffered);
  for (int i = 0; i < 25 && log->stats().waiting_databases > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return log->stop(kStopMs);
}

void wait_for_salvage(const Stage& stage) {
  const auto log = open_ok(stage);
  QueryLogFixture::wait_for([&] { return log->stats().waiting_databases == 0; });
}

TEST_CASE("a log whose database is damaged gets back what it held, whichever file call fails") {
  const auto damage = [](const Stage& stage) {
    begin_with_run(stage);
    overwrite_first_page(database_path(stage.data_dir));
  };
  const auto check = [](const Stage& stage) {
    wait_for_salvage(stage);
    const Ledger ledger = ledger_of(stage);
    CHECK(ledger.stored == ledger.offered);
    CHECK(ledger.stored % kOffered == 0);
    CHECK(ledger.stored >= 2 * kOffered);
    CHECK(ledger.stored <= 3 * kOffered);
    CHECK(ledger.expired_corrupt == 0);
  };
  const FaultVfs no_syncs;
  for_every_failure<FileFaults>({{.error = EIO}},
                                {.prepare = damage, .work = run_and_salvage, .check = check});
}

TEST_CASE("a log begins on a disk that fills up at any file call, and has room again later") {
  const FaultVfs no_syncs;
  for_every_failure<FileFaults>(
      {{.persistent = true, .error = ENOSPC}},
      {.prepare = [](const Stage& stage) { fs::remove_all(stage.data_dir); },
       .work = run_log,
       .check =
           [](const Stage& stage) {
             const Ledger ledger = ledger_of(stage);
             CHECK(ledger.stored == ledger.offered);
             CHECK(ledger.stored >= kOffered);
             CHECK_FALSE(ledger.unclean);
           }});
}

TEST_CASE("a database that cannot be looked at for a while is not taken for a deleted one") {
  RunningLog f;
  f.offer(kOffered);
  f.wait_until_stored();
  const LogPosition before = f.log->position();
  FileFaults faults;
  faults.arm({.operation = 1, .persistent = true});
  f.wait_for([&] { return faults.failures() > 0; });
  CHECK(f.log->position().log == before.log);
  fs::remove(f.path());
  faults.disarm();
  f.wait_for_new_log(before.log);
  f.offer(kOffered);
  f.wait_until_stored();
  CHECK(f.ledger().expired_corrupt == kOffered);
  REQUIRE(f.log->stop().ok());
}

}  // namespace
}  // namespace weir
