// The query log with its database deleted, replaced, damaged or out of reach while it runs: DNS
// threads go on, nothing is uncounted, and no hand is needed.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "native/log_fixture.h"
#include "native/store/query_log.h"
#include "support/without_root_powers.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr auto kPatience = std::chrono::seconds(60);  // only ever reached by a failure

struct Fixture {
  TemporaryFolder folder;
  QueryLogOptions options;
  std::unique_ptr<QueryLog> log;

  Fixture() {
    options.data_dir = folder.path("data");
    options.flush_interval_ms = options.flush_interval_ms_longest = 20;
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
  size_t set_aside() const {
    size_t found = 0;
    for (const auto& entry : fs::directory_iterator(options.data_dir)) {
      const std::string name = entry.path().filename().string();
      found += name.find("weir.db.damaged-") == 0 && name.find("-wal") == name.npos &&
               name.find("-shm") == name.npos;
    }
    return found;
  }
};

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
  f.open();  // what was written since is in the file that is there
  CHECK(f.log->position().log == end.log);
  CHECK(f.log->position().end == 30);
  CHECK(f.ledger().stored == 30);
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
  REQUIRE(logs.size() == 1);
  CHECK(logs[0].log == f.log->position().log);
}

TEST_CASE("a damaged database is set aside and kept, and the writer goes on in a new one") {
  Fixture f;
  f.offer(20);
  f.wait_until_stored();
  const LogId before = f.log->position().log;
  f.damage_rows();
  f.offer(10);
  f.wait_for_new_log(before);
  f.wait_until_stored();
  CHECK(f.set_aside() == 1);
  const Ledger ledger = f.ledger();
  CHECK(ledger.offered == 30);
  CHECK(ledger.stored == 30);
  CHECK(ledger.expired_corrupt == 20);
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
  CHECK(f.set_aside() == 1);
  CHECK(f.log->position().log != before);
  f.offer(4);
  f.wait_until_stored();
  CHECK(f.ledger().stored == 4);
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
    f.ledger();
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
    CHECK(f.set_aside() == 1);
    f.offer(10);
    f.wait_until_stored();
    CHECK(f.ledger().stored == 10);
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

TEST_CASE("a folder that becomes read-only keeps what is held until it can be written again") {
  const WithoutRootPowers powerless;  // before the writer thread is made
  Fixture f;
  f.offer(5);
  f.wait_until_stored();
  const LogId before = f.log->position().log;
  fs::remove(f.path());
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
