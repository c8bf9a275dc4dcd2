// The rival of what Weir stores: a row of text per query in a table with four indexes, as the
// classic query logs keep it (REQUIREMENTS 000-13, 000-14), prepared inserts in transactions of
// 1,000. It speaks to SQLite directly, so that nothing of ours slows it down.
#pragma once

#include <string>

#include "bench_folder.h"
#include "weir/event.h"

namespace weir::bench {

inline constexpr const char* kRowTableName = "text rows, 4 indexes, batches of 1,000";

class RowTable {
 public:
  explicit RowTable(SqliteDatabase& database);
  ~RowTable() { sqlite3_finalize(insert_); }
  RowTable(const RowTable&) = delete;
  RowTable& operator=(const RowTable&) = delete;

  void add(const Event& event);
  // Commits what is left.
  void finish();

 private:
  void bind_text(int position, const std::string& text);

  SqliteDatabase& database_;
  sqlite3_stmt* insert_ = nullptr;
  size_t open_rows_ = 0;  // not yet committed
};

}  // namespace weir::bench
