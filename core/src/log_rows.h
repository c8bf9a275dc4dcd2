// Rows of logs and segments as structs, checked, and the statements that several operations share.
//
// A database is hostile input: whatever is read here has been brought within the bounds of limits.h
// or is kCorrupt.
#pragma once

#include <optional>
#include <vector>

#include "statements.h"
#include "weir/log_store.h"
#include "weir/schema.h"

namespace weir {

// The newest row of a log: where the log ends, and what guards expect to find.
struct Newest {
  uint64_t first = 0;
  uint64_t count = 0;
  bool open = false;
  uint32_t crc = 0;

  uint64_t end() const { return first + count; }
  bool operator==(const Newest&) const = default;
};
Newest newest_of(const SegmentHead& head);

// A row of kLogById or kLogRange.
struct LogRow {
  LogState state;
  int64_t rolled_ms = 0;
  Newest newest;
};
Result<LogRow> log_row_at(const Rows& rows, size_t row);
// Whether nothing is appended to it any more; see RetentionPolicy.
inline bool has_ended(const LogRow& log, int64_t live_log_no) {
  return live_log_no != 0 && log.state.log_no != live_log_no;
}
Statement log_by_id(const LogId& log);
inline constexpr int64_t kFirstLog = 1;
// The logs with these numbers, both inclusive.
Statement log_range(int64_t first_log, int64_t last_log);
// The only row of kLogRange for one log: kNotFound if there is none.
Result<LogRow> only_log(const Rows& rows);

// Makes a log known and reads its row; opened_log reads the answer: kFull if there are too many.
std::vector<Statement> open_statements(const LogId& log, const std::string& site, int64_t now_ms);
Result<LogRow> opened_log(const Reply& reply);

// A row of kSegmentList.
struct SegmentRow {
  uint64_t first = 0;
  uint64_t count = 0;
  RowKind kind = RowKind::kEvents;
  bool open = false;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  uint32_t crc = 0;
  std::optional<uint64_t> bytes;  // nothing: kept in an object store

  uint64_t end() const { return first + count; }
};
// The rows of kSegmentList for `log_no`, in order; kCorrupt if they overlap or are another log's.
Result<std::vector<SegmentRow>> segment_rows(const Rows& rows, int64_t log_no);
// From the row that covers `from` on, `limit` rows.
Statement segment_list(int64_t log_no, uint64_t from, size_t limit);

// A row of kSegmentData. `bytes` borrows from the rows.
struct SegmentBytes {
  uint64_t first = 0;
  uint64_t count = 0;
  RowKind kind = RowKind::kEvents;
  uint32_t crc = 0;
  ByteView bytes;

  uint64_t end() const { return first + count; }
};
Result<SegmentBytes> segment_bytes_at(const Rows& rows, size_t row, int64_t log_no);
// The rows whose first lies in [first, last].
Statement segment_data(int64_t log_no, uint64_t first, uint64_t last, size_t limit);

// How many of `rows`, at least one, may be fetched together: at most kGroupBlobBytesMax bytes and
// `limit` rows.
size_t rows_of_one_group(const std::vector<SegmentRow>& rows, size_t from, size_t limit);

// The parameters 1 … 9 that store a segment under a log's number.
std::vector<Value> segment_values(int64_t log_no, const SegmentHead& head, Bytes bytes);
// kSegmentPut of what encode_gap() made.
Statement gap_put(int64_t log_no, Bytes gap);
// kSegmentAppend: stores it while `expected` is the log's newest row.
Statement segment_append(int64_t log_no, const Newest& expected, const SegmentHead& head,
                         Bytes bytes);
// Appends what guards the newest row of a log: id, count, crc, last id.
void add_newest(int64_t log_no, const Newest& expected, std::vector<Value>* parameters);

// Opens bytes as the row says they are: kCorrupt if the head names other numbers, or a check fails.
Result<SegmentReader> open_segment(const SegmentBytes& segment);
// The same for who takes a segment's columns once: all checksums are compared, but what is loaded
// is decoded, and may fail, only then.
Result<SegmentReader> open_intact(const SegmentBytes& segment);

}  // namespace weir
