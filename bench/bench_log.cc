#include "bench_log.h"

#include <algorithm>

#include "native/store/byte_budget.h"
#include "native/store/maintenance.h"
#include "native/store/migrations.h"

namespace weir::bench {

BenchLog::BenchLog(int64_t start_ms, Pace pace)
    : path_(folder_.file("weir.db")),
      database_(open_database(path_)),
      executor_(&database_),
      wal_(database_),
      pace_(pace),
      now_ms_(start_ms),
      rollup_due_ms_(start_ms + rollup_interval_ms()),
      merge_due_ms_(start_ms + Maintenance::kMergeIntervalMs),
      checkpoint_due_ms_(start_ms + Maintenance::kCheckpointIntervalMs) {
  require(migrate(database_));
  require(wal_.prepare());
  const auto opening = open_log(LogId{{1}}, "bench", start_ms, &log_);
  require(run_operation(*opening, executor_));
  BatcherOptions options;
  options.buffer_events_max = kBufferEventsMax;
  batcher_ = std::make_unique<Batcher>(log_.log, 0, options);
}

void BenchLog::add(std::span<const Event> drain) {
  for (const Event& event : drain) {
    now_ms_ = event.time_ms;
    require(batcher_->add(event, batcher_ms()));
  }
  commit_due();
  if (now_ms_ >= rollup_due_ms_) maintain(now_ms_);
}

int64_t BenchLog::batcher_ms() const { return pace_ == Pace::kLive ? now_ms_ : 0; }

int64_t BenchLog::rollup_interval_ms() const {
  return pace_ == Pace::kLive ? Maintenance::kRollupIntervalMs : kHourMs;
}

void BenchLog::commit_due() {
  while (const Batch* batch = batcher_->poll(batcher_ms())) {
    const double begin = seconds_of(CLOCK_MONOTONIC);
    const auto appending = append({.log_no = log_.log_no,
                                   .segments = batch->segments,
                                   .ledger = {.offered = batch->events, .stored = batch->events},
                                   .ledger_sequence = 0,
                                   .now_ms = now_ms_});
    require(run_operation(*appending, executor_));
    commit_ms_.push_back(1000 * (seconds_of(CLOCK_MONOTONIC) - begin));
    batcher_->acked();
  }
}

void BenchLog::maintain(int64_t now_ms) {
  roll_up(now_ms);
  rollup_due_ms_ = now_ms + rollup_interval_ms();
  if (now_ms >= merge_due_ms_) {
    merge({.now_ms = now_ms, .delay_ms = kSealDelayMs}, &level1_);
    merge_due_ms_ = now_ms + Maintenance::kMergeIntervalMs;
  }
  if (now_ms >= checkpoint_due_ms_) {
    require(wal_.checkpoint(0));
    give_back();
    checkpoint_due_ms_ = now_ms + Maintenance::kCheckpointIntervalMs;
  }
}

// As the writer's checkpoints do.
void BenchLog::give_back() {
  const auto use = space_use(database_);
  require(use.status());
  require(give_back_space(database_, *use));
}

void BenchLog::roll_up(int64_t now_ms) {
  RollupProgress progress;
  do {
    const auto rolling = advance_rollups(now_ms, {}, &progress);
    require(run_operation(*rolling, executor_));
  } while (!progress.done);
}

void BenchLog::merge(const MergePolicy& policy, MergeProgress* progress) {
  do {
    const auto merging = merge_segments(policy, progress);
    require(run_operation(*merging, executor_));
  } while (!progress->done);
}

void BenchLog::finish() {
  batcher_->drain(now_ms_);
  commit_due();
  maintain(now_ms_ + 2 * kHourMs);
}

void BenchLog::merge_day() {
  merge(Maintenance::day_policy(now_ms_ + kDayMs + 3 * kHourMs, false), &day_);
  give_back();
}

void BenchLog::merge_level2() {
  merge({.now_ms = now_ms_ + 3 * kHourMs,
         .delay_ms = Maintenance::kMergeLevel2DelayMs,
         .events_max = kSegmentLevel2EventsMax,
         .bytes_max = kSegmentLevel2BytesMax},
        &level2_);
  give_back();
}

double BenchLog::commit_ms(double percentile) const {
  std::vector<double> sorted = commit_ms_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = static_cast<size_t>(percentile * static_cast<double>(sorted.size()));
  return sorted.at(std::min(at, sorted.size() - 1));
}

}  // namespace weir::bench
