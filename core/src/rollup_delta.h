// RollupDelta: the events of one log from its watermark on, summed up by hour, and how they are
// added to stored rollups. Pure; log_store_rollup.cc does the steps around it.
#pragma once

#include <map>
#include <vector>

#include "log_rows.h"
#include "weir/summary.h"

namespace weir {

// Hours of one delta: for each at most four rollups (hour and day, of the log and of all logs).
inline constexpr size_t kDeltaHoursMax = 8;
inline constexpr size_t kRollupsPerHour = 4;
inline constexpr size_t kRollupGetIds = 32;  // parameters of kRollupGet
static_assert(kDeltaHoursMax * kRollupsPerHour == kRollupGetIds);

// A rollup as stored: counts beside the sketch. Where only one log has contributed to a rollup of
// all logs, that log's rollup has the sketch of both.
struct Rollup {
  OutcomeCounts counts{};
  uint64_t skewed = 0;
  Summary summary;
  int64_t of_log = 0;  // whose rollup the sketch is stored in; 0: in this one

  void add(const Rollup& other);
};

class RollupDelta {
 public:
  // Events before `watermark` are in the rollups already. At most `hours_max` hours.
  RollupDelta(uint64_t watermark, int64_t now_ms, size_t hours_max)
      : watermark_(watermark), now_ms_(now_ms), hours_max_(hours_max) {}

  // The hour in which times are counted: clamped to [now − 400 d, now + 1 h].
  int64_t counted_hour(int64_t time_ms) const;

  // Adds the next segment. False: the delta is full; what is left of this segment, from the
  // watermark on, belongs to the next one.
  bool add(const SegmentBytes& segment);

  uint64_t watermark() const { return watermark_; }  // end of what was added
  const std::map<int64_t, Rollup>& hours() const { return hours_; }
  uint64_t events() const { return events_; }
  uint64_t skewed() const;
  uint64_t corrupt_events() const { return corrupt_events_; }
  // The segment whose bytes fail their checks (without the bytes); at most one, it ends the delta.
  const std::optional<SegmentBytes>& corrupt() const { return corrupt_; }

  // The ids of all rollups that the delta changes, ascending, at most kRollupGetIds.
  std::vector<int64_t> rollup_ids(int64_t log_no) const;
  // The rollup `id` with what the delta adds to it. `stored`: all of rollup_ids(log_no) that there
  // are.
  Rollup sum_of(int64_t id, int64_t log_no, const std::map<int64_t, Rollup>& stored) const;

 private:
  Rollup* rollup_of(int64_t hour);
  // How far the segment was added, from `skip` on. On failure nothing was.
  Result<uint64_t> add_events(const SegmentBytes& segment, size_t skip);
  uint64_t add_one_by_one(const SegmentReader& reader, size_t skip);
  Result<uint64_t> add_chunks(SegmentReader& reader, size_t skip);
  // Leaves out the segment that is being added.
  void discard_chunks();
  // Calls add(rollup) for every hour of the delta that belongs to a rollup.
  template <class Add>
  void for_hours_of(const RollupKey& key, Add add) const;
  int64_t clamped(int64_t time_ms) const;

  uint64_t watermark_;
  const int64_t now_ms_;
  const size_t hours_max_;
  std::map<int64_t, Rollup> hours_;  // by hour since 1970
  uint64_t events_ = 0;
  uint64_t corrupt_events_ = 0;
  std::optional<SegmentBytes> corrupt_;
};

// A row of kRollupGet or kRollupList; `*sketch_ok` is false if the summary had to begin anew.
Result<Rollup> rollup_at(const Rows& rows, size_t row, bool* sketch_ok);
Statement rollup_put(int64_t id, const Rollup& rollup);

}  // namespace weir
