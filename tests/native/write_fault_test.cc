// Every path that writes to the database's files, with the N-th write, sync, truncation, open,
// deletion or lock failing, for N = 1, 2, … until a run is clean, once or for good. Whoever repeats
// the work finds nothing lost, nothing doubled, a ledger that adds up, and nothing for fsck to say.
// (The writer's own loop over commits is in log_fault_test.cc; a failure of each step, in
// tests/contract/fault_test.cc.)
#include "native/fault_stage.h"
#include "native/first_version.h"
#include "native/store/backup.h"
#include "native/store/compact.h"
#include "native/store/maintenance.h"
#include "native/store/query_log.h"
#include "native/store/replace_database.h"
#include "native/store/salvage_file.h"
#include "native/store/salvage_set_aside.h"
#include "native/store/set_aside.h"
#include "support/fault_vfs.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kEvents = 100;  // of CheckedFolder
constexpr auto kShutdown = static_cast<size_t>(DropReason::kShutdown);
constexpr int64_t kMuchLaterMs = kNowMs + 30 * kDayMs;

void for_every_disk_failure(const Scenario& scenario) {
  constexpr auto kAll = FaultVfs::Operations::kAll;
  for_every_failure<FaultVfs>({{.code = SQLITE_IOERR_WRITE, .counted = kAll},
                               {.persistent = true, .code = SQLITE_FULL, .counted = kAll}},
                              scenario);
  for_every_file_failure(scenario);
}

// Work of one operation after another until `next` gives none, on a connection of its own.
template <class Next>
std::function<Status(const Stage&)> operations(Next next) {
  return [next](const Stage& stage) -> Status {
    WEIR_ASSIGN(SqliteDatabase database,
                SqliteDatabase::open(database_path(stage.data_dir),
                                     {.mode = SqliteDatabase::Mode::kReadWrite}));
    SqliteExecutor executor(&database);
    return next(executor);
  };
}

Status roll_up(Executor& executor) {
  RollupProgress progress;
  return run(executor, advance_rollups(kNowMs, {}, &progress));
}

void check_all_events(const Stage& stage) { CHECK(stage.content() == sample_lines(0, kEvents)); }

TEST_CASE("a database is made through any failure of the disk") {
  const auto no_database = [](const Stage& stage) { fs::remove(database_path(stage.data_dir)); };
  for_every_disk_failure({.prepare = no_database, .work = [](const Stage& stage) -> Status {
                            WEIR_ASSIGN(SqliteDatabase database,
                                        SqliteDatabase::open(database_path(stage.data_dir), {}));
                            WEIR_TRY(migrate(database));
                            return check_schema(database);
                          }});
}

TEST_CASE("an older database is brought to this version through any failure of the disk") {
  const auto first_version = [](const Stage& stage) {
    fs::remove(database_path(stage.data_dir));
    SqliteDatabase database = stage.open(SqliteDatabase::Mode::kCreate);
    make_first_version(database);
    REQUIRE(database.execute("INSERT INTO tokens VALUES (x'01', 'kept', 'admin', 0)").ok());
  };
  for_every_disk_failure(
      {.prepare = first_version,
       .work = [](const Stage& stage) -> Status {
         WEIR_ASSIGN(SqliteDatabase database,
                     SqliteDatabase::open(database_path(stage.data_dir), {}));
         WEIR_TRY(migrate(database));
         return check_schema(database);
       },
       .check =
           [](const Stage& stage) { CHECK(stage.number("SELECT count(*) FROM tokens") == 1); }});
}

TEST_CASE("a batch through any failure of the disk is stored and counted once") {
  const AppendRequest batch =
      batch_of(1, {sample_segment({.first = kEvents}), sample_segment({.first = kEvents + 10})});
  for_every_disk_failure(
      {.work = operations([&](Executor& executor) { return run(executor, append(batch)); }),
       .between =
           [](const Stage& stage) {
             const size_t lines = stage.content().size();
             CHECK((lines == kEvents || lines == kEvents + 20));
           },
       .check =
           [](const Stage& stage) { CHECK(stage.content() == sample_lines(0, kEvents + 20)); }});
}

TEST_CASE("rollups through any failure of the disk count each event once") {
  for_every_disk_failure(
      {.prepare =
           [](const Stage& stage) {
             SqliteDatabase database = stage.open(SqliteDatabase::Mode::kReadWrite);
             SqliteExecutor executor(&database);
             append_ok(executor, 1, {sample_segment({.first = kEvents, .count = 50})});
           },
       .work = operations(roll_up),
       .check =
           [](const Stage& stage) { CHECK(stage.content() == sample_lines(0, kEvents + 50)); }});
}

TEST_CASE("merges of both levels through any failure of the disk keep each event once") {
  const auto merge = [](Executor& executor) -> Status {
    MergeProgress progress;
    MergePolicy level1 = Maintenance::level1_policy(kNowMs);
    level1.events_max = 30;  // so that there is something left for level 2
    WEIR_TRY(run(executor, merge_segments(level1, &progress)));
    MergeProgress progress2;
    return run(executor, merge_segments(Maintenance::level2_policy(kNowMs, false), &progress2));
  };
  for_every_disk_failure(
      {.work = operations(merge), .between = check_all_events, .check = [](const Stage& stage) {
         check_all_events(stage);
         CHECK(stage.number("SELECT count(*) FROM segments") == 2);
       }});
}

TEST_CASE("retention through any failure of the disk removes and counts each event once") {
  const auto work = [](Executor& executor) {
    RetentionProgress progress;
    return run(executor, retain({.now_ms = kMuchLaterMs}, &progress));
  };
  for_every_disk_failure({.work = operations(work), .check = [](const Stage& stage) {
                            CHECK(stage.expired("retention") == kEvents - 10);
                            CHECK(stage.content().size() == 10);  // the newest row stays
                          }});
}

TEST_CASE("shrinking through any failure of the disk removes and counts each event once") {
  const auto work = [](Executor& executor) {
    ShrinkProgress progress;
    return run(executor, shrink({.now_ms = kNowMs, .bytes = 1 << 20}, &progress));
  };
  for_every_disk_failure({.work = operations(work), .check = [](const Stage& stage) {
                            CHECK(stage.expired("budget") == kEvents - 10);
                            CHECK(stage.content().size() == 10);
                          }});
}

TEST_CASE("a fork through any failure of the disk leaves each event in one log") {
  const auto work = [](Executor& executor) -> Status {
    LogState log;
    WEIR_TRY(run(executor, open_log(sample_log(2), "home", kNowMs, &log)));
    return run(executor, rehome_log(1, 25, log.log_no, sample_log(2), kNowMs));
  };
  for_every_disk_failure({.work = operations(work), .check = [](const Stage& stage) {
                            CHECK(stage.content(2).size() == kEvents - 25);
                            std::vector<std::string> old = stage.content(1);
                            old.resize(25);
                            CHECK(old == sample_lines(0, 25));
                          }});
}

TEST_CASE("compacting through any failure of the disk keeps each event once") {
  for (const bool rebuild : {false, true}) {
    for_every_disk_failure({.work =
                                [rebuild](const Stage& stage) {
                                  return compact_database(stage.data_dir, rebuild, kNowMs).status();
                                },
                            .between = check_all_events,
                            .check = check_all_events});
  }
}

TEST_CASE("a repair through any failure of the disk keeps what can be read and counts once") {
  for_every_disk_failure(
      {.prepare =
           [](const Stage& stage) {
             SqliteDatabase database = stage.open(SqliteDatabase::Mode::kReadWrite);
             REQUIRE(database
                         .execute("UPDATE segments SET data = zeroblob(200) "
                                  "WHERE id & 0xffffffffff = 30;"
                                  "UPDATE segments SET crc = crc + 1 WHERE id & 0xffffffffff = 40;"
                                  "DELETE FROM segments WHERE id & 0xffffffffff = 60;"
                                  "UPDATE rollups SET cached = cached + 1")
                         .ok());
           },
       .work = [](const Stage& stage) { return repair_database(stage.data_dir, kNowMs).status(); },
       .check =
           [](const Stage& stage) {
             CHECK(stage.expired("corrupt") == 20);
             CHECK(stage.content().size() == kEvents - 20 + 2);  // and the gaps
           }});
}

void overwrite_newest_page(const Stage& stage) {
  const std::string path = database_path(stage.data_dir);
  const std::string garbage(8192, '\x5a');
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(fs::file_size(path) - garbage.size()))
      .write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
}

TEST_CASE("a salvage through any failure of the disk leaves the damaged file or a sound one") {
  for_every_disk_failure(
      {.prepare = overwrite_newest_page,
       .work = [](const Stage& stage) { return repair_database(stage.data_dir, kNowMs).status(); },
       .between = [](const Stage& stage) { CHECK(fs::exists(database_path(stage.data_dir))); },
       .tidied =
           [](const Stage& stage) {
             CHECK_FALSE(fs::exists(salvaging_path(database_path(stage.data_dir))));
           },
       .check =
           [](const Stage& stage) {
             CHECK(fs::exists(database_path(stage.data_dir) + ".replaced-1"));
             CHECK(stage.number("SELECT sum(stored - expired_corrupt) FROM ledger") ==
                   stage.number("SELECT coalesce(sum(count), 0) FROM segments WHERE kind = 0"));
           }});
}

// What was logged after a damaged database was set aside.
constexpr uint64_t kNewEvents = 30;
void set_aside_and_go_on(const Stage& stage) {
  overwrite_newest_page(stage);
  REQUIRE(set_aside(database_path(stage.data_dir), kNowMs).ok());
  SqliteDatabase database = stage.open(SqliteDatabase::Mode::kCreate);
  REQUIRE(migrate(database).ok());
  SqliteExecutor executor(&database);
  const LogId log = sample_log(200);
  append_ok(executor, opened(executor, log).log_no,
            {sample_segment({.log = log, .count = kNewEvents})});
}

TEST_CASE("what was set aside comes back once, through any failure of the disk") {
  for_every_disk_failure(
      {.prepare = set_aside_and_go_on,
       .work = [](const Stage& stage) -> Status {
         const std::atomic<bool> ended{false};
         const std::string path = database_path(stage.data_dir);
         return salvage_set_aside({.database_path = path,
                                   .ended = &ended,
                                   .take_over =
                                       [&](const auto& adopt_rest, const auto& fresh) {
                                         WEIR_TRY(adopt_rest());
                                         return overwrite_database(path, fresh);
                                       }})
             .status();
       },
       .between =
           [](const Stage& stage) {
             CHECK(stage.number("SELECT sum(stored) FROM ledger") >= kNewEvents);
           },
       .tidied =
           [](const Stage& stage) {
             CHECK_FALSE(fs::exists(salvaging_path(database_path(stage.data_dir))));
           },
       .check =
           [](const Stage& stage) {
             CHECK(databases_set_aside(database_path(stage.data_dir))->empty());
             CHECK(stage.number("SELECT sum(stored - expired_corrupt) FROM ledger") ==
                   stage.number("SELECT sum(count) FROM segments WHERE kind = 0"));
             CHECK(stage.number("SELECT sum(count) FROM segments WHERE kind = 0 AND id >> 40 = "
                                "(SELECT max(log_no) FROM logs)") == kNewEvents);
             CHECK(stage.number("SELECT sum(stored) FROM ledger") > kNewEvents);
           }});
}

TEST_CASE("a backup through any failure of the disk is complete or not there") {
  for_every_disk_failure(
      {.work = [](const Stage& stage) -> Status {
         if (fs::exists(stage.path("copy.db"))) return {};
         return backup_database(stage.data_dir, stage.path("copy.db")).status();
       },
       .between = check_all_events,
       .tidied =
           [](const Stage& stage) {
             CHECK_FALSE(fs::exists(stage.path("copy.db")));
             for (const auto& entry : fs::directory_iterator(stage.folder)) {
               CHECK_FALSE(entry.path().filename().string().starts_with("copy.db."));
             }
           },
       .check =
           [](const Stage& stage) {
             SqliteDatabase copy =
                 Stage::open_file(stage.path("copy.db"), SqliteDatabase::Mode::kReadOnly);
             SqliteExecutor executor(&copy);
             CHECK(content_of(executor, 1) == sample_lines(0, kEvents));
           }});
}

TEST_CASE("a restore through any failure of the disk leaves the old database or the new one") {
  for_every_disk_failure(
      {.prepare =
           [](const Stage& stage) {
             REQUIRE(backup_database(stage.data_dir, stage.path("copy.db")).ok());
             SqliteDatabase database = stage.open(SqliteDatabase::Mode::kReadWrite);
             SqliteExecutor executor(&database);
             append_ok(executor, 1, {sample_segment({.first = kEvents})});
           },
       .work =
           [](const Stage& stage) {
             return restore_database(stage.path("copy.db"), stage.data_dir).status();
           },
       .between =
           [](const Stage& stage) {
             const auto content = stage.content();
             CHECK(
                 (content == sample_lines(0, kEvents + 10) || content == sample_lines(0, kEvents)));
           },
       .check =
           [](const Stage& stage) {
             check_all_events(stage);
             SqliteDatabase kept = Stage::open_file(database_path(stage.data_dir) + ".replaced-1",
                                                    SqliteDatabase::Mode::kReadOnly);
             SqliteExecutor executor(&kept);
             CHECK(content_of(executor, 1) == sample_lines(0, kEvents + 10));
           }});
}

TEST_CASE("a log is opened, written and closed through any failure of the disk") {
  constexpr int64_t kStopMs = 100;  // then what a failing disk does not take is dropped
  const auto work = [](const Stage& stage) -> Status {
    WEIR_ASSIGN(const auto log, QueryLog::open({.data_dir = stage.data_dir}));
    for (uint64_t n = 0; n < 5; ++n) log->sink(0).offer(sample_event(n));
    return log->stop(kStopMs);
  };
  for_every_disk_failure({.prepare = [](const Stage& stage) { fs::remove_all(stage.data_dir); },
                          .work = work,
                          .check =
                              [](const Stage& stage) {
                                const auto log = QueryLog::open({.data_dir = stage.data_dir});
                                REQUIRE(log.ok());
                                const auto ledger = (*log)->ledger();
                                REQUIRE(ledger.ok());
                                CHECK(ledger->balanced());
                                CHECK((ledger->offered == 5 || ledger->offered == 10));
                                CHECK(ledger->stored + ledger->dropped[kShutdown] ==
                                      ledger->offered);
                              }});
}

}  // namespace
}  // namespace weir
