// LogStream: one log's part of a walk.
#include <algorithm>
#include <limits>
#include <utility>

#include "query_walk.h"

namespace weir {
namespace {

constexpr int64_t kAnyTime = std::numeric_limits<int64_t>::max();

}  // namespace

LogStream::LogStream(int64_t log_no, const LogId& log, std::string site, uint64_t below,
                     int64_t last_ms, const Filter& filter)
    : log_no_(log_no),
      log_(log),
      site_(std::move(site)),
      below_(below),
      next_ms_(last_ms),
      scanner_(filter, ColumnSet::all(), SegmentScan::Order::kDownwards) {}

int64_t LogStream::bound_ms() const {
  if (head_) return head_->time_ms;
  if (scanner_.is_open()) return kAnyTime;
  return scanner_.empty() ? next_ms_ : scanner_.row().last_ms;
}

Result<uint64_t> LogStream::take_rows(Rows rows, uint64_t bytes) {
  more_rows_ = rows.rows.size() == page_.rows();
  next_ms_ = kAnyTime;
  WEIR_ASSIGN(std::vector<WalkRow> walk, walk_rows(std::move(rows)));
  uint64_t read = 0;
  for (WalkRow& row : walk) {
    read += row.data.size();
    scanner_.add(std::move(row), 0, below_);
  }
  page_.took(read, bytes);
  if (ended()) move_to(0);
  return read;
}

void LogStream::move_to(uint64_t below) {
  below_ = below;
  moved_ = true;
}

// The newest match that is left in the chunk becomes the head.
bool LogStream::take_match() {
  if (matches_left_ == 0) return false;
  const SegmentScan& scan = scanner_.scan();
  --matches_left_;
  head_ = scan.event(matches_left_);
  move_to(scan.number(matches_left_) + 1);
  return true;
}

void LogStream::advance(uint64_t ranges_max, uint64_t* events_read, Unreadable* unreadable) {
  using Found = RowScanner::Found;
  while (!take_match()) {
    const uint64_t first = scanner_.row().first;
    const Found found = scanner_.advance(ranges_max);
    *events_read += scanner_.take_events_decoded();
    if (found == Found::kNeedsBytes) return;
    if (found == Found::kChanged) {
      more_rows_ = true;
      next_ms_ = kAnyTime;
      return;
    }
    if (found == Found::kChunk) {
      matches_left_ = scanner_.scan().matches().size();
      continue;
    }
    if (found == Found::kUnreadable) ++unreadable->segments;
    move_to(std::min(below_, first));
    if (ended()) move_to(0);
    return;
  }
}

void LogStream::pop() {
  head_.reset();
  move_to(below_ - 1);
}

}  // namespace weir
