#include "native/store/migrations.h"

#include <set>
#include <string>

#include "weir/schema.h"

namespace weir {
namespace {

// Word for word what wrangler makes (wrangler d1 migrations apply).
constexpr char kCreateTable[] =
    "CREATE TABLE IF NOT EXISTS d1_migrations(\n"
    "\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "\t\tname       TEXT UNIQUE,\n"
    "\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL\n"
    ");";

// First column of every row of a query.
Result<std::set<std::string>> names(SqliteDatabase& database, const char* sql) {
  WEIR_ASSIGN(SqliteStatement statement, database.prepare(sql));
  std::set<std::string> found;
  while (true) {
    WEIR_ASSIGN(const bool more, statement.step());
    if (!more) return found;
    found.insert(statement.column_text(0));
  }
}

// The names applied so far, none for an empty file; an error if they are not a beginning of ours.
Result<std::set<std::string>> applied_migrations(SqliteDatabase& database) {
  WEIR_ASSIGN(const std::set<std::string> tables,
              names(database, "SELECT name FROM sqlite_schema WHERE type = 'table'"));
  if (!tables.contains("d1_migrations")) {
    if (tables.empty()) return std::set<std::string>();
    return Status(Code::kInvalid, "the database holds tables, but it is not Weir's");
  }
  WEIR_ASSIGN(std::set<std::string> applied, names(database, "SELECT name FROM d1_migrations"));
  std::set<std::string> unknown = applied;
  for (const Migration& migration : migrations()) unknown.erase(migration.name);
  if (!unknown.empty()) {
    return Status(Code::kUnsupported, "the database is from a newer version of Weir: migration " +
                                          *unknown.begin() + " is unknown here");
  }
  return applied;
}

Status apply_missing(SqliteDatabase& database) {
  WEIR_ASSIGN(const std::set<std::string> applied, applied_migrations(database));
  WEIR_TRY(database.execute(kCreateTable));
  for (const Migration& migration : migrations()) {
    if (applied.contains(migration.name)) continue;
    WEIR_TRY(database.execute(migration.sql));
    WEIR_ASSIGN(SqliteStatement insert,
                database.prepare("INSERT INTO d1_migrations (name) VALUES (?1)"));
    const Value name = std::string(migration.name);
    WEIR_TRY(insert.bind(1, name));
    WEIR_ASSIGN([[maybe_unused]] const bool row, insert.step());
  }
  return {};
}

}  // namespace

Status migrate(SqliteDatabase& database) {
  WEIR_TRY(database.execute("BEGIN IMMEDIATE"));
  Status status = apply_missing(database);
  if (status.ok()) status = database.execute("COMMIT");
  if (!status.ok() && database.in_transaction()) {
    const Status rollback = database.execute("ROLLBACK");
    if (!rollback.ok()) return rollback;
  }
  return status;
}

Status check_schema(SqliteDatabase& database) {
  WEIR_ASSIGN(const std::set<std::string> applied, applied_migrations(database));
  if (applied.size() == migrations().size()) return {};
  return Status(Code::kUnsupported, "the database is from an older version of Weir: migrate it");
}

}  // namespace weir
