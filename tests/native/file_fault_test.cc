// What our own code does with files beside SQLite's, with the N-th of its plain calls failing: what
// is set aside and salvaged, what gives way to another database, and the small files of notes.
// (Backup, restore, repair and compaction are in write_fault_test.cc, through these failures too; a
// whole log, in file_fault_log_test.cc.)
#include "native/fault_stage.h"
#include "native/forward/forward_marks.h"
#include "native/store/backup.h"
#include "native/store/data_lock.h"
#include "native/store/disk_writes.h"
#include "native/store/live_database.h"
#include "native/store/replace_database.h"
#include "native/store/salvage_file.h"
#include "native/store/salvage_set_aside.h"
#include "native/store/set_aside.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kEvents = 100;  // of CheckedFolder

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// The files of the data directory whose names begin so.
size_t files(const Stage& stage, const std::string& begin) {
  size_t found = 0;
  for (const auto& entry : fs::directory_iterator(stage.data_dir)) {
    found += entry.path().filename().string().starts_with(begin);
  }
  return found;
}

void overwrite_first_page(const std::string& file) {
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
      .write(std::string(8192, '\x5a').data(), 8192);
}

// As a server does it, but without one.
Result<uint64_t> salvage(const Stage& stage) {
  const std::atomic<bool> ended{false};
  const std::string path = database_path(stage.data_dir);
  SetAsideRequest request{.database_path = path, .ended = &ended};
  request.take_over = [path](const auto& adopt_rest, const auto& fresh) {
    WEIR_TRY(adopt_rest());
    return overwrite_database(path, fresh);
  };
  return salvage_set_aside(request);
}

Status make_empty(const Stage& stage) {
  WEIR_ASSIGN(SqliteDatabase fresh, SqliteDatabase::open(database_path(stage.data_dir), {}));
  return migrate(fresh);
}

// The database under the name of one that waits for its salvage, and an empty one in its place.
std::string wait_for_salvage(const Stage& stage) {
  const auto name = set_aside(database_path(stage.data_dir), kNowMs);
  REQUIRE(name.ok());
  REQUIRE(make_empty(stage).ok());
  return *name;
}

void check_all_events(const Stage& stage) { CHECK(stage.content() == sample_lines(0, kEvents)); }

TEST_CASE("a database whose first page is lost comes back once through any failing file call") {
  for_every_file_failure(
      {.prepare = [](const Stage& stage) { overwrite_first_page(wait_for_salvage(stage)); },
       .work = [](const Stage& stage) { return salvage(stage).status(); },
       .check =
           [](const Stage& stage) {
             check_all_events(stage);
             CHECK(files(stage, "weir.db.damaged-") == 0);
             CHECK(files(stage, "weir.db.salvaging") == 0);
           }});
}

TEST_CASE("leftovers of a killed salvage get into no database, whichever file call fails") {
  for_every_file_failure({.prepare =
                              [](const Stage& stage) {
                                const std::string fresh =
                                    salvaging_path(database_path(stage.data_dir));
                                fs::copy_file(wait_for_salvage(stage), fresh);
                                SqliteDatabase database =
                                    Stage::open_file(fresh, SqliteDatabase::Mode::kReadWrite);
                                SqliteExecutor executor(&database);
                                append_ok(executor, 1, {sample_segment({.first = kEvents})});
                              },
                          .work = [](const Stage& stage) { return salvage(stage).status(); },
                          .check = check_all_events});
}

TEST_CASE(
    "what nothing can be read of is kept through any failing file call, and only the newest") {
  for_every_file_failure({.prepare =
                              [](const Stage& stage) {
                                const std::string path = database_path(stage.data_dir);
                                write_file(path + ".kept-1000", "what was kept before");
                                write_file(path + ".damaged-2000", "no database");
                                write_file(path + ".damaged-2000-wal", "its WAL");
                              },
                          .work = [](const Stage& stage) { return salvage(stage).status(); },
                          .check =
                              [](const Stage& stage) {
                                const std::string path = database_path(stage.data_dir);
                                CHECK(files(stage, "weir.db.damaged-") == 0);
                                CHECK(files(stage, "weir.db.kept-") == 1);
                                CHECK(fs::exists(path + ".kept-2000"));
                                check_all_events(stage);
                              }});
}

TEST_CASE("a salvage counts what cannot be read once, whichever file call fails") {
  for_every_file_failure({.prepare =
                              [](const Stage& stage) {
                                SqliteDatabase database =
                                    stage.open(SqliteDatabase::Mode::kReadWrite);
                                REQUIRE(database
                                            .execute("UPDATE segments SET data = zeroblob(200) "
                                                     "WHERE id & 0xffffffffff = 30")
                                            .ok());
                                database.close();
                                wait_for_salvage(stage);
                              },
                          .work = [](const Stage& stage) { return salvage(stage).status(); },
                          .check =
                              [](const Stage& stage) {
                                CHECK(stage.expired("corrupt") == 10);
                                CHECK(stage.content().size() == kEvents - 10 + 1);  // and the gap
                                CHECK(files(stage, "weir.db.damaged-") == 0);
                                CHECK(files(stage, "weir.db.kept-") == 1);
                              }});
}

TEST_CASE("a database is set aside with its WAL or stays, whichever file call fails") {
  for_every_file_failure(
      {.prepare =
           [](const Stage& stage) {
             write_file(database_path(stage.data_dir), "no database");
             write_file(database_path(stage.data_dir) + "-wal", "its WAL");
           },
       .work = [](const Stage& stage) -> Status {
         if (files(stage, "weir.db.damaged-") == 2) return {};
         WEIR_TRY(set_aside(database_path(stage.data_dir), kNowMs).status());
         return make_empty(stage);
       },
       .between = [](const Stage& stage) { CHECK(fs::exists(database_path(stage.data_dir))); },
       .tidied =
           [](const Stage& stage) { CHECK(fs::exists(database_path(stage.data_dir) + "-wal")); },
       .check =
           [](const Stage& stage) {
             const std::string kept = database_path(stage.data_dir) + ".damaged-";
             CHECK(fs::file_size(kept + std::to_string(kNowMs)) == 11);
             CHECK(fs::file_size(kept + std::to_string(kNowMs) + "-wal") == 7);
           }});
}

TEST_CASE("a damaged database and its WAL give way to a backup, whichever file call fails") {
  for_every_file_failure(
      {.prepare =
           [](const Stage& stage) {
             REQUIRE(backup_database(stage.data_dir, stage.path("copy.db")).ok());
             write_file(database_path(stage.data_dir), "no database");
             write_file(database_path(stage.data_dir) + "-wal", "its WAL");
             write_file(database_path(stage.data_dir) + ".replaced-1", "kept before");
           },
       .work =
           [](const Stage& stage) {
             return restore_database(stage.path("copy.db"), stage.data_dir).status();
           },
       .check =
           [](const Stage& stage) {
             check_all_events(stage);
             const std::string kept = database_path(stage.data_dir) + ".replaced-";
             CHECK(fs::file_size(kept + "1") == 11);
             CHECK(fs::file_size(kept + "2") == 11);
             CHECK(files(stage, "weir.db.restoring") == 0);
           }});
}

// Opens the database, lets `harm` happen to the file, and makes way until another one is open.
std::function<Status(const Stage&)> live_through(std::function<void(const std::string&)> harm,
                                                 LiveDatabase::Fate fate) {
  return [=](const Stage& stage) -> Status {
    WEIR_ASSIGN(DataLock lock, DataLock::take(stage.data_dir));
    WEIR_ASSIGN(const auto database, LiveDatabase::open({stage.data_dir}));
    CHECK(database->look() == LiveDatabase::Fate::kSound);
    harm(database->path());
    if (database->look() != fate) return Status(Code::kUnavailable, "not noticed yet");
    WEIR_TRY(database->make_way(fate));
    WEIR_TRY(lock.renew(stage.data_dir));
    WEIR_TRY(database->reopen());
    CHECK(database->look() == LiveDatabase::Fate::kSound);
    return {};
  };
}

TEST_CASE("a deleted database is noticed, and no other is, whichever file call fails") {
  for_every_file_failure({.work = live_through([](const std::string& path) { fs::remove(path); },
                                               LiveDatabase::Fate::kGone)});
}

TEST_CASE("a replaced database is noticed, and no other is, whichever file call fails") {
  const auto replace = [](const std::string& path) {
    fs::copy_file(path, path + ".other");
    fs::rename(path + ".other", path);
  };
  for_every_file_failure(
      {.work = live_through(replace, LiveDatabase::Fate::kGone), .check = check_all_events});
}

// Says that the database is ours.
void make_ledger_page(const Stage& stage) {
  const auto page = LedgerPage::open(ledger_page_path(stage.data_dir));
  REQUIRE(page.ok());
  LedgerPage::State state;
  state.log = sample_log(1);
  (*page)->set_state(state);
}

TEST_CASE("a database damaged while it is open makes way whole, whichever file call fails") {
  for_every_file_failure({.prepare = make_ledger_page,
                          .work = live_through(overwrite_first_page, LiveDatabase::Fate::kDamaged),
                          .check = [](const Stage& stage) {
                            CHECK(files(stage, "weir.db.damaged-") >= 1);
                            CHECK(fs::exists(database_path(stage.data_dir)));
                          }});
}

TEST_CASE("a damaged database that cannot be set aside at first is set aside when it can") {
  const CheckedFolder checked;
  const Stage stage{checked.data_dir, checked.data_dir};
  auto database = LiveDatabase::open({stage.data_dir});
  REQUIRE(database.ok());
  overwrite_first_page((*database)->path());
  FileFaults faults;
  faults.arm({.operation = 1, .persistent = true});
  CHECK((*database)->make_way(LiveDatabase::Fate::kDamaged).code() == Code::kUnavailable);
  CHECK((*database)->reopen().code() == Code::kUnavailable);
  faults.disarm();
  REQUIRE((*database)->reopen().ok());
  CHECK((*database)->look() == LiveDatabase::Fate::kSound);
  CHECK(files(stage, "weir.db.damaged-") == 1);
}

TEST_CASE("notes of what was written to the disk outlive any failing file call") {
  constexpr int64_t kDay0 = 1'790'000'000'000;
  const auto add = [](const Stage& stage, int64_t now_ms) {
    DiskWrites writes = DiskWrites::load(stage.data_dir);
    writes.add(now_ms, 100);
    return writes.save();
  };
  for_every_file_failure(
      {.prepare = [&](const Stage& stage) { REQUIRE(add(stage, kDay0).ok()); },
       .work = [&](const Stage& stage) { return add(stage, kDay0 + kDayMs); },
       .check =
           [](const Stage& stage) {
             const DiskWrites writes = DiskWrites::load(stage.data_dir);
             CHECK(writes.on_day(kDay0) == 100);
             const uint64_t noted = writes.on_day(kDay0 + kDayMs);
             CHECK((noted == 100 || noted == 200));  // where both attempts have succeeded
           }});
}

TEST_CASE("marks of the forwarder outlive any failing file call, and the first one counts") {
  const auto mark = [](const Stage& stage, uint8_t log, uint64_t end) -> Status {
    ForwardMarks marks(stage.path("forward.marks"));
    marks.trusted_end(sample_log(log), end);
    return marks.save();
  };
  for_every_file_failure({.prepare = [&](const Stage& stage) { REQUIRE(mark(stage, 1, 10).ok()); },
                          .work = [&](const Stage& stage) { return mark(stage, 2, 20); },
                          .check =
                              [](const Stage& stage) {
                                ForwardMarks marks(stage.path("forward.marks"));
                                CHECK(marks.trusted_end(sample_log(1), 99) == 10);
                                CHECK(marks.trusted_end(sample_log(2), 99) == 20);
                              }});
}

}  // namespace
}  // namespace weir
