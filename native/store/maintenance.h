// Maintenance: what the writer does between two flushes: rollups, merging of segments, retention,
// WAL checkpoints, the byte budget, and rollups anew where they are damaged.
//
// Each call does one step of one operation, so that the rings are drained in between. A failure is
// reported once and tried again at the next time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "native/runtime/clock.h"
#include "native/runtime/clock_step_filter.h"
#include "weir/check.h"
#include "weir/executor.h"
#include "weir/log_store.h"

namespace weir {

// What the byte budget wants.
struct Excess {
  uint64_t bytes = 0;  // that must go
  bool hard = false;   // before anything more is committed
};

struct MergeTotals {
  uint64_t segments = 0;  // put together, of all levels
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
};

// Lives on the writer thread.
class Maintenance {
 public:
  static constexpr int64_t kRollupIntervalMs = 10'000;
  static constexpr int64_t kMergeIntervalMs = 60'000;
  static constexpr int64_t kMergeLevel2IntervalMs = 300'000;
  static constexpr int64_t kMergeDayIntervalMs = 900'000;
  // By then the forwarder has usually cut the hour, and people have looked at what is newest.
  static constexpr int64_t kMergeLevel2DelayMs = kHourMs;
  static constexpr int64_t kRetentionIntervalMs = 600'000;
  static constexpr int64_t kCheckpointIntervalMs = 15'000;
  static constexpr int64_t kSpaceIntervalMs = 10'000;     // and after each commit
  static constexpr int64_t kRebuildIntervalMs = 600'000;  // after a rebuild that failed
  // With gentle pace: fewer pages are written, and written again.
  static constexpr int64_t kGentleRollupIntervalMs = 120'000;
  static constexpr int64_t kGentleCheckpointIntervalMs = 300'000;
  // Rolled up in one step: a few milliseconds.
  static constexpr uint64_t kRollupEventsMax = 1 << 16;

  // How segments are merged, at this time of the wall.
  static MergePolicy level1_policy(int64_t wall_ms);
  static MergePolicy level2_policy(int64_t wall_ms, bool acked_only);
  // Of a finished day, the hours of few events, so that their names are stored once and not hourly.
  static MergePolicy day_policy(int64_t wall_ms, bool acked_only);

  // `policy` tells the retention as it is configured now (without the time); `checkpoint` moves the
  // WAL into the database; `excess` (may be empty) tells how many bytes must go.
  Maintenance(Executor& executor, std::function<RetentionPolicy()> policy,
              std::function<Status()> checkpoint, std::function<Result<Excess>()> excess = {});

  // Before the first step: the log holds events up to this time. A clock that is more than a day
  // later is believed after an hour only: it may not be set yet.
  void log_reaches(int64_t newest_ms) { clock_steps_.expect_until(newest_ms + kDayMs); }
  void set_gentle_pace();
  // Called when a merge has met segments that fail their checks and are not marked.
  void set_on_unreadable(std::function<void()> call) { on_unreadable_ = std::move(call); }
  // Segments so large that a small byte budget has no room to make them.
  void leave_out_level2() { level2_ = false; }

  // Does one step if something is due; false if nothing is.
  bool step(const ClockPair& now);
  // The rollups of these hours, and of their days, are computed anew (rebuild_rollups), as soon as
  // nothing else is due.
  void rebuild(const std::set<int64_t>& hours);
  // The policy tells other days from now on: retention follows them at once.
  void retention_changed();
  // Something was committed: how much room is left?
  void after_commit();
  // Commits have to wait until something is removed.
  bool holds_commits() const { return excess_now_.hard && !none_to_go_; }
  int64_t next_due_ms() const;

  // The database has failed its own checks.
  bool database_corrupt() const { return corrupt_; }
  // It is another one from now on: everything is due, and nothing is known of it.
  void database_is_new();

  // Events in stored segments that failed their checks, found since the start.
  uint64_t corrupt_events() const { return corrupt_events_; }
  // What merging has done since the start.
  const MergeTotals& merged() const { return merged_; }

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // One kind of work with its own times.
  struct Task {
    const char* name;
    int64_t interval_ms;
    int64_t due_ms = 0;
    bool failed = false;  // reported already
  };
  enum Kind : size_t {
    kRollup,
    kMerge,
    kMergeLevel2,
    kMergeDay,
    kRetention,
    kCheckpoint,
    kSpace,
    kRebuild,
    kTasks
  };

  void read_clock(const ClockPair& now);
  void begin(Kind kind, const ClockPair& now);
  OperationPtr begin_rollup(const ClockPair& now);
  static bool is_merge(Kind kind) { return kind >= kMerge && kind <= kMergeDay; }
  MergeProgress& merge_of(Kind kind) { return merges_[kind - kMerge]; }
  OperationPtr begin_merge(Kind kind, int64_t wall_ms);
  Status look_at_space();
  Status begin_shrink(const ClockPair& now);
  bool has_more();
  void report_shrink();
  void finish_rebuild();
  void count_merge(const MergeProgress& progress);
  void finish(const Status& status, const ClockPair& now);

  Executor& executor_;
  std::function<RetentionPolicy()> policy_;
  std::function<Status()> checkpoint_;
  std::function<Result<Excess>()> excess_;
  std::function<void()> on_unreadable_ = [] {};
  std::array<Task, kTasks> tasks_{{{"rollup", kRollupIntervalMs},
                                   {"merge", kMergeIntervalMs},
                                   {"merge to level 2", kMergeLevel2IntervalMs},
                                   {"merge of quiet hours", kMergeDayIntervalMs},
                                   {"retention", kRetentionIntervalMs},
                                   {"checkpoint", kCheckpointIntervalMs},
                                   {"byte budget", kSpaceIntervalMs},
                                   {"rebuilding of rollups", kRebuildIntervalMs, kNever}}};
  Kind kind_ = kRollup;     // of operation_
  OperationPtr operation_;  // under way, or null
  Reply reply_;
  RollupProgress rollup_;
  std::array<MergeProgress, 3> merges_;  // kMerge, kMergeLevel2, kMergeDay
  MergeTotals merged_;
  RetentionProgress retention_;
  ClockStepFilter clock_steps_;
  int64_t retention_now_ms_ = 0;  // wall time that retention goes by
  // Monotonic: an hour after the start, from when on rollups take events of the future. Before, it
  // may be the clock that is not set yet.
  std::optional<int64_t> future_after_ms_;
  ShrinkProgress shrink_;
  std::set<int64_t> rebuild_hours_;  // since 1970, to rebuild …
  std::set<int64_t> rebuilding_;     // … and those of the rebuild under way or to be repeated
  RebuildResult rebuilt_;
  Excess excess_now_;
  bool pressed_ = false;        // bytes must go
  bool rolled_all_ = false;     // since that commit: only what is rolled up can go
  bool none_to_go_ = false;     // reported already …
  bool statistics_go_ = false;  // … and so is this
  bool level2_ = true;
  bool rolled_once_ = false;  // the first run since the start takes the whole tail and so checks it
  uint64_t corrupt_events_ = 0;
  bool corrupt_ = false;
};

}  // namespace weir
