// QueryLog: the native query log as one object: rings, writer thread, SQLite, ledger.
//
// DNS threads offer events to their sinks; one writer thread drains the rings, numbers the events
// and commits them to <data_dir>/weir.db; readers run operations on their own connections. Nothing
// is lost in silence: every event offered is stored, in flight, or dropped with a reason, and after
// kill -9 the mapped counters (ledger_page.h) tell exactly how many were in memory. What it does
// not do: DNS, HTTP, forwarding; main.cc hands runner() to those.
//
// Thread-safe unless said otherwise; sinks belong to one thread each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "native/runtime/event_sink.h"
#include "native/runtime/operation_runner.h"
#include "native/store/event_id.h"
#include "native/store/subscribers.h"
#include "weir/batcher.h"
#include "weir/limits.h"
#include "weir/log_store.h"
#include "weir/query.h"

namespace prometheus {
class Collectable;
}

namespace weir {

struct QueryLogOptions {
  std::string data_dir;         // made if it is missing
  std::string site = "local";   // of new logs
  bool enabled = true;          // false: events are counted as dropped{disabled}; reads are served
  bool inline_handoff = false;  // producers append to the writer's batch, under a mutex; no rings
  size_t producers = 1;         // how many sinks, 1 … kProducersMax − 1
  size_t buffer_events = kBufferEventsDefault;  // not yet committed, over all producers
  FlushIntervals flush_intervals{};
  // Database and WAL together (byte_budget.h says what goes as it fills); 0: no bound.
  uint64_t bytes_max = 0;
  // Fewer and larger writes for flash: flushes at least a minute apart unless the buffer fills,
  // syncs and checkpoints every five. Power loss takes what was not synced.
  bool gentle = false;
  uint32_t flood_repeats_max = 10'000;  // identical events of a client per second; 0: no bound
  int64_t retention_days = 7;
  int64_t rollup_days = 1825;
  bool forwarding = false;  // age keeps what the receiver has not got, for spool_days
  int64_t spool_days = 35;

  // The last four, without the time.
  RetentionPolicy retention() const {
    return {.events_days = retention_days,
            .rollup_days = rollup_days,
            .keep_unacked = forwarding,
            .spool_days = spool_days};
  }
};

// Where the current log stands.
struct LogPosition {
  int64_t log_no = 0;
  LogId log;
  uint64_t end = 0;  // committed events and gaps
};

struct QueryLogStats {
  uint64_t held = 0;             // events not yet committed: rings, writer and batch in flight
  uint64_t capacity = 0;         // buffer_events
  uint64_t batches = 0;          // committed
  uint64_t retries = 0;          // commits that the environment refused
  uint64_t halvings = 0;         // batches that the database refused for their data
  uint64_t corrupt_events = 0;   // stored ones that cannot be read, found since the start
  uint64_t merged_segments = 0;  // small ones, put together into larger ones
  uint64_t merge_read_bytes = 0;
  uint64_t merge_written_bytes = 0;
  uint64_t budget_bytes = 0;  // 0: none
  uint64_t free_bytes = 0;    // in the database file
  int pressure = 0;           // 0 none, 1 folding, 2 thinning, 3 removing
  uint64_t written_bytes = 0;
  uint64_t written_bytes_per_day = 0;
  uint64_t waiting_databases = 0;  // damaged ones that are not salvaged yet
  bool circuit_open = false;       // the database has failed repeatedly; writes are refused at once
  std::string last_error;          // of the writer; empty since the last success
};

class QueryLog {
 public:
  // Locks data_dir, opens the database, settles the ledger of a crashed run, starts the writer.
  // A database that fails its own checks, now or later, is set aside, and a new one begins; what
  // can be read of it comes back in the background (salvage_set_aside.h). One clear line on
  // failure: kDenied (data_dir cannot be written), kConflict (another weir runs on it),
  // kUnsupported (a newer version made the database), kCorrupt, kUnavailable.
  static Result<std::unique_ptr<QueryLog>> open(const QueryLogOptions& options);

  virtual ~QueryLog() = default;  // stops within kStopMsDefault if stop() was not called

  // The sink of producer `index` < options.producers; lives as long as the log. Use it from one
  // thread at a time.
  virtual EventSink& sink(size_t index) = 0;
  virtual OperationRunner& runner() = 0;
  // Did the last run on this directory stop in order? True for the first one.
  virtual bool ended_in_order() const = 0;

  // Any thread: hands an event over as a sink does, behind a mutex. `done` (may be empty) hears
  // what became of it. kFull, kTooLarge or kUnavailable (switched off, stopped) at once if it is
  // not taken; it is counted then, and `done` is not called.
  virtual Status store(const Event& event, Completion done) = 0;
  // Waits until everything before `end` is durable in the current log; false if it is not so soon.
  virtual bool wait_durable(uint64_t end, int64_t timeout_ms) = 0;
  [[nodiscard]] virtual Subscribers::Subscription subscribe(EventListener listener) = 0;

  // Memory and database together; balanced whenever no event is just being handed over.
  virtual Result<Ledger> ledger() = 0;
  virtual QueryLogStats stats() const = 0;
  virtual LogPosition position() const = 0;
  // Another one as soon as the database is another one, in which logs may have other log_nos.
  virtual uint64_t database_number() const = 0;
  // For a metrics exposer; does not outlive the log.
  virtual prometheus::Collectable& metrics() = 0;

  // Reload without restart, from the next event or flush on.
  virtual void set_enabled(bool enabled) = 0;
  virtual void set_inline_handoff(bool on) = 0;
  virtual void set_flush_intervals(const FlushIntervals& intervals) = 0;
  virtual void set_retention_days(int64_t days) = 0;

  // The receiver holds something else for the numbers from `from` on: opens a new log, moves the
  // events [from, end) of `log_no` there and answers the new log's state. If `log_no` is the
  // current log, the writer goes on in the new one. Waits for the commit in flight.
  virtual Result<LogState> fork_log(int64_t log_no, uint64_t from) = 0;
  // Opens a new log without moving anything and goes on there.
  virtual Result<LogState> new_log() = 0;

  // Drains and commits for at most `bound_ms`, then counts what is left as dropped{shutdown}; a
  // lock of another process is waited for no longer than that. Call
  // it after the producers have ended; later offers are dropped{shutdown} too. Reads go on.
  static constexpr int64_t kStopMsDefault = 5000;
  virtual Status stop(int64_t bound_ms = kStopMsDefault) = 0;
};

}  // namespace weir
