// RowScanner: scans rows of a walk one after the other, and says which bytes it needs on the way.
//
// Rows that did not come with their bytes are read by ranges, the first bytes of several rows at
// once. Between the listing of a row and its reading others may have merged or replaced it. Bytes
// that fail their checks are therefore taken for changed the first time, so that the caller lists
// again, and for damaged only if the same row fails again.
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "query_scan.h"
#include "weir/operation.h"

namespace weir {

class RowScanner {
 public:
  // The filter must outlive this.
  RowScanner(const Filter& filter, ColumnSet columns, SegmentScan::Order order)
      : filter_(&filter), columns_(columns), order_(order) {}

  // The next row, of which the events with the numbers [low, high) are asked for.
  void add(WalkRow row, uint64_t low, uint64_t high);
  // Forgets the rows, but not which one has failed.
  void clear();
  bool empty() const { return !is_open() && rows_.empty(); }
  // In the middle of a row.
  bool is_open() const { return scan_.has_value() && !ended_; }
  // The row that is being scanned or comes next, without its bytes. Precondition: not empty().
  const WalkRow& row() const { return is_open() ? scan_->row() : rows_.front().row; }

  enum class Found : uint8_t {
    kNeedsBytes,  // run read() and supply() its pieces
    kChunk,       // scan() is at a chunk with matches
    kRowEnd,      // the row is done with; scan() is still there
    kUnreadable,  // the row is given up, from here on; scan() is still there
    kChanged,     // the rows are not there any more as they were listed; scan() is still there
  };
  // Goes on. If bytes are needed it asks for those of rows to come as well, in `ranges_max` ranges
  // together where the scan's own are fewer. Precondition: not empty(), and no bytes are needed.
  Found advance(uint64_t ranges_max = UINT64_MAX);
  Read read() const { return {ranges_}; }
  bool needs_bytes() const { return !ranges_.empty(); }
  // Answers how many bytes these are.
  uint64_t supply(std::vector<Bytes> pieces);
  const SegmentScan& scan() const { return *scan_; }
  // Events that were decoded since the last call.
  uint64_t take_events_decoded() { return std::exchange(events_decoded_, 0); }

 private:
  struct Waiting {
    WalkRow row;
    size_t low = 0;
    size_t high = 0;
    bool whole = false;  // it came with its bytes
  };
  void ask(uint64_t ranges_max);
  Found fail();

  const Filter* filter_;
  ColumnSet columns_;
  SegmentScan::Order order_;
  std::deque<Waiting> rows_;
  std::optional<SegmentScan> scan_;
  bool whole_ = false;               // the scan's row came with its bytes
  bool ended_ = false;               // it is done with
  std::vector<Read::Range> ranges_;  // what is needed: the scan's, then the fronts of `rows_`
  size_t fronts_ = 0;                // how many of the latter
  size_t fronts_per_read_ = 1;       // doubles
  std::pair<int64_t, uint32_t> failed_ = {-1, 0};  // id and crc
  uint64_t events_decoded_ = 0;
};

}  // namespace weir
