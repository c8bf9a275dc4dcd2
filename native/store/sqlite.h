// SqliteDatabase, SqliteStatement: thin RAII over the SQLite C API (https://sqlite.org/c3ref).
//
// Why not a library: we need four things of it, and its error codes mapped to ours. What it does
// not do: transactions across calls (sqlite_executor.h), schema (migrations.h), threads. A
// connection and its statements are thread-compatible: one thread at a time.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/statement.h"
#include "weir/status.h"

namespace weir {

class SqliteDatabase;

// How long a connection waits for a lock of another process. Thread-safe.
class BusyWait {
 public:
  void set_timeout_ms(int timeout_ms) { timeout_ms_ = timeout_ms; }
  // From then on (monotonic_us of runtime/clock.h) nothing is waited for; a wait under way ends.
  void give_up_at_us(int64_t time_us) { give_up_us_ = time_us; }

 private:
  friend class SqliteDatabase;
  static int on_busy(void* self, int tries);

  std::atomic<int> timeout_ms_{0};
  std::atomic<int64_t> give_up_us_{std::numeric_limits<int64_t>::max()};
  int64_t begin_us_ = 0;  // of the wait under way; the connection's thread
};

// A prepared statement. Must not outlive its database.
class SqliteStatement {
 public:
  // `value` is borrowed until the next reset().
  Status bind(int position, const Value& value);
  // True: a row is there. False: the statement has ended.
  Result<bool> step();
  void reset();  // ends the run and forgets the bindings

  int column_count() const { return sqlite3_column_count(statement_.get()); }
  // kCorrupt for a REAL: our tables are STRICT and have none.
  Result<Value> column(int index) const;
  // As text whatever its type, empty for NULL; for PRAGMAs and other people's tables.
  std::string column_text(int index) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  enum class Mode : uint8_t { kReadOnly, kReadWrite, kCreate };
  struct Options {
    Mode mode = Mode::kCreate;
    int busy_timeout_ms = 5000;
    int64_t cache_kib = 8192;
    int64_t page_bytes = 8192;  // of a new file; segments span pages, fewer larger ones are quicker
    bool synchronous_full = true;  // false: NORMAL, the last commits may go with the power
    // Refuse what a hostile file could carry along: functions with side effects in its schema,
    // writes to the schema by SQL.
    bool defensive = true;
    // To read what can be read: also a file that is shorter than it says.
    bool damaged = false;
  };

  // Statements on somebody else's connection, which must outlive this and stays as it is.
  static SqliteDatabase borrow(sqlite3* connection) { return SqliteDatabase(connection, false); }
  // Opens the file in WAL mode. kUnavailable if it cannot be opened, kCorrupt if it is no database.
  static Result<SqliteDatabase> open(const std::string& path, const Options& options);

  // Closes the file; nothing but reopen() may be called then.
  void close();
  bool is_open() const { return database_ != nullptr; }
  // Closes what is open and opens the file of that name. On failure nothing is open.
  Status reopen(const std::string& path, const Options& options);

  // Runs SQL text of ours that answers no rows; several statements may stand in it.
  Status execute(const char* sql);
  // kCorrupt or kInvalid if the SQL does not fit the schema.
  Result<SqliteStatement> prepare(std::string_view sql);
  // Prepared at first use and kept. Reset and without bindings.
  Result<SqliteStatement*> prepared(StatementId id);

  // Whether the file on the disk begins as a database does, whatever is in memory of it.
  bool has_header() const;

  // Rows inserted, updated or deleted by the last writing statement.
  uint64_t changes() const { return static_cast<uint64_t>(sqlite3_changes64(database_.get())); }
  bool in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }
  // For what has no wrapper here (backup, blob, status). Borrowed.
  sqlite3* handle() const { return database_.get(); }
  // Once `*ended` is true, what runs ends soon, and what comes is refused: kUnavailable. Borrowed;
  // null does nothing.
  void end_when(const std::atomic<bool>* ended);
  BusyWait& busy_wait() const { return *busy_wait_; }
  // The Status of the last failed call.
  Status status() const;

 private:
  struct Close {
    bool owned = true;
    void operator()(sqlite3* database) const {
      if (owned) sqlite3_close_v2(database);
    }
  };
  explicit SqliteDatabase(sqlite3* database, bool owned = true)
      : database_(database, Close{owned}) {}
  Status configure(const Options& options);
  Result<bool> is_empty();  // a file without a page

  std::unique_ptr<BusyWait> busy_wait_ = std::make_unique<BusyWait>();
  std::unique_ptr<sqlite3, Close> database_;
  std::vector<std::unique_ptr<SqliteStatement>>
      cache_;  // by StatementId; before database_ in death
};

// Our code for an SQLite result code (extended or not) and its message: the environment's failures
// are kUnavailable, refused data is kConstraint, a broken file is kCorrupt, a failed assert
// (kConflictMessage) is kConflict, a statement that does not fit the schema is kUnsupported.
Code sqlite_code(int result, std::string_view message);

}  // namespace weir
