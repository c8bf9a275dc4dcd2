// SqliteExecutor: does the steps of operations on one SQLite connection.
//
// A writing group is BEGIN IMMEDIATE … COMMIT, a reading one BEGIN … COMMIT (one snapshot), or
// nothing where it is a single statement, which has its own; whatever fails, everything is rolled
// back. Read steps use SQLite's incremental blob I/O, so only the pages of the range are read.
// Thread-compatible.
#pragma once

#include <memory>

#include "native/store/sqlite.h"
#include "weir/executor.h"

namespace weir {

class SqliteExecutor final : public Executor {
 public:
  enum class Transactions : uint8_t {
    kOwn,      // each group is one; none must be open when a step begins
    kCallers,  // groups run in whatever is open, and none may write
  };
  // Borrows the connection.
  explicit SqliteExecutor(SqliteDatabase* database, Transactions transactions = Transactions::kOwn)
      : database_(*database), transactions_(transactions) {}

  Reply run_group(const Group& group) override;
  Reply run_read(const Read& read) override;

 private:
  Reply run_inside(const Group& group);
  struct CloseBlob {
    void operator()(sqlite3_blob* blob) const { sqlite3_blob_close(blob); }
  };
  struct OpenBlob {
    std::unique_ptr<sqlite3_blob, CloseBlob> handle;
    int64_t segment = 0;
  };
  Result<Bytes> read_range(const Read::Range& range, OpenBlob* blob);
  // Answers what SQLite says.
  int move_to(int64_t segment, OpenBlob* blob);
  Status run_statements(const Group& group, std::vector<Rows>* results);
  Result<Rows> run_statement(const Statement& statement);

  SqliteDatabase& database_;
  const Transactions transactions_;
};

}  // namespace weir
