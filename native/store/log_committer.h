// LogCommitter: takes numbered batches to the database and keeps the account of the current log.
//
// One commit carries the segments and the ledger's growth since the last. What the growth is, is
// the difference between the mapped counters and what the database accounts for; the counters are
// raised before the commit, never after, so that a kill between the two loses no count. A failed
// commit is repeated with the very same request, so that it does not matter whether it failed or
// only its answer was lost. Where somebody else has written to the log, or removed it, repeating is
// of no use: what is held goes on in a new log.
//
// Lives on the writer thread, except where it says otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "native/runtime/clock.h"
#include "native/store/completions.h"
#include "native/store/intake.h"
#include "native/store/ledger_page.h"
#include "native/store/log_account.h"
#include "weir/batcher.h"
#include "weir/executor.h"

namespace weir {

using Clock = std::function<ClockPair()>;
inline int64_t monotonic_ms(const ClockPair& clock) { return clock.monotonic_us / 1000; }

class LogCommitter {
 public:
  // After this many failures in a row the circuit is open: other writes are refused at once, and
  // maintenance rests, until a commit succeeds.
  static constexpr int kCircuitFailures = 3;

  struct Parts {  // borrowed
    Executor& executor;
    LedgerPage& page;
    BufferGauge& gauge;
    MakeLogId make_log_id;  // of the log that follows one that somebody else wrote to
  };
  // Told about every attempt to commit: events, microseconds, success.
  using Observer = std::function<void(uint64_t events, int64_t duration_us, const Status& status)>;

  LogCommitter(const Parts& parts, LogAccount account, const BatcherOptions& options, Clock clock,
               Observer observer);

  // Numbers the event, or counts it as dropped{data} if it is out of bounds. `done` (may be empty)
  // hears what becomes of it.
  std::optional<EventId> add(const Event& event, int64_t now_ms, Completion done = {});
  // Commits the next batch if it is due; true if it tried.
  bool commit_due();
  // Commits drops that no batch has carried, unless there is a batch that will. A failed try is
  // repeated by commit_due() before anything else.
  void commit_drops();
  // When commit_due() may next have something to do.
  int64_t next_deadline_ms() const;
  // Commits everything that is held, without waiting for deadlines; fails when the circuit opens.
  Status commit_all();
  // What is left cannot be written any more: counts it as dropped{shutdown}.
  void abandon();

  // Goes on in another log. Precondition: idle().
  void switch_to(LogAccount account);

  // The database is another one, which knows nothing of the log: what is held goes on in a new log.
  void log_is_gone();
  // Since the last success the database has failed its own checks.
  bool database_corrupt() const { return corrupt_; }

  void set_fill(int percent) { batcher_->set_fill(percent); }
  void set_flush_intervals(const FlushIntervals& intervals);
  // Makes commit_due() try at once, until the next event.
  void hurry();

  uint64_t events_held() const { return batcher_->events_held(); }
  bool idle() const { return batcher_->idle() && !drops_; }
  bool circuit_open() const { return failures_ >= kCircuitFailures; }
  // Everything counted in the page is in the database.
  bool settled() const { return idle() && parts_.page.of_log() == account_.accounted; }
  const LogAccount& account() const { return account_; }
  const std::string& last_error() const { return last_error_; }
  // Over all logs of this run.
  const BatcherStats& stats() const { return stats_; }

  // Any thread: events committed since the start.
  uint64_t stored() const { return stored_.load(); }

 private:
  LedgerDelta growth(uint64_t events) const;
  LedgerCounters outside() const;
  Status run(const AppendRequest& request, uint64_t events);
  void note(const Status& status, bool counts);
  void account_for(const AppendRequest& request);
  void on_success(const Batch& batch);
  void on_failure(const Batch& batch, const Status& status);
  void run_drops();
  Status leave_log();
  void adopt(LogAccount account);
  void begin_account();
  void start_batcher();
  void update_stats();

  Parts parts_;
  LogAccount account_;
  BatcherOptions options_;
  Clock clock_;
  Observer observer_;
  std::unique_ptr<Batcher> batcher_;
  LedgerCounters at_start_;      // accounted when the batcher began
  uint64_t gaps_ = 0;            // events of this batcher that became gaps, as counted in the page
  uint64_t gaps_in_flight_ = 0;  // of them, not acked yet
  AppendRequest request_;        // of the batch in flight
  Completions completions_;
  std::optional<AppendRequest> drops_;
  int64_t drops_retry_ms_ = 0;
  bool forked_ = false;  // the log is not as we left it: the next commit needs another one
  bool gone_ = false;    // … and what it held is gone
  bool corrupt_ = false;
  int64_t leave_at_ms_ = 0;  // tried again then
  int failures_ = 0;         // in a row
  std::string last_error_;
  BatcherStats stats_, earlier_;
  std::atomic<uint64_t> stored_{0};
};

}  // namespace weir
