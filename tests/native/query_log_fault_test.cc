// The query log with its database deleted, replaced, damaged or out of reach while it runs: DNS
// threads go on, nothing is uncounted, and no hand is needed.
#include <filesystem>
#include <fstream>

#include "native/running_log.h"
#include "support/without_root_powers.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
using Fixture = RunningLog;

TEST_CASE("a database deleted under the writer makes way for a new one, and what it held is told") {
  Fixture f;
  f.offer(50);
  f.wait_until_stored();
  const LogId before = f.log->position().log;
  fs::remove(f.path());
  f.wait_for_new_log(before);
  f.offer(30);
  f.wait_until_stored();
  const Ledger ledger = f.ledger();
  CHECK(ledger.offered == 80);
  CHECK(ledger.stored == 80);
  CHECK(ledger.expired_corrupt == 50);
  CHECK(ledger.unclean);
  REQUIRE(f.log->stop().ok());
  const LogPosition end = f.log->position();
  CHECK(end.end == 30);
  f.log.reset();
  f.open();  // what was written since is in the file that is there, and what was not is known
  CHECK(f.log->position().log == end.log);
  CHECK(f.log->position().end == 30);
  CHECK(f.ledger().offered == 80);
  CHECK(f.ledger().stored == 80);
  CHECK(f.ledger().expired_corrupt == 50);
}

TEST_CASE("a directory that was deleted is locked again when it is made anew") {
  Fixture f;
  f.offer(5);
  f.wait_until_stored();
  const LogId before = f.log->position().log;
  fs::remove_all(f.options.data_dir);
  f.wait_for_new_log(before);
  CHECK(QueryLog::open(f.options).status().code() == Code::kConflict);
}

TEST_CASE("reads of a deleted database fail or find the new one, and never the old one for good") {
  Fixture f;
  f.offer(5);
  f.wait_until_stored();
  f.ledger();  // a reader is open now
  const LogId before = f.log->position().log;
  fs::remove(f.path());
  f.wait_for_new_log(before);
  std::vector<LogState> logs;
  auto operation = list_logs("", &logs);
  REQUIRE(f.log->runner().run(*operation).ok());
  REQUIRE(logs.size() == 2);  // one accounts for what is lost
  CHECK(logs[0].end == 0);
  CHECK(logs[1].log == f.log->position().log);
}

TEST_CASE("a damaged database is set aside, the writer goes on, and what it held comes back") {
  Fixture f;
  f.offer(20);
  f.wait_until_stored();
  const LogId before = f.log->position().log;
  f.damage_rows();
  f.offer(10);
  f.wait_for_new_log(before);
  f.wait_until_stored();
  f.wait_for_salvage();
  const Ledger ledger = f.ledger();
  CHECK(ledger.offered == 30);
  CHECK(ledger.stored == 30);
  CHECK(ledger.expired_corrupt == 0);
  CHECK(f.found() == 30);
  CHECK_FALSE(f.log->stats().circuit_open);
  REQUIRE(f.log->stop().ok());
}

TEST_CASE("a database found damaged at the start is set aside, and a new log begins") {
  Fixture f;
  f.offer(20);
  REQUIRE(f.log->stop().ok());
  const LogId before = f.log->position().log;
  f.log.reset();
  f.damage_rows();
  f.open();
  CHECK(f.log->position().log != before);
  f.offer(4);
  f.wait_until_stored();
  f.wait_for_salvage();
  CHECK(f.ledger().stored == 24);
  CHECK(f.found() == 24);
}

TEST_CASE("a page of garbage in the database is no crash: the log starts and stores") {
  for (const int page : {2, 3, 4, 5, 6, 7}) {
    Fixture f;
    f.offer(500);
    REQUIRE(f.log->stop().ok());
    f.log.reset();
    INFO("page " << page);
    const std::string garbage(4096, '\x5a');
    std::fstream(f.path(), std::ios::in | std::ios::out | std::ios::binary)
        .seekp((page - 1) * 8192)
        .write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
    f.open();
    f.offer(10);
    f.wait_until_stored();
    f.wait_for_salvage();
    const Ledger ledger = f.ledger();
    CHECK(ledger.stored - ledger.expired_corrupt == f.found());
    REQUIRE(f.log->stop().ok());
  }
}

TEST_CASE(
    "a database that cannot even be opened is set aside where a ledger page says it is ours") {
  for (const bool cut : {false, true}) {
    Fixture f;
    f.offer(500);
    REQUIRE(f.log->stop().ok());
    f.log.reset();
    if (cut) {
      fs::resize_file(f.path(), fs::file_size(f.path()) - 8192);
    } else {
      std::ofstream(f.path(), std::ios::binary) << "these are not the bytes of a database";
    }
    f.open();
    f.offer(10);
    f.wait_until_stored();
    f.wait_for_salvage();
    const Ledger ledger = f.ledger();
    CHECK(ledger.stored - ledger.expired_corrupt == f.found());
    CHECK((cut ? ledger.stored == 510 : ledger.stored == 10));
    CHECK(ledger.unclean);
    CHECK(f.files("weir.db.kept-") == 1);
  }
}

// A folder that cannot be written, for root too.
struct ReadOnlyFolder {
  explicit ReadOnlyFolder(const std::string& made) : path(made) {
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_exec);
  }
  ~ReadOnlyFolder() { fs::permissions(path, fs::perms::owner_all); }
  const std::string path;
};

// Removes the database with 5 events in it; answers their log.
LogId lose_database(Fixture& f) {
  f.offer(5);
  f.wait_until_stored();
  const LogId log = f.log->position().log;
  fs::remove(f.path());
  return log;
}

TEST_CASE("a folder that becomes read-only keeps what is held until it can be written again") {
  const WithoutRootPowers powerless;  // before the writer thread is made
  Fixture f;
  const LogId before = lose_database(f);
  {
    const ReadOnlyFolder folder(f.options.data_dir);
    f.wait_for([&] { return f.log->stats().circuit_open; });
    f.offer(5);
    CHECK(f.log->stats().held == 5);
    CHECK(f.log->position().log == before);
  }
  f.wait_for_new_log(before);
  f.wait_until_stored();
  const Ledger ledger = f.ledger();
  CHECK(ledger.stored == 10);
  CHECK(ledger.expired_corrupt == 5);
}

TEST_CASE("while the database fails, other writes are refused at once and say why") {
  const WithoutRootPowers powerless;
  Fixture f;
  const LogId before = lose_database(f);
  const ReadOnlyFolder folder(f.options.data_dir);
  f.wait_for([&] { return f.log->stats().circuit_open; });
  for (const Status& refused :
       {f.log->new_log().status(), f.log->fork_log(f.log->position().log_no, 1).status()}) {
    CHECK(refused.code() == Code::kUnavailable);
    CHECK(refused.message().starts_with("the database fails: "));
  }
  CHECK(f.log->position().log == before);
}

TEST_CASE("a data directory that cannot be written is refused with one line") {
  const WithoutRootPowers powerless;
  Fixture f;
  f.log.reset();
  const ReadOnlyFolder folder(f.options.data_dir);
  const auto opened = QueryLog::open(f.options);
  CHECK(opened.status().code() == Code::kDenied);
  CHECK(opened.status().message().find(f.options.data_dir) != std::string::npos);
  CHECK(opened.status().message().find('\n') == std::string::npos);
}

}  // namespace
}  // namespace weir
