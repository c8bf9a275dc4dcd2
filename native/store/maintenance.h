// Maintenance: what the writer does between two flushes: rollups, merging of segments, retention,
// WAL checkpoints.
//
// Each call does one step of one operation, so that the rings are drained in between. A failure is
// reported once and tried again at the next time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "native/runtime/clock.h"
#include "weir/executor.h"
#include "weir/log_store.h"

namespace weir {

struct MergeTotals {
  uint64_t segments = 0;  // put together, of both levels
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
};

// Lives on the writer thread.
class Maintenance {
 public:
  static constexpr int64_t kRollupIntervalMs = 10'000;
  static constexpr int64_t kMergeIntervalMs = 60'000;
  static constexpr int64_t kMergeLevel2IntervalMs = 300'000;
  // By then the forwarder has usually cut the hour, and people have looked at what is newest.
  static constexpr int64_t kMergeLevel2DelayMs = kHourMs;
  static constexpr int64_t kRetentionIntervalMs = 600'000;
  static constexpr int64_t kCheckpointIntervalMs = 15'000;
  // Rolled up in one step: a few milliseconds.
  static constexpr uint64_t kRollupEventsMax = 1 << 16;

  // How segments are merged, at this time of the wall.
  static MergePolicy level1_policy(int64_t wall_ms);
  static MergePolicy level2_policy(int64_t wall_ms, bool acked_only);

  // `policy` tells the retention as it is configured now (without the time); `checkpoint` moves the
  // WAL into the database.
  Maintenance(Executor& executor, std::function<RetentionPolicy()> policy,
              std::function<Status()> checkpoint);

  // Does one step if something is due; false if nothing is.
  bool step(const ClockPair& now);
  int64_t next_due_ms() const;

  // Events in stored segments that failed their checks, found since the start.
  uint64_t corrupt_events() const { return corrupt_events_; }
  // What merging has done since the start.
  const MergeTotals& merged() const { return merged_; }

 private:
  // One kind of work with its own times.
  struct Task {
    const char* name;
    int64_t interval_ms;
    int64_t due_ms = 0;
    bool failed = false;  // reported already
  };
  enum Kind : size_t { kRollup, kMerge, kMergeLevel2, kRetention, kCheckpoint, kTasks };

  void begin(Kind kind, const ClockPair& now);
  OperationPtr begin_rollup(int64_t wall_ms);
  OperationPtr begin_merge(Kind kind, int64_t wall_ms);
  bool has_more() const;
  void count_merge(const MergeProgress& progress);
  void finish(const Status& status, const ClockPair& now);

  Executor& executor_;
  std::function<RetentionPolicy()> policy_;
  std::function<Status()> checkpoint_;
  std::array<Task, kTasks> tasks_{{{"rollup", kRollupIntervalMs},
                                   {"merge", kMergeIntervalMs},
                                   {"merge to level 2", kMergeLevel2IntervalMs},
                                   {"retention", kRetentionIntervalMs},
                                   {"checkpoint", kCheckpointIntervalMs}}};
  Kind kind_ = kRollup;     // of operation_
  OperationPtr operation_;  // under way, or null
  Reply reply_;
  RollupProgress rollup_;
  MergeProgress merge_;
  MergeProgress merge_level2_;
  MergeTotals merged_;
  RetentionProgress retention_;
  bool rolled_once_ = false;  // the first run since the start takes the whole tail and so checks it
  uint64_t corrupt_events_ = 0;
};

}  // namespace weir
