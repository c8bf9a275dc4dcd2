// The plan travels from xBestIndex to xFilter as a number (order and columns) and a text: two
// characters per argument, the column and the comparison.
#include "native/sql/virtual_table.h"

#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr char kColumnBase = '1';  // '0' is the rowid
constexpr char kComparisonBase = 'a';
constexpr uint64_t kColumnsMask = (1u << 30) - 1;
constexpr double kRowsOfAll = 1e7;  // what a table may hold; only comparisons of plans matter
constexpr double kPartOfRange = 0.3;
constexpr double kPartOfEqual = 0.01;

// What a module is registered with; lives as long as the connection.
struct Registration {
  TableShape shape;
  MakeCursor make;
  std::shared_ptr<TableWork> work;
};

// SQLite's structures come first in ours, as its interface wants it.
struct Table {
  sqlite3_vtab base{};
  const Registration* registration;
  SqliteDatabase database;
  SqliteExecutor executor{&database, SqliteExecutor::Transactions::kCallers};

  Table(const Registration* registered, sqlite3* connection)
      : registration(registered), database(SqliteDatabase::borrow(connection)) {}
};

struct Cursor {
  sqlite3_vtab_cursor base{};
  std::unique_ptr<TableCursor> rows;
};

TableCursor& rows_of(sqlite3_vtab_cursor* cursor) {
  return *reinterpret_cast<Cursor*>(cursor)->rows;
}

int connect(sqlite3* connection, void* aux, int, const char* const*, sqlite3_vtab** table, char**) {
  const auto* registration = static_cast<const Registration*>(aux);
  const int result = sqlite3_declare_vtab(connection, registration->shape.declaration);
  if (result != SQLITE_OK) return result;
  *table = &(new Table(registration, connection))->base;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete reinterpret_cast<Table*>(table);
  return SQLITE_OK;
}

// Nothing for a comparison that we do not know.
bool comparison_of(unsigned char op, Comparison* comparison) {
  switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      *comparison = Comparison::kEqual;
      return true;
    case SQLITE_INDEX_CONSTRAINT_GT:
      *comparison = Comparison::kGreater;
      return true;
    case SQLITE_INDEX_CONSTRAINT_GE:
      *comparison = Comparison::kGreaterEqual;
      return true;
    case SQLITE_INDEX_CONSTRAINT_LT:
      *comparison = Comparison::kLess;
      return true;
    case SQLITE_INDEX_CONSTRAINT_LE:
      *comparison = Comparison::kLessEqual;
      return true;
    case SQLITE_INDEX_CONSTRAINT_LIKE:
      *comparison = Comparison::kLike;
      return true;
    default:
      return false;
  }
}

bool takes(const TableShape& shape, sqlite3_index_info* info, int i, Comparison* comparison) {
  const auto& constraint = info->aConstraint[i];
  return constraint.usable != 0 && comparison_of(constraint.op, comparison) &&
         shape.uses(constraint.iColumn, *comparison) &&
         std::string_view(sqlite3_vtab_collation(info, i)) == "BINARY";
}

int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
  const TableShape& shape = reinterpret_cast<Table*>(table)->registration->shape;
  std::string arguments;
  double rows = kRowsOfAll;
  for (int i = 0; i < info->nConstraint; ++i) {
    Comparison comparison{};
    if (!takes(shape, info, i, &comparison)) continue;
    arguments += static_cast<char>(kColumnBase + info->aConstraint[i].iColumn);
    arguments += static_cast<char>(kComparisonBase + static_cast<char>(comparison));
    info->aConstraintUsage[i].argvIndex = static_cast<int>(arguments.size() / 2);
    info->aConstraintUsage[i].omit = info->aConstraint[i].iColumn >= shape.first_argument ? 1 : 0;
    rows *= comparison == Comparison::kEqual ? kPartOfEqual : kPartOfRange;
  }
  const bool ordered = info->nOrderBy == 1 && info->aOrderBy[0].iColumn == shape.order_column;
  info->orderByConsumed = ordered ? 1 : 0;
  const bool descending = ordered && info->aOrderBy[0].desc != 0;
  info->idxNum = static_cast<int>((info->colUsed & kColumnsMask) << 1) | (descending ? 1 : 0);
  info->estimatedRows = static_cast<sqlite3_int64>(rows) + 1;
  info->estimatedCost = rows + 1;
  info->idxStr = sqlite3_mprintf("%s", arguments.c_str());
  info->needToFreeIdxStr = 1;
  return info->idxStr != nullptr ? SQLITE_OK : SQLITE_NOMEM;
}

int open_cursor(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
  auto* opened = reinterpret_cast<Table*>(table);
  auto made = std::make_unique<Cursor>();
  made->rows = opened->registration->make(opened->executor, *opened->registration->work);
  *cursor = &made.release()->base;
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete reinterpret_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

// Tells SQLite why. It frees the message.
int report(sqlite3_vtab_cursor* cursor, const Status& status) {
  if (status.ok()) return SQLITE_OK;
  sqlite3_free(cursor->pVtab->zErrMsg);
  cursor->pVtab->zErrMsg = sqlite3_mprintf("%s", status.message().c_str());
  if (status.code() == Code::kCorrupt) return SQLITE_CORRUPT_VTAB;
  return status.code() == Code::kExhausted ? SQLITE_INTERRUPT : SQLITE_ERROR;
}

int filter(sqlite3_vtab_cursor* cursor, int number, const char* arguments, int,
           sqlite3_value** values) {
  Plan plan;
  plan.descending = (number & 1) != 0;
  plan.columns_used = static_cast<uint64_t>(static_cast<unsigned>(number) >> 1);
  const std::string_view text = arguments;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    plan.constraints.push_back({text[i] - kColumnBase,
                                static_cast<Comparison>(text[i + 1] - kComparisonBase),
                                values[i / 2]});
  }
  return report(cursor, rows_of(cursor).filter(plan));
}

int next(sqlite3_vtab_cursor* cursor) { return report(cursor, rows_of(cursor).next()); }

int at_end(sqlite3_vtab_cursor* cursor) { return rows_of(cursor).at_end() ? 1 : 0; }

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
  rows_of(cursor).column(context, index);
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = rows_of(cursor).rowid();
  return SQLITE_OK;
}

// Without xCreate and xUpdate: eponymous, and not to be written. Members that only newer versions
// of SQLite know stay null.
constexpr sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = connect;
  module.xBestIndex = best_index;
  module.xDisconnect = disconnect;
  module.xOpen = open_cursor;
  module.xClose = close_cursor;
  module.xFilter = filter;
  module.xNext = next;
  module.xEof = at_end;
  module.xColumn = column;
  module.xRowid = rowid;
  return module;
}
constexpr sqlite3_module kModule = make_module();

}  // namespace

Status TableWork::spend(uint64_t more_events) {
  events += more_events;
  if (events <= events_max) return {};
  return Status(Code::kExhausted,
                "the statement looks at more than " + std::to_string(events_max) + " events");
}

int register_table(sqlite3* connection, const TableShape& shape, MakeCursor make,
                   std::shared_ptr<TableWork> work) {
  // SQLite deletes it also where it refuses the module.
  return sqlite3_create_module_v2(
      connection, shape.name, &kModule, new Registration{shape, make, std::move(work)},
      [](void* registration) { delete static_cast<Registration*>(registration); });
}

}  // namespace weir
