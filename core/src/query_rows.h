// What the query engine's statements answer, checked: rows of rollups and of walks over segments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/schema.h"
#include "weir/statement.h"
#include "weir/summary.h"

namespace weir {

// A column that counts something: kCorrupt below zero.
Result<uint64_t> count_at(const Rows& rows, size_t row, size_t column);
// A blob that may be NULL, which is then empty.
Result<ByteView> optional_blob_at(const Rows& rows, size_t row, size_t column);

// The parameter "sites" of the statements.
Value sites_value(const std::vector<std::string>& sites);

// A row of kQueryForward or kQueryBackward.
struct WalkRow {
  int64_t log_no = 0;
  uint64_t first = 0;
  uint64_t count = 0;
  bool corrupt = false;  // known to fail its checks
  int64_t last_ms = 0;
  uint32_t crc = 0;
  uint64_t bytes = 0;   // 0 if they are not in the database
  uint64_t from_n = 0;  // the events before it are not asked for
  bool fits = false;    // within the budget of bytes; otherwise it is to be asked for again
  Bytes data;           // all of them, or none if they are too many and read by ranges

  // The row without its bytes.
  WalkRow position() const {
    WalkRow copy;
    copy.log_no = log_no;
    copy.first = first;
    copy.count = count;
    return copy;
  }
  int64_t id() const { return segment_id(log_no, first); }
  uint64_t end() const { return first + count; }
};
// All rows, ascending by id.
Result<std::vector<WalkRow>> walk_rows(Rows rows);

// A row of kQueryRollups. `sketch` borrows from the rows, and is empty if it was not asked for.
struct RollupRow {
  int64_t id = 0;
  RollupKey key;
  OutcomeCounts counts;
  ByteView sketch;
};
Result<RollupRow> rollup_row(const Rows& rows, size_t row);

}  // namespace weir
