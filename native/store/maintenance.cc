// The operations are driven by hand instead of by run_operation, because a whole one may take
// seconds after a long downtime, and the rings cannot wait that long.
#include "native/store/maintenance.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace weir {

Maintenance::Maintenance(Executor& executor, std::function<RetentionPolicy()> policy,
                         std::function<Status()> checkpoint, std::function<Result<Excess>()> excess)
    : executor_(executor),
      policy_(std::move(policy)),
      checkpoint_(std::move(checkpoint)),
      excess_(std::move(excess)) {}

void Maintenance::set_gentle_pace() {
  tasks_[kRollup].interval_ms = kGentleRollupIntervalMs;
  tasks_[kCheckpoint].interval_ms = kGentleCheckpointIntervalMs;
}

int64_t Maintenance::next_due_ms() const {
  int64_t due = tasks_[0].due_ms;
  for (const Task& task : tasks_) due = std::min(due, task.due_ms);
  return due;
}

void Maintenance::database_is_new() {
  operation_.reset();
  merges_ = {};
  excess_now_ = {};
  pressed_ = rolled_all_ = none_to_go_ = statistics_go_ = rolled_once_ = corrupt_ = false;
  for (Task& task : tasks_) {
    task.due_ms = 0;
    task.failed = false;
  }
  rebuild_hours_.clear();
  rebuilding_.clear();
  tasks_[kRebuild].due_ms = kNever;
}

void Maintenance::rebuild(const std::set<int64_t>& hours) {
  rebuild_hours_.insert(hours.begin(), hours.end());
  tasks_[kRebuild].due_ms = 0;
}

void Maintenance::read_clock(const ClockPair& now) {
  const bool first = !future_after_ms_.has_value();
  if (first) future_after_ms_ = now.monotonic_us / 1000 + ClockStepFilter::kTrustMs;
  const bool was_ahead = clock_steps_.ahead_ms() > 0;
  retention_now_ms_ = clock_steps_.wall_ms(now);
  const int64_t ahead_ms = clock_steps_.ahead_ms();
  if (ahead_ms == 0 || was_ahead) return;
  if (first) {
    spdlog::info("nothing was logged for a day, or the clock is wrong: retention waits an hour");
  } else {
    spdlog::warn("the clock has jumped ahead by {} s: retention waits an hour", ahead_ms / 1000);
  }
}

void Maintenance::begin(Kind kind, const ClockPair& now) {
  kind_ = kind;
  if (kind == kRollup) {
    operation_ = begin_rollup(now);
  } else if (kind == kRetention) {
    RetentionPolicy policy = policy_();
    policy.now_ms = retention_now_ms_;
    operation_ = retain(policy, &retention_);
  } else if (kind == kRebuild) {
    rebuilding_.merge(rebuild_hours_);
    rebuild_hours_.clear();
    operation_ = rebuild_rollups(rebuilding_, now.wall_ms, &rebuilt_);
  } else {
    operation_ = begin_merge(kind, now.wall_ms);
  }
  reply_ = {};
}

void Maintenance::retention_changed() {
  if (kind_ == kRetention) operation_.reset();  // under way by the days before
  tasks_[kRetention].due_ms = 0;
}

OperationPtr Maintenance::begin_rollup(const ClockPair& now) {
  RollupBudget budget{.events = kRollupEventsMax,
                      .statements = kRollupStatementsMin,
                      .takes_future = now.monotonic_us / 1000 >= *future_after_ms_};
  if (!rolled_once_ || pressed_) budget.tail_events_max = 0;
  return advance_rollups(now.wall_ms, budget, &rollup_);
}

OperationPtr Maintenance::begin_merge(Kind kind, int64_t wall_ms) {
  MergePolicy policy = level1_policy(wall_ms);
  if (kind == kMergeLevel2) {
    policy = level2_policy(wall_ms, policy_().keep_unacked);
    if (!level2_) policy.bytes_max = kSegmentLevel1BytesMax;
  } else if (kind == kMergeDay) {
    policy = day_policy(wall_ms, policy_().keep_unacked);
  }
  return merge_segments(policy, &merge_of(kind));
}

MergePolicy Maintenance::level1_policy(int64_t wall_ms) {
  return {.now_ms = wall_ms, .delay_ms = kSealDelayMs};
}

MergePolicy Maintenance::level2_policy(int64_t wall_ms, bool acked_only) {
  return {.now_ms = wall_ms,
          .delay_ms = kMergeLevel2DelayMs,
          .acked_only = acked_only,
          .events_max = kSegmentLevel2EventsMax,
          .bytes_max = kSegmentLevel2BytesMax};
}

MergePolicy Maintenance::day_policy(int64_t wall_ms, bool acked_only) {
  return {.now_ms = wall_ms,
          .span_ms = kDayMs,
          .delay_ms = kMergeLevel2DelayMs,
          .acked_only = acked_only,
          .inputs_max = kSegmentLevel1EventsMax / 4};
}

bool Maintenance::step(const ClockPair& now) {
  read_clock(now);
  const int64_t now_ms = now.monotonic_us / 1000;
  if (operation_ == nullptr) {
    const auto due = std::find_if(tasks_.begin(), tasks_.end(),
                                  [now_ms](const Task& task) { return task.due_ms <= now_ms; });
    if (due == tasks_.end()) return false;
    const auto kind = static_cast<Kind>(due - tasks_.begin());
    if (kind == kCheckpoint) {
      kind_ = kind;
      finish(checkpoint_(), now);
      return true;
    }
    if (kind == kSpace) {
      const Status status = begin_shrink(now);
      if (operation_ == nullptr) finish(status, now);
      return true;
    }
    begin(kind, now);
  }
  Step step = operation_->resume(std::exchange(reply_, {}));
  if (auto* done = std::get_if<Done>(&step)) {
    operation_ = nullptr;
    finish(done->status, now);
  } else if (const auto* group = std::get_if<Group>(&step)) {
    reply_ = executor_.run_group(*group);
  } else if (const auto* read = std::get_if<Read>(&step)) {
    reply_ = executor_.run_read(*read);
  } else if (const auto* object = std::get_if<Object>(&step)) {
    reply_ = executor_.run_object(*object);
  }
  return true;
}

void Maintenance::after_commit() {
  rolled_all_ = false;
  // A failure is reported when the same is tried again at its time.
  if (!look_at_space().ok() || pressed_) tasks_[kSpace].due_ms = 0;
  // It may take long, and the commits that wait for room cannot: it is begun again after that.
  if (kind_ == kRebuild && holds_commits()) operation_.reset();
}

Status Maintenance::look_at_space() {
  if (!excess_) return {};
  WEIR_ASSIGN(excess_now_, excess_());
  if (excess_now_.bytes == 0) none_to_go_ = statistics_go_ = false;
  pressed_ = excess_now_.bytes > 0;
  return {};
}

// Leaves no operation where nothing must go.
Status Maintenance::begin_shrink(const ClockPair& now) {
  kind_ = kSpace;
  shrink_ = {};
  reply_ = {};
  WEIR_TRY(look_at_space());
  if (!pressed_) return {};
  if (!rolled_all_) {
    if (!tasks_[kRollup].failed) tasks_[kRollup].due_ms = 0;  // otherwise at its own time
    return {};
  }
  const RetentionPolicy policy = policy_();
  operation_ = shrink({.now_ms = now.wall_ms,
                       .bytes = excess_now_.bytes,
                       .keep_unacked = policy.keep_unacked,
                       .live_log_no = policy.live_log_no},
                      &shrink_);
  return {};
}

void Maintenance::report_shrink() {
  if (shrink_.unacked_events > 0) {
    spdlog::error("the byte budget removed {} events that the receiver has not got",
                  shrink_.unacked_events);
  }
  if (shrink_.rollups > 0 && !statistics_go_) {
    spdlog::warn("no segment is left that the byte budget may remove: the oldest statistics go");
    statistics_go_ = true;
  }
  const bool none = pressed_ && shrink_.segments == 0 && shrink_.rollups == 0;
  if (none && !none_to_go_) {
    spdlog::warn("the byte budget is used up, and what is left may not be removed");
  }
  none_to_go_ = none;
}

void Maintenance::finish(const Status& status, const ClockPair& now) {
  Task& task = tasks_[kind_];
  if (!status.ok() && !task.failed) spdlog::warn("{} failed: {}", task.name, status.message());
  task.failed = !status.ok();
  corrupt_ = corrupt_ || status.code() == Code::kCorrupt;
  // An operation that ended by its budget goes on at once, in the next gap between flushes.
  const bool more = status.ok() && has_more();
  task.due_ms = now.monotonic_us / 1000 + (more ? 0 : task.interval_ms);
  if (kind_ == kRebuild && status.ok()) finish_rebuild();
  if (kind_ == kRollup && status.ok() && !more) rolled_once_ = true;
  if (kind_ == kRollup && rollup_.corrupt > 0) {
    corrupt_events_ += rollup_.corrupt;
    spdlog::error("{} events stand in segments that fail their checks", rollup_.corrupt);
  }
  if (kind_ == kRollup && !rollup_.corrupt_hours.empty()) rebuild(rollup_.corrupt_hours);
  if (is_merge(kind_)) count_merge(merge_of(kind_));
  if (kind_ == kRollup && !more) rolled_all_ = true;
  if (kind_ == kSpace && status.ok() && rolled_all_) report_shrink();
  if (kind_ == kRetention && retention_.events > 0) {
    spdlog::info("retention removed {} events", retention_.events);
  }
}

void Maintenance::finish_rebuild() {
  spdlog::info("the rollups of {} hours were computed anew; {} of them lack events", rebuilt_.hours,
               rebuilt_.incomplete);
  rebuilding_.clear();
  tasks_[kRebuild].due_ms = rebuild_hours_.empty() ? kNever : 0;
}

// Whether the operation that has ended left something for another one to do at once.
bool Maintenance::has_more() {
  if (kind_ == kRollup) return !rollup_.done;
  if (kind_ == kRetention) return !retention_.done;
  if (kind_ == kCheckpoint || kind_ == kRebuild) return false;
  if (kind_ == kSpace) {
    if (pressed_ && !rolled_all_) return !tasks_[kRollup].failed;
    return !shrink_.done || holds_commits();
  }
  return !merge_of(kind_).done;
}

void Maintenance::count_merge(const MergeProgress& progress) {
  merged_.segments += progress.segments;
  merged_.bytes_before += progress.bytes_before;
  merged_.bytes_after += progress.bytes_after;
  if (progress.unreadable > 0) on_unreadable_();
}

}  // namespace weir
