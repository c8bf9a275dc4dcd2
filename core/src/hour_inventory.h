// HourInventory: what the segments of all logs say about each hour, beside which rollups are held.
//
// An hour is complete if no events are missing that may have belonged to it. Where a log's numbers
// have no readable events (expired, a gap, corrupt bytes) the hours between its neighbours are not
// complete; the log's events before its first row are such a stretch too, and a gap at its end
// lasts until it was declared. Clocks step back a little, so the stretch is an hour wider on both
// sides.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "log_rows.h"
#include "weir/summary.h"

namespace weir {

class HourInventory {
 public:
  struct Part {  // a segment, or its beginning, that the rollups hold
    int64_t log_no = 0;
    uint64_t first = 0;
    uint64_t end = 0;  // of what the rollups hold of it
  };

  // Logs one after the other, rows of each in order.
  void begin_log(const LogState& log);
  void add(const SegmentReader& segment);
  // A row that cannot be read.
  void add_missing() { missing_until(kHourNumberMax); }
  void add_gap(const SegmentHead& gap);
  void end_log();

  bool is_complete(int64_t hour) const;
  // By hour, of all logs together; hours without events are not there.
  const std::map<int64_t, OutcomeCounts>& counts() const { return counts_; }
  const std::multimap<int64_t, Part>& parts() const { return parts_; }

 private:
  struct Stretch {
    int64_t from_hour = 0;
    int64_t to_hour = 0;  // inclusive
  };

  void missing_until(int64_t hour);

  LogState log_;
  bool missing_ = false;
  int64_t missing_to_hour_ = 0;  // if nothing follows
  int64_t last_hour_ = 0;        // of the events seen last; 0 before the first
  std::map<int64_t, OutcomeCounts> counts_;
  std::multimap<int64_t, Part> parts_;
  std::vector<Stretch> stretches_;
};

}  // namespace weir
