// LogStream: one log's part of a walk.
#include <algorithm>
#include <limits>
#include <utility>

#include "query_walk.h"

namespace weir {
namespace {

constexpr uint64_t kFirstBytes = 256 << 10;  // two of the edge's segments, dozens of small flushes

}  // namespace

LogStream::LogStream(int64_t log_no, const LogId& log, std::string site, uint64_t below,
                     int64_t last_ms, uint64_t bytes)
    : log_no_(log_no),
      log_(log),
      site_(std::move(site)),
      below_(below),
      bytes_next_(std::max(bytes, kFirstBytes)) {
  rows_.emplace_back();
  rows_.back().row.last_ms = last_ms;
}

bool LogStream::needs_rows() const {
  return !head_ && !scan_ && (rows_.empty() ? more_rows_ : !rows_.front().row.fits);
}

int64_t LogStream::bound_ms() const {
  if (head_) return head_->time_ms;
  if (scan_ || rows_.empty()) return std::numeric_limits<int64_t>::max();
  return rows_.front().row.last_ms;
}

Status LogStream::take_rows(Rows rows, uint64_t bytes_max, uint64_t* bytes_read) {
  rows_.clear();
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    Unwalked next;
    WEIR_ASSIGN(next.row, walk_row(rows, i));
    *bytes_read += next.row.data.size();
    if (Bytes* data = std::get_if<Bytes>(&rows.rows[i].back())) next.data = std::move(*data);
    next.row.data = {};
    rows_.push_back(std::move(next));
  }
  more_rows_ = rows_.size() == kRowsMax;
  bytes_next_ = std::min(2 * bytes_next_, std::max(bytes_max, kFirstBytes));
  if (ended()) move_to(0);
  return {};
}

void LogStream::move_to(uint64_t below) {
  below_ = below;
  moved_ = true;
}

void LogStream::open_next(const Filter& filter, uint64_t* events_read, Unreadable* unreadable) {
  Unwalked next = std::move(rows_.front());
  rows_.pop_front();
  scan_data_ = std::move(next.data);
  next.row.data = scan_data_;
  scan_first_ = next.row.first;
  scan_ = SegmentScan::open(next.row, filter);
  if (!scan_) {
    ++unreadable->segments;
  } else {
    if (scan_->was_read()) *events_read += next.row.count;
    if (scan_->any()) return move_to(std::min(below_, next.row.end()));
    scan_.reset();
  }
  move_to(std::min(below_, next.row.first));
}

void LogStream::advance(const Filter& filter, uint64_t* events_read, Unreadable* unreadable) {
  if (!scan_) open_next(filter, events_read, unreadable);
  if (scan_) {
    const auto end = static_cast<size_t>(below_ - std::min(below_, scan_first_));
    if (const std::optional<size_t> found = scan_->last_below(end)) {
      move_to(scan_first_ + *found + 1);
      head_ = scan_->event(*found);
    } else {
      move_to(std::min(below_, scan_first_));
      scan_.reset();
    }
  }
  if (ended()) move_to(0);
}

void LogStream::pop() {
  head_.reset();
  move_to(below_ - 1);
}

}  // namespace weir
