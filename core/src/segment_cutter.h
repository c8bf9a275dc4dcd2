// SegmentCutter: makes a body of contiguous segments out of events and gaps given in order, at the
// limits of a cut. Pure; log_store_cut.cc reads the rows.
#pragma once

#include "weir/log_store.h"
#include "weir/segment.h"

namespace weir {

class SegmentCutter {
 public:
  // `result` is filled as the cut grows; it must outlive the cutter.
  SegmentCutter(const LogId& log, uint64_t from, const CutLimits& limits, CutResult* result);

  // The counters of the log when it ended at `end`: told before what ends there is added.
  void set_ledger(const LedgerCounters& ledger, uint64_t end);
  // Adds the events of a segment from position() on; stops when the body is full.
  Status add(const SegmentReader& segment);
  // Adds [position(), end) as a gap; neighbours of one reason become one gap.
  void add_gap(uint64_t end, GapReason reason, int64_t time_ms);

  // The number that follows what was added.
  uint64_t position() const { return position_; }
  // Nothing more goes into the body.
  bool full() const { return full_; }
  // Closes the last segment, as open if its hour is not over at `now_ms`. The log ends here.
  void finish(int64_t now_ms);

 private:
  LedgerCounters ledger_at_position() const;
  void close(bool open);
  void close_gap();
  void put(const Bytes& segment, uint64_t end, bool open);

  const LogId log_;
  const CutLimits limits_;
  CutResult& result_;
  SegmentBuilder builder_;                   // events that wait for their segment to close …
  uint64_t first_;                           // … which begins with this number
  int64_t last_ms_ = 0;                      // time of the last event added
  GapReason gap_reason_ = GapReason::kNone;  // kNone: no gap waits
  int64_t gap_ms_ = 0;
  uint64_t position_;
  LedgerCounters ledger_;
  uint64_t ledger_end_ = 0;
  size_t segments_ = 0;
  bool full_ = false;
};

}  // namespace weir
