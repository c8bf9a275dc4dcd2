// Damage under a running log, and databases that are set aside: what is kept is kept, what is lost
// is counted, and nobody has to lend a hand.
#include "native/store/recovery.h"

#include <fstream>

#include "native/running_log.h"
#include "native/store/set_aside.h"
#include "weir/api.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr std::streamoff kPageBytes = 8192;

struct Damaged : RunningLog {
  // Segments of their own, in the file and not in its WAL.
  void store_apart(int segments, uint64_t events) {
    for (int i = 0; i < segments; ++i) {
      offer(events);
      wait_until_stored();
    }
    checkpoint();
  }
  void checkpoint() const {
    auto other = SqliteDatabase::open(path(), {});
    REQUIRE(other.ok());
    REQUIRE(other->execute("PRAGMA wal_checkpoint(TRUNCATE)").ok());
  }
  // Segments that take several pages: names of a log in which none occurs twice.
  static constexpr uint64_t kLargeEvents = 2000;
  void store_large(int segments) {
    for (int i = 0; i < segments; ++i) {
      for (uint64_t n = 0; n < kLargeEvents; ++n) {
        const std::string name = std::to_string(i) + "-" + std::to_string(n * 7919) + ".example";
        Event event = sample_event(n % 1000, kTestWallMs);
        event.qname = name;
        log->sink(0).offer(event);
      }
      wait_until_stored();
    }
    checkpoint();
  }
  // The first value that a statement answers.
  std::string text(const std::string& sql) const {
    auto other = SqliteDatabase::open(path(), {.mode = SqliteDatabase::Mode::kReadOnly});
    REQUIRE(other.ok());
    auto statement = other->prepare(sql);
    REQUIRE(statement.ok());
    REQUIRE(*statement->step());
    return statement->column_text(0);
  }
  int64_t number(const std::string& sql) const { return std::stoll(text(sql)); }
  int64_t marked() const { return number("SELECT count(*) FROM segments WHERE kind = 2"); }
  static std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void overwrite(const std::string& file, std::streamoff offset, size_t bytes) {
    const std::string garbage(bytes, '\x5a');
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
        .seekp(offset)
        .write(garbage.data(), static_cast<std::streamsize>(bytes));
  }
  void stop() {
    REQUIRE(log->stop().ok());
    log.reset();
  }
  // Every event is found, or counted as lost.
  void check_accounted(uint64_t stored) const {
    const Ledger told = ledger();
    CHECK(told.stored == stored);
    CHECK(told.stored - told.expired_corrupt == found());
  }
  // What the API answers.
  std::string get(const std::string& target) const {
    ApiRequest request;
    request.method = "GET";
    request.target = target;
    request.now_ms = kTestWallMs + kDayMs;
    request.trusted = true;
    auto operation = api(std::move(request));
    Emit answer;
    REQUIRE(log->runner().run(*operation, joined_into(&answer)).ok());
    return answer.bytes;
  }
  // A question that finds damage, whatever it answers.
  void ask() const {
    Filter all;
    all.until_ms = kTimeMsMax;
    StatisticsResult statistics;
    auto operation = find_statistics(all, {}, &statistics);
    const Status status = log->runner().run(*operation);
    UNSCOPED_INFO(status.message());
  }
};

TEST_CASE("a header that is overwritten under the log is noticed, and everything comes back") {
  Damaged f;
  f.store_apart(3, 100);
  const LogId before = f.log->position().log;
  Damaged::overwrite(f.path(), 0, GENERATE(size_t{100}, size_t{kPageBytes}));
  f.ask();
  f.wait_for_new_log(before);
  f.offer(50);
  f.wait_until_stored();
  f.wait_for_salvage();
  f.check_accounted(350);
  CHECK(f.found() == 350);
  f.offer(50);  // and the log goes on
  f.wait_until_stored();
  f.check_accounted(400);
  f.stop();
  f.open();
  f.check_accounted(400);
}

TEST_CASE("a page that goes bad under a segment costs no more than what stands on it") {
  Damaged f;
  f.store_large(4);
  const LogId before = f.log->position().log;
  const std::string one = " FROM segments ORDER BY length(data) DESC LIMIT 1";
  const auto lost = static_cast<uint64_t>(f.number("SELECT count" + one));
  const std::string end = f.text("SELECT substr(data, 10000, 100)" + one);
  REQUIRE(end.size() == 100);
  const size_t offset = Damaged::bytes_of(f.path()).find(end);
  REQUIRE(offset != std::string::npos);
  const auto page = static_cast<std::streamoff>(offset) / kPageBytes;
  Damaged::overwrite(f.path(), page * kPageBytes, kPageBytes);
  f.ask();
  f.wait_for_new_log(before);
  f.offer(50);
  f.wait_until_stored();
  f.wait_for_salvage();
  CHECK(f.ledger().stored == 4 * Damaged::kLargeEvents + 50);
  CHECK(f.ledger().expired_corrupt == lost);
  CHECK(f.found() == 4 * Damaged::kLargeEvents + 50 - lost);
  f.stop();
  f.open();
  CHECK(f.ledger().expired_corrupt == lost);
}

TEST_CASE("a segment that fails its checks is marked when a question meets it, and counted once") {
  Damaged f;
  f.store_apart(3, 100);
  f.stop();
  f.open();  // rolls up all there is, so that no rollup meets it first, and merges it
  f.wait_for([&] {
    return f.number("SELECT rolled_through FROM logs WHERE log_no = 1") == 300 &&
           f.number("SELECT count(*) FROM segments") == 2;
  });
  const std::string first = " FROM segments WHERE count > 0 ORDER BY id LIMIT 1";
  const auto lost = static_cast<uint64_t>(f.number("SELECT count" + first));
  {
    auto other = SqliteDatabase::open(f.path(), {});
    REQUIRE(other.ok());
    REQUIRE(other
                ->execute("UPDATE segments SET data = zeroblob(length(data)) WHERE id = "
                          "(SELECT min(id) FROM segments WHERE count > 0)")
                .ok());
  }
  const LogId before = f.log->position().log;
  const std::string answer = f.get("/api/v1/queries?since=2001-01-01T00:00:00Z&domain=a.example");
  CHECK(answer.find("\"unreadable\":{\"segments\":1") != std::string::npos);
  f.wait_for([&] { return f.ledger().expired_corrupt > 0; });
  CHECK(f.ledger().expired_corrupt == lost);
  CHECK(f.ledger().stored == 300);
  CHECK(f.marked() == 1);
  CHECK(f.log->position().log == before);
  CHECK(f.files("weir.db.") == f.files("weir.db.damaged-"));
  f.stop();
  f.open();
  CHECK(f.ledger().expired_corrupt == lost);
}

TEST_CASE("rollups whose sketches are damaged are computed anew when a question meets them") {
  Damaged f;
  f.store_apart(3, 100);
  f.stop();
  f.open();  // rolls up all there is
  f.wait_for([&] { return f.number("SELECT rolled_through FROM logs WHERE log_no = 1") == 300; });
  const auto asked = [&] {
    Filter all;
    all.until_ms = kTimeMsMax;
    StatisticsResult statistics;
    auto question = find_statistics(all, QueryBudget{}, &statistics);
    REQUIRE(f.log->runner().run(*question).ok());
    return statistics;
  };
  const StatisticsResult before = asked();
  REQUIRE(before.unreadable == Unreadable{});
  {
    auto other = SqliteDatabase::open(f.path(), {});
    REQUIRE(other.ok());
    REQUIRE(other->execute("UPDATE rollups SET data = zeroblob(length(data))").ok());
  }
  CHECK(asked().unreadable.rollups > 0);
  CHECK(asked().counts == before.counts);
  f.get("/api/v1/stats?since=2001-01-01T00:00:00Z");
  f.wait_for([&] { return asked().unreadable == Unreadable{}; });
  CHECK(asked().counts == before.counts);
  CHECK(asked().summary.unique_names() == before.summary.unique_names());
  CHECK(f.ledger().expired_corrupt == 0);
  f.stop();
  f.open();
  CHECK(asked().unreadable == Unreadable{});
}

TEST_CASE("a salvage that was ended is begun again, and nothing is there twice") {
  Damaged f;
  f.store_apart(5, 500);
  f.stop();
  Damaged::overwrite(f.path(), 0, 100);
  for (int i = 0; i < 5; ++i) {  // wherever each of them is ended
    f.open();
    f.offer(10);
    f.stop();
  }
  f.open();
  f.wait_for_salvage();
  f.check_accounted(2550);
  CHECK(f.found() == 2550);
}

TEST_CASE("what a killed salvage left behind is thrown away") {
  Damaged f;
  f.store_apart(2, 100);
  f.stop();
  fs::rename(f.path(), f.path() + ".damaged-1000");
  std::ofstream(f.path("weir.db.salvaging")) << "half a database";
  std::ofstream(f.path("weir.db.salvaging-wal")) << "and half a WAL";
  f.open();
  f.wait_for_salvage();
  f.check_accounted(200);
}

TEST_CASE("a database whose logs are there already is not taken over again") {
  Damaged f;
  f.store_apart(2, 100);
  f.stop();
  // As after a kill between the last two steps.
  fs::copy_file(f.path(), f.path() + ".damaged-1000");
  f.open();
  f.wait_for_salvage();
  f.check_accounted(200);
  CHECK(f.found() == 200);
}

TEST_CASE("where a copy was restored that ends earlier, what was set aside is kept as it is") {
  Damaged f;
  f.store_apart(2, 100);
  f.stop();
  fs::copy_file(f.path(), f.folder.path("copy"));
  f.open();
  f.store_apart(1, 100);
  f.stop();
  fs::rename(f.path(), f.path() + ".damaged-1000");
  fs::copy_file(f.folder.path("copy"), f.path());
  f.open();
  f.wait_for_salvage();
  CHECK(fs::exists(f.path() + ".kept-1000"));
  f.check_accounted(300);
  CHECK(f.found() == 200);
}

TEST_CASE("several databases that were set aside become one") {
  Damaged f;
  uint64_t stored = 0;
  for (const char* name : {"900", "1000"}) {
    f.store_apart(2, 100);
    stored += 200;
    f.stop();
    fs::rename(f.path(), f.path() + ".damaged-" + name);
    fs::remove(f.path("ledger.page"));
    if (std::string(name) == "900") {  // it must not come back before the second one is made
      fs::rename(f.path() + ".damaged-900", f.folder.path("900"));
    }
    f.open();
  }
  f.stop();
  fs::rename(f.folder.path("900"), f.path() + ".damaged-900");
  f.open();
  f.wait_for_salvage();
  CHECK(f.found() == stored);
}

TEST_CASE("a file that nothing can be read of is kept, and only the newest of such") {
  Damaged f;
  f.stop();
  std::ofstream(f.path() + ".damaged-1000") << "no database";
  f.open();
  f.wait_for_salvage();
  CHECK(fs::exists(f.path() + ".kept-1000"));
  f.stop();
  std::ofstream(f.path() + ".damaged-2000") << "no database either";
  f.open();
  f.wait_for_salvage();
  CHECK_FALSE(fs::exists(f.path() + ".kept-1000"));
  CHECK(fs::exists(f.path() + ".kept-2000"));
}

TEST_CASE("what nothing can be read of any more is told as lost, after the next start too") {
  Damaged f;
  f.store_apart(2, 100);
  const LogId before = f.log->position().log;
  Damaged::overwrite(f.path(), 0, fs::file_size(f.path()));
  f.ask();
  f.wait_for_new_log(before);
  f.offer(50);
  f.wait_until_stored();
  f.wait_for_salvage();
  f.check_accounted(250);
  CHECK(f.found() == 50);
  f.wait_for([&] { return f.number("SELECT sum(expired_corrupt) FROM ledger") == 200; });
  f.check_accounted(250);
  f.stop();
  f.open();
  f.check_accounted(250);
  CHECK(f.found() == 50);
}

TEST_CASE("a byte budget leaves no room for what is kept beside it") {
  Damaged f;
  f.stop();
  f.options.bytes_max = 16 << 20;
  std::ofstream(f.path() + ".damaged-1000") << std::string(f.options.bytes_max, 'x');
  f.open();
  f.wait_for_salvage();
  CHECK(f.files("weir.db.kept-") == 0);
}

TEST_CASE("databases set aside are listed from the oldest one on, without their companions") {
  const TemporaryFolder folder;
  const std::string path = folder.path("weir.db");
  for (const char* name :
       {"weir.db.damaged-1000", "weir.db.damaged-999", "weir.db.damaged-999-wal",
        "weir.db.damaged-", "weir.db.damaged-12x", "weir.db", "weir.db.kept-1"}) {
    folder.write(name, "x");
  }
  CHECK(*databases_set_aside(path) ==
        std::vector<std::string>{path + ".damaged-999", path + ".damaged-1000"});
}

}  // namespace
}  // namespace weir
