// SqliteExecutor: does the steps of operations on one SQLite connection.
//
// A writing group is BEGIN IMMEDIATE … COMMIT, a reading one BEGIN … COMMIT (one snapshot);
// whatever fails, everything is rolled back. Read steps use SQLite's incremental blob I/O, so only
// the pages of the range are read. Thread-compatible.
#pragma once

#include "native/store/sqlite.h"
#include "weir/executor.h"

namespace weir {

class SqliteExecutor final : public Executor {
 public:
  // Borrows the connection. Transactions must not be open on it when a step begins.
  explicit SqliteExecutor(SqliteDatabase* database) : database_(*database) {}

  Reply run_group(const Group& group) override;
  Reply run_read(const Read& read) override;

 private:
  Status run_statements(const Group& group, std::vector<Rows>* results);
  Result<Rows> run_statement(const Statement& statement);

  SqliteDatabase& database_;
};

}  // namespace weir
