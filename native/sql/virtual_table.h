// VirtualTable, TableCursor: SQLite's interface for virtual tables (https://sqlite.org/vtab.html)
// as two small classes. A table says which comparisons of which columns it can use; what a cursor
// answers may be more than was asked, because SQLite compares again.
//
// Tables are eponymous: there is nothing to create, and nothing about them stands in a schema. They
// only read, on the connection that asks, within its transaction. The same sources are compiled
// into the binary and into the loadable extension (extension_api.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "native/store/sqlite_executor.h"
#include "weir/status.h"

namespace weir {

enum class Comparison : uint8_t { kEqual, kGreater, kGreaterEqual, kLess, kLessEqual, kLike };

// A term of the WHERE clause. `value` lives until the filter has been taken.
struct Constraint {
  int column = 0;  // -1: the rowid
  Comparison comparison = Comparison::kEqual;
  sqlite3_value* value = nullptr;
};

struct Plan {
  std::vector<Constraint> constraints;
  bool descending = false;    // by the column that TableShape::order_column names
  uint64_t columns_used = 0;  // bit i: column i is wanted
};

struct TableShape {
  const char* name = "";
  const char* declaration = "";    // "CREATE TABLE x(…)"
  int order_column = -2;           // rows come in its order, either way; -2: in none
  int first_argument = INT32_MAX;  // columns from here on are arguments: SQLite does not compare
                                   // them again
  // Can the cursor make use of it?
  bool (*uses)(int column, Comparison comparison) = nullptr;
};

// What the tables of one connection may do and have done. Thread-compatible.
struct TableWork {
  uint64_t events_max = UINT64_MAX;  // decoded, over all statements
  uint64_t events = 0;
  uint64_t segments = 0;  // whose bytes were opened

  // Counts, and says kExhausted past the bound.
  Status spend(uint64_t more_events);
};

class TableCursor {
 public:
  virtual ~TableCursor() = default;
  // Begins anew, at the first row of the plan or at the end.
  virtual Status filter(const Plan& plan) = 0;
  virtual Status next() = 0;
  virtual bool at_end() const = 0;
  virtual int64_t rowid() const = 0;
  // Answers by sqlite3_result_…; nothing means NULL.
  virtual void column(sqlite3_context* context, int column) = 0;
};

using MakeCursor = std::unique_ptr<TableCursor> (*)(Executor& executor, TableWork& work);

// Tables of one connection may share their `work`. An SQLite result code.
int register_table(sqlite3* connection, const TableShape& shape, MakeCursor make,
                   std::shared_ptr<TableWork> work);

}  // namespace weir
