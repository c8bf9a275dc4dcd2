// BenchLog: a log as the writer keeps it, on the clock of its events: Batcher, segments, append
// with the ledger in one transaction, rollups every 10 s, the merge of each finished hour,
// checkpoints.
//
// The operations are those of the product; only the threads and the rings are not there, so that
// what is measured is the work and no queue.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench_folder.h"
#include "native/store/checkpoint.h"
#include "native/store/sqlite_executor.h"
#include "weir/batcher.h"
#include "weir/event.h"
#include "weir/log_store.h"

namespace weir::bench {

// Lives on one thread.
class BenchLog {
 public:
  // `start_ms`: of the first event. `deadlines`: false lets only sizes cut batches, as when a
  // backlog is written.
  BenchLog(int64_t start_ms, bool deadlines);

  // The clock is the event's time.
  void add(const Event& event);
  // Commits what is left, and goes on until every hour is over, rolled up and merged to level 1.
  void finish();
  void merge_level2();
  // The hours of few events.
  void merge_day();

  Executor& executor() { return executor_; }
  uint64_t bytes() { return file_bytes(database_, path_); }
  // Of one append transaction, synchronous=FULL.
  double commit_ms(double percentile) const;

 private:
  void commit_due(int64_t now_ms);
  void roll_up(int64_t now_ms);
  void merge(const MergePolicy& policy, MergeProgress* progress);
  void maintain(int64_t now_ms);
  void give_back();

  Folder folder_;
  std::string path_;
  SqliteDatabase database_;
  SqliteExecutor executor_;
  WalKeeper wal_;
  LogState log_;
  bool deadlines_;
  int64_t now_ms_;
  int64_t rollup_due_ms_;
  int64_t merge_due_ms_;
  std::unique_ptr<Batcher> batcher_;
  MergeProgress level1_, level2_, day_;
  std::vector<double> commit_ms_;
};

}  // namespace weir::bench
