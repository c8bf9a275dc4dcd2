// What the query engine's statements answer, checked: rows of rollups and of walks over segments.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "weir/schema.h"
#include "weir/statement.h"
#include "weir/summary.h"

namespace weir {

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
// All rows, in their order.
Result<std::vector<WalkRow>> walk_rows(Rows rows);

// How many rows of a walk are read at once: more and more, as long as they are small.
class WalkPage {
 public:
  WalkPage(size_t rows, size_t rows_max) : rows_(rows), rows_max_(rows_max) {}

  size_t rows() const { return rows_; }
  // What a row may have to come with its bytes, so that all of them come to `bytes` at most.
  uint64_t whole_bytes(uint64_t bytes) const {
    return std::min<uint64_t>(kSegmentEdgeBytesMax, bytes / rows_);
  }
  // After a page that could have come to `bytes` and came to `read`.
  void took(uint64_t read, uint64_t bytes) {
    if (read <= bytes / 4) rows_ = std::min(4 * rows_, rows_max_);
  }

 private:
  size_t rows_;
  size_t rows_max_;
};

// A row of kQueryRollups. `sketch` borrows from the rows, and is empty if it was not asked for.
struct RollupRow {
  int64_t id = 0;
  RollupKey key;
  OutcomeCounts counts;
  ByteView sketch;
};
Result<RollupRow> rollup_row(const Rows& rows, size_t row);

}  // namespace weir
