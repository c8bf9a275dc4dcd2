#include "segment_cutter.h"

#include <algorithm>

#include "weir/schema.h"
#include "weir/summary.h"

namespace weir {

SegmentCutter::SegmentCutter(const LogId& log, uint64_t from, const CutLimits& limits,
                             CutResult* result)
    : log_(log), limits_(limits), result_(*result), first_(from), position_(from) {
  result_ = {};
  result_.first = result_.end = result_.sealed_end = from;
}

void SegmentCutter::set_ledger(const LedgerCounters& ledger, uint64_t end) {
  ledger_ = ledger;
  ledger_end_ = end;
}

// Whoever cuts within a segment: the events behind the cut were not yet offered.
LedgerCounters SegmentCutter::ledger_at_position() const {
  LedgerCounters ledger = ledger_;
  if (position_ < ledger_end_) {
    ledger.offered -= std::min(ledger.offered, ledger_end_ - position_);
  }
  return ledger;
}

Status SegmentCutter::add(const SegmentReader& segment) {
  close_gap();
  const SegmentHead& head = segment.head();
  while (position_ < head.end()) {
    const Event event = segment.event(position_ - head.first);
    // The estimate may grow by an event's bytes at most.
    const bool at_limit = builder_.count() >= limits_.segment_events_max ||
                          builder_.bytes_estimate() + kEventBytesMax > limits_.segment_bytes_max;
    const bool other_hour = !builder_.empty() && hour_of(event.time_ms) != hour_of(last_ms_);
    if ((at_limit || other_hour) && !builder_.empty()) close(false);
    if (full_) break;
    WEIR_TRY(builder_.add(event));
    last_ms_ = event.time_ms;
    ++position_;
  }
  return {};
}

void SegmentCutter::add_gap(uint64_t end, GapReason reason, int64_t time_ms) {
  if (!builder_.empty()) close(false);
  if (gap_reason_ != reason) close_gap();
  if (full_) return;
  gap_reason_ = reason;
  gap_ms_ = time_ms;
  position_ = end;
}

void SegmentCutter::finish(int64_t now_ms) {
  close_gap();
  if (builder_.empty() || full_) return;
  const bool over = (hour_of(last_ms_) + 1) * kHourMs <= now_ms;
  close(!over && builder_.count() < limits_.segment_events_max);
}

void SegmentCutter::close(bool open) {
  const Bytes segment =
      builder_.encode({.log = log_, .first = first_, .open = open, .ledger = ledger_at_position()});
  builder_.clear();
  put(segment, position_, open);
}

void SegmentCutter::close_gap() {
  if (gap_reason_ == GapReason::kNone) return;
  const Bytes gap = encode_gap(log_, first_, position_, gap_reason_, gap_ms_, ledger_at_position());
  gap_reason_ = GapReason::kNone;
  put(gap, position_, false);
}

void SegmentCutter::put(const Bytes& segment, uint64_t end, bool open) {
  if (result_.body.size() + segment.size() > limits_.bytes_max) full_ = true;
  if (full_) return;
  result_.body.insert(result_.body.end(), segment.begin(), segment.end());
  result_.end = first_ = end;
  if (!open) result_.sealed_end = end;
  full_ = ++segments_ >= limits_.segments_max;
}

}  // namespace weir
