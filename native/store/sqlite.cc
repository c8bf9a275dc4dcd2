// SQLite's own busy timeout cannot be shortened while somebody waits in it, so the wait is ours: a
// stop must not last as long as another process holds a lock.
#include "native/store/sqlite.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "native/runtime/clock.h"

namespace weir {
namespace {

// Binding without copying: the caller's value outlives the run.
constexpr sqlite3_destructor_type kBorrowed = nullptr;  // SQLITE_STATIC

struct Binder {
  sqlite3_stmt* statement;
  int position;

  int operator()(const Null&) const { return sqlite3_bind_null(statement, position); }
  int operator()(int64_t value) const { return sqlite3_bind_int64(statement, position, value); }
  int operator()(const std::string& text) const {
    return sqlite3_bind_text64(statement, position, text.data(), text.size(), kBorrowed,
                               SQLITE_UTF8);
  }
  int operator()(const Bytes& bytes) const {
    // A null pointer would bind NULL; an empty blob is something else.
    if (bytes.empty()) return sqlite3_bind_zeroblob(statement, position, 0);
    return sqlite3_bind_blob64(statement, position, bytes.data(), bytes.size(), kBorrowed);
  }
};

Status sqlite_status(sqlite3* database, int result) {
  std::string message = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  const Code code = sqlite_code(result, message);
  return Status(code, "SQLite: " + std::move(message));
}

int open_flags(SqliteDatabase::Mode mode) {
  // URIs are for adopt_logs.cc, which attaches a database to read it.
  const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI;
  switch (mode) {
    case SqliteDatabase::Mode::kReadOnly:
      return common | SQLITE_OPEN_READONLY;
    case SqliteDatabase::Mode::kReadWrite:
      return common | SQLITE_OPEN_READWRITE;
    case SqliteDatabase::Mode::kCreate:
      break;
  }
  return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

// A path is never taken for a URI.
int open_file(const std::string& path, SqliteDatabase::Mode mode, sqlite3** handle) {
  const std::string name = path.starts_with("file:") ? "./" + path : path;
  return sqlite3_open_v2(name.c_str(), handle, open_flags(mode), nullptr);
}

}  // namespace

// Called again and again while the lock is taken; 0 gives up.
int BusyWait::on_busy(void* self, int tries) {
  constexpr int kNapMsMax = 20;
  auto& wait = *static_cast<BusyWait*>(self);
  const int64_t now_us = monotonic_us();
  if (tries == 0) wait.begin_us_ = now_us;
  if (now_us - wait.begin_us_ >= int64_t{wait.timeout_ms_} * 1000 || now_us >= wait.give_up_us_) {
    return 0;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 + tries, kNapMsMax)));
  return 1;
}

Code sqlite_code(int result, std::string_view message) {
  switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return Code::kOk;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return Code::kConstraint;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kCorrupt;
    case SQLITE_ERROR:
      return message.find(kConflictMessage) != message.npos ? Code::kConflict : Code::kUnsupported;
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
      return Code::kInvalid;
    default:  // BUSY, LOCKED, IOERR, FULL, READONLY, CANTOPEN, NOMEM, INTERRUPT, PROTOCOL …
      return Code::kUnavailable;
  }
}

Status SqliteStatement::bind(int position, const Value& value) {
  const int result = std::visit(Binder{statement_.get(), position}, value);
  if (result == SQLITE_OK) return {};
  return sqlite_status(sqlite3_db_handle(statement_.get()), result);
}

Result<bool> SqliteStatement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return sqlite_status(sqlite3_db_handle(statement_.get()), result);
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());  // repeats step's error, which was reported there
  sqlite3_clear_bindings(statement_.get());
}

Result<Value> SqliteStatement::column(int index) const {
  sqlite3_stmt* statement = statement_.get();
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return Value(int64_t{sqlite3_column_int64(statement, index)});
    case SQLITE_TEXT:
      return Value(column_text(index));
    case SQLITE_BLOB: {
      const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, index));
      return Value(data == nullptr ? Bytes() : Bytes(data, data + size));
    }
    case SQLITE_NULL:
      return Value(Null{});
    default:
      return Status(Code::kCorrupt, "a result column is REAL");
  }
}

std::string SqliteStatement::column_text(int index) const {
  const auto* text = sqlite3_column_text(statement_.get(), index);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), index));
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text), size);
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path, const Options& options) {
  sqlite3* handle = nullptr;
  const int result = open_file(path, options.mode, &handle);
  SqliteDatabase database(handle);  // owns the handle even if opening failed
  if (result != SQLITE_OK) return sqlite_status(handle, result);
  WEIR_TRY(database.configure(options));
  return database;
}

void SqliteDatabase::close() {
  cache_.clear();
  database_.reset();
}

Status SqliteDatabase::reopen(const std::string& path, const Options& options) {
  close();
  sqlite3* handle = nullptr;
  const int result = open_file(path, options.mode, &handle);
  database_.reset(handle);
  Status status = result == SQLITE_OK ? configure(options) : sqlite_status(handle, result);
  if (!status.ok()) close();
  return status;
}

Status SqliteDatabase::configure(const Options& options) {
  busy_wait_->set_timeout_ms(options.busy_timeout_ms);
  sqlite3_busy_handler(handle(), &BusyWait::on_busy, busy_wait_.get());
  if (options.defensive) {
    sqlite3_db_config(handle(), SQLITE_DBCONFIG_DEFENSIVE, options.damaged ? 0 : 1, nullptr);
    sqlite3_db_config(handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  }
  // What SQLite has for its own recovery; it changes nothing by itself. Not while defensive.
  if (options.damaged) WEIR_TRY(execute("PRAGMA writable_schema=ON"));
  std::string pragmas = "PRAGMA cache_size=-" + std::to_string(options.cache_kib) + ";";
  if (options.mode != Mode::kReadOnly) {
    WEIR_ASSIGN(const bool empty, is_empty());
    if (empty) {  // to set it anew would write to a database that may be of a newer version
      pragmas += "PRAGMA page_size=" + std::to_string(options.page_bytes) +
                 ";PRAGMA auto_vacuum=INCREMENTAL;";
    }
    pragmas += std::string("PRAGMA journal_mode=WAL;PRAGMA synchronous=") +
               (options.synchronous_full ? "FULL;" : "NORMAL;");
  }
  pragmas +=
      "PRAGMA cell_size_check=ON;SELECT 1 FROM sqlite_schema;";  // the first read: is it one?
  return execute(pragmas.c_str());
}

// By SQLite's own descriptor: to close another one would end the locks of this process.
bool SqliteDatabase::has_header() const {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr) return false;
  std::string begin(kMagic.size(), '\0');
  const int result = file->pMethods->xRead(file, begin.data(), static_cast<int>(begin.size()), 0);
  return result == SQLITE_OK ? begin == kMagic : result != SQLITE_IOERR_SHORT_READ;
}

void SqliteDatabase::end_when(const std::atomic<bool>* ended) {
  constexpr int kInstructions = 1000;  // of SQLite's machine, between two looks
  const auto look = [](void* flag) {
    return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0;
  };
  if (ended == nullptr) return;
  sqlite3_progress_handler(handle(), kInstructions, look, const_cast<std::atomic<bool>*>(ended));
}

Result<bool> SqliteDatabase::is_empty() {
  WEIR_ASSIGN(SqliteStatement pages, prepare("PRAGMA page_count"));
  WEIR_ASSIGN(const bool row, pages.step());
  return row && pages.column_text(0) == "0";
}

Status SqliteDatabase::execute(const char* sql) {
  const int result = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? Status() : sqlite_status(handle(), result);
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return sqlite_status(handle(), result);
  return SqliteStatement(statement);
}

Result<SqliteStatement*> SqliteDatabase::prepared(StatementId id) {
  cache_.resize(statement_count());
  std::unique_ptr<SqliteStatement>& slot = cache_[static_cast<size_t>(id)];
  if (slot == nullptr) {
    WEIR_ASSIGN(SqliteStatement statement, prepare(statement_sql(id, Dialect::kSqlite)));
    slot = std::make_unique<SqliteStatement>(std::move(statement));
  }
  return slot.get();
}

Status SqliteDatabase::status() const {
  return sqlite_status(handle(), sqlite3_extended_errcode(handle()));
}

}  // namespace weir
