// WindowOperation: everything that is counted over a window of time, from rollups or by a scan.
//
// Without a filter, whole days are read from day rollups and the rest from hour rollups, whose
// minute series say how much of the first and last hour belongs to the window; what no rollup holds
// yet, past each log's watermark, is decoded. With a filter everything is decoded.
//
// Rollups and watermarks change together, in one group that also counts up the version of the
// rollups (log 0). A window may take several groups to read. Each of them reads the version too,
// and what was read under another version is thrown away and read again, a bounded number of
// times: so nothing is counted twice or missed, as if one snapshot had spanned them all. The walk
// over events goes by event number, not by row, so merging and extending do not disturb it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "query_rows.h"
#include "row_scanner.h"
#include "weir/query.h"

namespace weir {

// A run of rollups to read, and what for.
struct WindowRange {
  enum class Counts : uint8_t {
    kNone,     // another range covers the counts of this time
    kWhole,    // the count columns: the whole rollup lies in the window and in one bucket
    kMinutes,  // minute by minute, as far as they lie in the window
  };
  RollupLevel level = RollupLevel::kHour;
  int64_t from_hour = 0;  // hours since 1970, inclusive
  int64_t to_hour = 0;    // exclusive
  Counts counts = Counts::kWhole;
  bool sketch = false;  // its summary is merged into the answer's

  bool needs_bytes() const { return sketch || counts == Counts::kMinutes; }
  bool operator==(const WindowRange&) const = default;
};

struct WindowPlan {
  int64_t since_ms = 0, until_ms = 0;  // of the counts, aligned outward to the minute
  int64_t step_ms = 0;                 // 0: no series
  bool summary = false;
  Summary::TopSet tops;  // of the summary
  bool from_rollups = false;
  ColumnSet columns = {Column::kTimes, Column::kTraits};  // of events, if any are decoded
  Filter filter;                                          // its times are the window of the summary
  std::vector<WindowRange> ranges;                        // of rollups; empty for a scan
};
// kTooLarge if the series would have more than kSeriesPointsMax points.
Result<WindowPlan> plan_window(Filter filter, int64_t step_ms, bool summary,
                               Summary::TopSet tops = {});

struct WindowAnswer {
  OutcomeCounts counts;
  std::vector<SeriesPoint> points;  // every bucket, if there is a step
  Summary summary;                  // empty unless the plan asks for it, with its top lists only
  Unreadable unreadable;

  WindowAnswer() = default;
  explicit WindowAnswer(const WindowPlan& plan);  // with every bucket of the series

  // The events that a scan has found in a chunk; the summary waits for the end of its segment,
  void add_events(const WindowPlan& plan, const SegmentScan& scan);
  // which this is, or the last chunk of it that can be read.
  void finish_events(const SegmentScan& scan);
  // The minutes of an hour's summary that lie in the window.
  void add_minutes(const WindowPlan& plan, const Summary& hour);
  // To the window's total and the bucket of a time, which is taken as the nearest one inside.
  void add_counts(const WindowPlan& plan, int64_t time_ms, const OutcomeCounts& more);
};

class WindowOperation final : public Operation {
 public:
  using Finish = std::function<void(const WindowPlan& plan, WindowAnswer answer)>;
  // A plan that failed is the operation's end. `finish` is called before Done with an ok status.
  WindowOperation(Result<WindowPlan> plan, QueryBudget budget, Finish finish);

  Step resume(Reply reply) override;

 private:
  // A range of the plan that is being read.
  struct Pending {
    WindowRange range;
    int64_t after_id = 0;  // the last row read
    int64_t asked = 0;     // rows asked for in the current group; 0: not in it
    bool done = false;
  };

  void begin();
  Step next_group();
  Statement events_statement() const;
  Statement range_statement(const Pending& pending) const;
  // kExhausted if the budget does not hold that much more.
  Status charge(uint64_t events, uint64_t bytes);
  Step go_on();
  Status take_reply(Reply* reply);
  Status take_range(Pending* pending, const Rows& rows);
  Status take_events(Rows* rows);
  // Scans the rows that were taken, up to their end or to where bytes are needed.
  Status scan_events();
  void take_rollup(const WindowRange& range, const RollupRow& row);

  Status refused_;
  WindowPlan plan_;
  QueryBudget budget_;  // what is left
  Finish finish_;
  WindowAnswer answer_;
  std::vector<Pending> pending_;
  bool started_ = false;
  bool moved_ = false;  // the last reply was of another version
  int attempts_left_;
  int64_t version_ = -1;  // of the rollups in this attempt; -1: not read yet
  // How far the walk over events has come: which were listed, and which of these were scanned.
  struct Position {
    int64_t log_no = 1;
    uint64_t n = 0;
  };
  Position listed_;
  Position scanned_;
  bool events_done_ = false;   // all are listed
  WalkPage page_;              // of the walk
  uint64_t events_bytes_ = 0;  // that the rows of the current group may have
  RowScanner scanner_;
};

}  // namespace weir
