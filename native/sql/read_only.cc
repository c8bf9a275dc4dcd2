#include "native/sql/read_only.h"

#include <cstring>

#include "native/sql/log_tables.h"

namespace weir {
namespace {

constexpr int kStepsPerTick = 1000;  // between two looks at the bound
constexpr int kValueBytesMax = 16 << 20;
constexpr int kSqlBytesMax = 100'000;

// SELECT, and reading columns, functions and recursion in it. Functions that reach outside are not
// in the library, but for load_extension, which is off by default and named here all the same.
int authorize(void*, int action, const char*, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return second != nullptr && std::strcmp(second, "load_extension") == 0 ? SQLITE_DENY
                                                                             : SQLITE_OK;
    default:
      return SQLITE_DENY;
  }
}

// SQLite asks the authorizer also about the declarations of virtual tables, which it reads at their
// first use: before there is one.
Status connect_tables(SqliteDatabase& database, uint64_t events_max) {
  const auto work = std::make_shared<TableWork>(TableWork{.events_max = events_max});
  if (register_log_tables(database.handle(), work) != SQLITE_OK) return database.status();
  return database
      .prepare("SELECT 1 FROM queries, statistics, domain_stats, json_each('[]'), json_tree('[]')")
      .status();
}

struct Meter {
  uint64_t ticks_left = 0;
};

int tick(void* meter) {
  auto& left = static_cast<Meter*>(meter)->ticks_left;
  if (left == 0) return 1;
  --left;
  return 0;
}

// The user's own mistakes are not the database's.
Status sql_status(sqlite3* connection, const Meter& meter) {
  const int code = sqlite3_errcode(connection) & 0xff;
  std::string message = sqlite3_errmsg(connection);
  if (code == SQLITE_AUTH) {
    return Status(Code::kDenied, "only reading is allowed: " + std::move(message));
  }
  if (code == SQLITE_INTERRUPT) {
    if (meter.ticks_left == 0) message = "the statement takes too many steps";
    return Status(Code::kExhausted, std::move(message));
  }
  const bool of_the_file = code == SQLITE_CORRUPT || code == SQLITE_IOERR || code == SQLITE_BUSY;
  return Status(of_the_file ? Code::kUnavailable : Code::kInvalid, std::move(message));
}

SqlValue value_at(sqlite3_stmt* statement, int column) {
  const auto size = [&] { return static_cast<size_t>(sqlite3_column_bytes(statement, column)); };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return text == nullptr ? std::string() : std::string(text, size());
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement, column));
      return data == nullptr ? Bytes() : Bytes(data, data + size());
    }
    default:
      return Null{};
  }
}

bool is_blank(const char* text) { return std::strspn(text, " \t\r\n;") == std::strlen(text); }

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using OwnedStatement = std::unique_ptr<sqlite3_stmt, Finalize>;

Result<OwnedStatement> prepare(sqlite3* connection, const std::string& sql, const Meter& meter) {
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  const int result = sqlite3_prepare_v2(connection, sql.c_str(), static_cast<int>(sql.size()) + 1,
                                        &prepared, &rest);
  OwnedStatement statement(prepared);
  if (result != SQLITE_OK) return sql_status(connection, meter);
  if (prepared == nullptr) return Status(Code::kInvalid, "there is no statement");
  if (!is_blank(rest)) return Status(Code::kInvalid, "one statement at a time");
  if (sqlite3_stmt_readonly(prepared) == 0) return Status(Code::kDenied, "only reading is allowed");
  return statement;
}

Result<SqlResult> fetch(sqlite3* connection, sqlite3_stmt* statement, const SqlLimits& limits,
                        const Meter& meter) {
  SqlResult result;
  const int width = sqlite3_column_count(statement);
  for (int i = 0; i < width; ++i) {
    const char* name = sqlite3_column_name(statement, i);
    result.columns.emplace_back(name == nullptr ? "" : name);
  }
  while (true) {
    const int step = sqlite3_step(statement);
    if (step == SQLITE_DONE) return result;
    if (step != SQLITE_ROW) return sql_status(connection, meter);
    if (result.rows.size() == limits.rows) {
      result.more = true;
      return result;
    }
    std::vector<SqlValue>& row = result.rows.emplace_back();
    for (int i = 0; i < width; ++i) row.push_back(value_at(statement, i));
  }
}

}  // namespace

Result<SqlResult> run_read_only_sql(SqliteDatabase& database, const std::string& sql,
                                    const SqlLimits& limits) {
  sqlite3* const connection = database.handle();
  Meter meter{.ticks_left = limits.steps / kStepsPerTick + 1};
  WEIR_TRY(connect_tables(database, limits.events));
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_limit(connection, SQLITE_LIMIT_SQL_LENGTH, kSqlBytesMax);
  sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_set_authorizer(connection, authorize, nullptr);
  sqlite3_progress_handler(connection, kStepsPerTick, tick, &meter);
  const auto run = [&]() -> Result<SqlResult> {
    WEIR_ASSIGN(const OwnedStatement statement, prepare(connection, sql, meter));
    return fetch(connection, statement.get(), limits, meter);
  };
  Result<SqlResult> result = run();
  sqlite3_progress_handler(connection, 0, nullptr, nullptr);
  return result;
}

}  // namespace weir
