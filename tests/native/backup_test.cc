#include "native/store/backup.h"

#include "native/store/data_files.h"
#include "native/store/data_lock.h"
#include "native/store/ledger_page.h"
#include "native/store/migrations.h"
#include "native/store/query_log.h"
#include "native/store/sqlite_executor.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

// A data directory with ten events in log 1, and a connection to it.
struct DataFolder {
  TemporaryFolder folder;
  std::string data_dir = folder.path("data");
  std::unique_ptr<SqliteDatabase> database;

  DataFolder() {
    fs::create_directory(data_dir);
    Result<SqliteDatabase> opened = SqliteDatabase::open(database_path(data_dir), {});
    REQUIRE(opened.ok());
    database = std::make_unique<SqliteDatabase>(std::move(*opened));
    REQUIRE(migrate(*database).ok());
    SqliteExecutor executor(database.get());
    opened_log(executor);
  }
  std::string backup() {
    const std::string file = folder.path("copy.db");
    const Result<uint64_t> bytes = backup_database(data_dir, file);
    INFO(bytes.status().message());
    REQUIRE(bytes.ok());
    CHECK(*bytes == fs::file_size(file));
    return file;
  }
  // The names in a folder that begin with `begin`.
  size_t count_files(const std::string& where, const std::string& begin) {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(where)) {
      if (entry.path().filename().string().starts_with(begin)) ++count;
    }
    return count;
  }

 private:
  static void opened_log(Executor& executor) {
    weir::opened(executor);
    append_ok(executor, 1, {sample_segment({})});
  }
};

std::vector<std::string> lines_in(const std::string& file) {
  Result<SqliteDatabase> opened =
      SqliteDatabase::open(file, {.mode = SqliteDatabase::Mode::kReadOnly});
  REQUIRE(opened.ok());
  SqliteExecutor executor(&*opened);
  return content_of(executor, 1);
}

std::string text_of(SqliteDatabase& database, const std::string& sql) {
  Result<SqliteStatement> statement = database.prepare(sql);
  REQUIRE(statement.ok());
  REQUIRE(*statement->step());
  return statement->column_text(0);
}

TEST_CASE("a backup has all that was committed, in one file in rollback mode") {
  DataFolder data;
  const std::string file = data.backup();
  CHECK(lines_in(file) == sample_lines(0, 10));
  CHECK(data.count_files(data.folder.path(""), "copy.db") == 1);
  Result<SqliteDatabase> copy =
      SqliteDatabase::open(file, {.mode = SqliteDatabase::Mode::kReadOnly});
  REQUIRE(copy.ok());
  CHECK(text_of(*copy, "PRAGMA journal_mode") == "delete");
  CHECK(text_of(*copy, "PRAGMA integrity_check") == "ok");
}

TEST_CASE("a backup is made while a transaction is open, without what is not committed") {
  DataFolder data;
  REQUIRE(data.database->execute("BEGIN IMMEDIATE; DELETE FROM segments").ok());
  CHECK(lines_in(data.backup()) == sample_lines(0, 10));
}

TEST_CASE("a backup refuses to overwrite and leaves nothing behind") {
  DataFolder data;
  data.folder.write("copy.db", "precious");
  CHECK(backup_database(data.data_dir, data.folder.path("copy.db")).status().code() ==
        Code::kConflict);
  CHECK(fs::file_size(data.folder.path("copy.db")) == 8);
  CHECK(data.count_files(data.folder.path(""), "copy.db") == 1);
}

TEST_CASE("a backup to a folder that is not there is unavailable") {
  DataFolder data;
  CHECK(backup_database(data.data_dir, data.folder.path("none/copy.db")).status().code() ==
        Code::kUnavailable);
}

TEST_CASE("a page that cannot be read fails a backup, and no file has its name") {
  DataFolder data;
  data.database.reset();
  const std::string path = database_path(data.data_dir);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(2 * 8192)  // the second page only tells where others belong
      .write(std::string(16, '\x7f').data(), 16);
  CHECK_FALSE(backup_database(data.data_dir, data.folder.path("copy.db")).ok());
  CHECK(data.count_files(data.folder.path(""), "copy.db") == 0);
}

TEST_CASE("a restored database has what the backup had, and the replaced one is kept") {
  DataFolder data;
  const std::string file = data.backup();
  SqliteExecutor executor(data.database.get());
  append_ok(executor, 1, {sample_segment({.first = 10})});
  data.database.reset();
  const Result<std::string> kept = restore_database(file, data.data_dir);
  INFO(kept.status().message());
  REQUIRE(kept.ok());
  CHECK(lines_in(database_path(data.data_dir)) == sample_lines(0, 10));
  CHECK(lines_in(*kept) == sample_lines(0, 20));
  CHECK(*restore_database(file, data.data_dir) != *kept);
}

TEST_CASE("a start after a restore opens a new log and calls nothing unclean that was clean") {
  DataFolder data;
  data.database.reset();
  {
    REQUIRE(QueryLog::open({.data_dir = data.data_dir, .site = "home"}).ok());
  }
  const std::string file = data.backup();
  LogId before;
  {
    auto log = QueryLog::open({.data_dir = data.data_dir, .site = "home"});
    REQUIRE(log.ok());
    before = (*log)->position().log;
  }
  REQUIRE(restore_database(file, data.data_dir).ok());
  auto log = QueryLog::open({.data_dir = data.data_dir, .site = "home"});
  REQUIRE(log.ok());
  CHECK((*log)->position().log != before);
  CHECK((*log)->position().end == 0);
}

TEST_CASE("a restore into an empty directory makes it") {
  DataFolder data;
  const std::string fresh = data.folder.path("fresh");
  const Result<std::string> kept = restore_database(data.backup(), fresh);
  REQUIRE(kept.ok());
  CHECK(kept->empty());
  CHECK(lines_in(database_path(fresh)) == sample_lines(0, 10));
}

TEST_CASE("a damaged database gives way to a backup, is kept, and leaves no WAL to it") {
  DataFolder data;
  const std::string file = data.backup();
  data.database.reset();
  const fs::path path = database_path(data.data_dir);
  std::ofstream(path) << "no database";
  std::ofstream(path.string() + "-wal") << "no log";
  const Result<std::string> kept = restore_database(file, data.data_dir);
  REQUIRE(kept.ok());
  CHECK(fs::file_size(*kept) == 11);
  CHECK_FALSE(fs::exists(path.string() + "-wal"));
  CHECK(lines_in(path) == sample_lines(0, 10));
}

TEST_CASE("nothing is restored while somebody holds the directory") {
  DataFolder data;
  const std::string file = data.backup();
  const Result<DataLock> lock = DataLock::take(data.data_dir);
  REQUIRE(lock.ok());
  CHECK(restore_database(file, data.data_dir).status().code() == Code::kConflict);
  CHECK(data.count_files(data.data_dir, "weir.db.replaced") == 0);
}

TEST_CASE("what is no backup of Weir is not restored") {
  DataFolder data;
  data.database.reset();
  const std::string path = data.folder.path("other.db");
  CHECK(restore_database(path, data.data_dir).status().code() == Code::kNotFound);
  data.folder.write("other.db", "");
  CHECK(restore_database(path, data.data_dir).status().code() == Code::kInvalid);
  data.folder.write("other.db", std::string(4096, 'x'));
  CHECK(restore_database(path, data.data_dir).status().code() == Code::kCorrupt);
  CHECK(lines_in(database_path(data.data_dir)) == sample_lines(0, 10));
}

TEST_CASE("a backup of a newer version is unsupported, and the database stays") {
  DataFolder data;
  const std::string file = data.backup();
  {
    Result<SqliteDatabase> copy = SqliteDatabase::open(file, {});
    REQUIRE(copy->execute("INSERT INTO d1_migrations(name) VALUES('9999_future.sql')").ok());
  }
  CHECK(restore_database(file, data.data_dir).status().code() == Code::kUnsupported);
  CHECK(data.count_files(data.data_dir, "weir.db.re") == 0);
}

}  // namespace
}  // namespace weir
