#include "row_scanner.h"

#include <algorithm>

namespace weir {
namespace {

constexpr size_t kFrontsPerReadMax = 32;  // 400 kB

bool lacks_bytes(const WalkRow& row) { return row.data.empty() && row.bytes > 0 && !row.corrupt; }

}  // namespace

void RowScanner::add(WalkRow row, uint64_t low, uint64_t high) {
  const auto within = [&row](uint64_t n) {
    return static_cast<size_t>(std::clamp(n, row.first, row.end()) - row.first);
  };
  const size_t from = within(low);
  const size_t to = within(high);
  const bool whole = !row.data.empty();
  rows_.push_back({std::move(row), from, to, whole});
}

void RowScanner::clear() {
  rows_.clear();
  ended_ = true;
  ranges_.clear();
}

RowScanner::Found RowScanner::advance(uint64_t ranges_max) {
  if (!is_open()) {
    Waiting& next = rows_.front();
    whole_ = next.whole;
    scan_.emplace(std::move(next.row), *filter_,
                  SegmentScan::Wanted{columns_, order_, next.low, next.high});
    rows_.pop_front();
    ended_ = false;
  }
  const Result<SegmentScan::Found> found = scan_->advance();
  events_decoded_ += scan_->take_events_decoded();
  if (!found.ok()) return fail();
  switch (*found) {
    case SegmentScan::Found::kChunk:
      return Found::kChunk;
    case SegmentScan::Found::kEnd:
      ended_ = true;
      return Found::kRowEnd;
    case SegmentScan::Found::kNeedsBytes:
      break;
  }
  ask(ranges_max);
  return Found::kNeedsBytes;
}

// What the scan needs, and, where these are the first bytes of its row, those of rows to come.
void RowScanner::ask(uint64_t ranges_max) {
  const int64_t id = scan_->row().id();
  for (const ByteRange& range : scan_->needs()) {
    ranges_.push_back({id, range.offset, range.length});
  }
  fronts_ = 0;
  if (scan_->is_open()) return;
  const ByteRange front = SegmentScan::front(*filter_);
  for (const Waiting& waiting : rows_) {
    if (fronts_ + 1 == fronts_per_read_ || ranges_.size() >= ranges_max) break;
    if (!lacks_bytes(waiting.row)) break;
    ranges_.push_back({waiting.row.id(), front.offset, front.length});
    ++fronts_;
  }
  fronts_per_read_ = std::min(2 * fronts_per_read_, kFrontsPerReadMax);
}

uint64_t RowScanner::supply(std::vector<Bytes> pieces) {
  pieces.resize(ranges_.size());
  uint64_t bytes = 0;
  for (const Bytes& piece : pieces) bytes += piece.size();
  const size_t own = ranges_.size() - fronts_;
  for (size_t i = 0; i < fronts_; ++i) rows_[i].row.data = std::move(pieces[own + i]);
  pieces.resize(own);
  scan_->supply(std::move(pieces));
  ranges_.clear();
  return bytes;
}

RowScanner::Found RowScanner::fail() {
  const WalkRow& row = scan_->row();
  const std::pair<int64_t, uint32_t> failed = {row.id(), row.crc};
  const bool by_ranges = !whole_ && row.bytes > 0 && !row.corrupt;
  const bool again = failed_ == failed;
  failed_ = failed;
  ended_ = true;
  if (!by_ranges || again) return Found::kUnreadable;
  clear();
  return Found::kChanged;
}

}  // namespace weir
