// LogWriter: the writer thread: drains the rings, feeds the committer, keeps house in between.
//
// A turn drains every ring at least each kDrainIntervalMs while events come, sorts what it found by
// time, so that the order of arrival holds across producers, and commits what is due. Without
// events it parks until a producer, a deadline or posted work wakes it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "native/store/flood_guard.h"
#include "native/store/intake.h"
#include "native/store/log_committer.h"
#include "native/store/maintenance.h"
#include "native/store/ring_sink.h"
#include "native/store/subscribers.h"
#include "native/store/writer_queue.h"

namespace weir {

class LogWriter {
 public:
  static constexpr int64_t kDrainIntervalMs = 10;
  static constexpr size_t kDrainEventsMax = 1 << 12;  // per turn; decoded they fit into a cache
  static constexpr int64_t kParkMsMax = 1000;
  static constexpr int64_t kReportIntervalMs = 1000;        // drop reports
  static constexpr int64_t kDropCommitIntervalMs = 10'000;  // drops that no batch carries
  static constexpr int kWatermarkPercent = 80;              // above: REQUIREMENTS 002-04
  static constexpr int kWatermarkResetPercent = 40;

  struct Parts {  // borrowed
    Intake& intake;
    LedgerPage& page;
    std::span<const std::unique_ptr<RingSink>> sinks;
    LogCommitter& committer;
    Maintenance& maintenance;
    const Subscribers& subscribers;
    FloodGuard& guard;
  };
  // Both are called on the writer thread: `on_drain` with how many events a drain finds waiting in
  // the rings, if there are any, `publish` after every turn and at the end.
  LogWriter(const Parts& parts, Clock clock, std::function<void(uint64_t waiting)> on_drain,
            std::function<void()> publish);
  ~LogWriter();  // stops at once if stop() was not called

  void start();
  // Drains and commits for at most `bound_ms` (and the commit that is under way then), counts the
  // rest as dropped{shutdown}, ends the thread. Repeating it does nothing. False if the database
  // could not be told everything; the ledger page still knows.
  bool stop(int64_t bound_ms);

  WriterQueue& queue() { return queue_; }

 private:
  void run();
  bool turn();
  uint64_t waiting() const;
  size_t drain(int64_t now_ms);
  Completion completion_of(size_t index);
  void number_or_fold(size_t index, int64_t now_ms);
  void watch_fill(int64_t now_ms);
  void report_drops(int64_t now_ms);
  bool maintenance_works() const;
  void rest(bool found_events);
  void finish();

  Parts parts_;
  Clock clock_;
  std::function<void(uint64_t)> on_drain_;
  std::function<void()> publish_;
  WriterQueue queue_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> stop_bound_ms_{0};
  bool settled_ = false;  // at the end

  std::vector<Event> drained_;                              // views into the rings
  std::vector<std::pair<size_t, Completion>> completions_;  // by index into it, ascending
  std::vector<std::pair<int64_t, uint32_t>> order_;
  bool watermark_reached_ = false;
  int64_t next_watermark_ms_ = 0;
  int64_t next_report_ms_ = 0;
  int64_t next_drop_commit_ms_ = 0;
  LedgerCounters reported_;
};

}  // namespace weir
