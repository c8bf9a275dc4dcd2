// ReadOnlySql: one statement of a user on the log, which can neither change anything nor run away.
//
// An authorizer allows reading and calculating, nothing else: no ATTACH, no PRAGMA, no writing, no
// extension. The bounds: rows by the caller, who stops; virtual-machine steps by a progress
// handler; events looked at by the tables; lengths by SQLite's own limits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "native/sql/virtual_table.h"

namespace weir {

// NULL, integer, real, text, blob.
using SqlValue = std::variant<Null, int64_t, double, std::string, Bytes>;

struct SqlLimits {
  uint64_t rows = 10'000;
  uint64_t steps = 2'000'000'000;   // of SQLite's virtual machine: a minute or two
  uint64_t events = 1'000'000'000;  // looked at by the tables
};

struct SqlResult {
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;
  bool more = false;  // the bound of rows ended it
};

// Runs the one statement in `sql`. The connection is read-only and used for nothing else before or
// after. kInvalid for what is wrong with the SQL, kDenied for what is not allowed, kExhausted at
// the bounds of work.
Result<SqlResult> run_read_only_sql(SqliteDatabase& database, const std::string& sql,
                                    const SqlLimits& limits);

}  // namespace weir
