// BenchLog: a log as the writer keeps it, on the clock of its events: Batcher, segments, append
// with the ledger in one transaction, rollups, the merge of each finished hour, checkpoints.
//
// The operations are those of the product. What stands before the batcher is not there (threads,
// rings, the flood guard, the ledger page), so that what is measured is the work and no queue; nor
// is the merge to level 2, which a bench asks for by itself.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench_folder.h"
#include "native/store/checkpoint.h"
#include "native/store/log_writer.h"
#include "native/store/sqlite_executor.h"
#include "weir/batcher.h"
#include "weir/event.h"
#include "weir/log_store.h"

namespace weir::bench {

// Lives on one thread.
class BenchLog {
 public:
  // How time passes. kLive: as the events do. kBacklog: events come as fast as they are taken, so
  // that only sizes cut batches and no interval ends meanwhile; maintenance runs once for each of
  // their hours.
  enum class Pace : uint8_t { kLive, kBacklog };

  // `start_ms`: of the first event.
  BenchLog(int64_t start_ms, Pace pace);

  // What one drain of the rings brings, at least one event and at most kDrainEventsMax. The clock
  // is the last one's time.
  static constexpr size_t kDrainEventsMax = LogWriter::kDrainEventsMax;
  void add(std::span<const Event> drain);
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
  int64_t batcher_ms() const;
  int64_t rollup_interval_ms() const;
  void commit_due();
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
  const Pace pace_;
  int64_t now_ms_;
  int64_t rollup_due_ms_;
  int64_t merge_due_ms_;
  int64_t checkpoint_due_ms_;
  std::unique_ptr<Batcher> batcher_;
  MergeProgress level1_, level2_, day_;
  std::vector<double> commit_ms_;
};

}  // namespace weir::bench
