// RowCheck: judges one row of a log after the other, and says what would mend it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "log_rows.h"
#include "weir/check.h"

namespace weir {

// What is wrong with a row or before it, and how it is mended.
struct RowVerdict {
  std::vector<Finding> findings;
  std::optional<SegmentReader> reader;  // of the events, if they can be read
  bool missing = false;                 // events that rollups may hold are not there
  std::optional<SegmentHead> gap;       // that the row is
  std::vector<Statement> mend;          // one group; empty if nothing is wrong
  uint64_t mended = 0;
  uint64_t corrupt_events = 0;  // that the group counts
};

class RowCheck {
 public:
  // `log` must outlive this.
  RowCheck(const LogState& log, Mending mending, int64_t now_ms)
      : log_(log), mending_(mending), now_ms_(now_ms) {}

  // The next row: as listed, and its bytes, which must outlive the verdict.
  RowVerdict judge(const SegmentRow& row, ByteView bytes);

 private:
  void judge_numbers(const SegmentRow& row, RowVerdict* verdict);
  // Answers where the row's events end: by its bytes if they can be read.
  uint64_t judge_bytes(const SegmentRow& row, ByteView bytes, RowVerdict* verdict);
  void say(Finding::Part part, uint64_t first, uint64_t end, const char* problem,
           RowVerdict* verdict) const;
  void put_gap(uint64_t first, uint64_t end, bool counted, RowVerdict* verdict) const;
  void put(const SegmentHead& head, Bytes bytes, RowVerdict* verdict) const;
  void mark(const SegmentRow& row, RowVerdict* verdict) const;
  void count_corrupt(uint64_t events, RowVerdict* verdict) const;

  const LogState& log_;
  const Mending mending_;
  const int64_t now_ms_;
  bool begun_ = false;
  uint64_t end_ = 0;       // of the rows so far
  LedgerCounters ledger_;  // of the newest head that could be read
};

}  // namespace weir
