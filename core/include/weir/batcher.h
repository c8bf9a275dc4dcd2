// Batcher: numbers events and turns them into batches of segments to commit. The heart of the
// writer.
//
// It has no clock, thread or database: time comes in as `now_ms` (monotonic milliseconds, any
// origin), batches go out as values, and the host reports what became of them.
//
//   for each event:   add(event, now_ms)
//   each turn:        if (auto batch = poll(now_ms)) commit it, then acked() or failed(…, now_ms)
//                     sleep until next_deadline_ms()
//   at stop:          drain(now_ms), then poll until idle()
//
// Promises
// - Order: events get the numbers next, next + 1, … in the order of add(). Batches are contiguous
//   and come one at a time: the next one exists only after the last is acked, or failed for its
//   data. Numbers are never reused.
// - Memory: at most `buffer_events_max` events are open or in flight; add() beyond that answers
//   kFull, and the caller counts the drop. Each of them is held twice, in columns as it
//   came and in its segment, so that a batch can be cut anew.
// - When it flushes: when the oldest open event is as old as FlushIntervals say for how full the
//   whole buffer is (set_fill); or `batch_events_max` events, `batch_bytes_max` bytes or
//   kBatchSegmentsMax segments are open. Under steady traffic too: deadlines, no ticker.
// - A segment is cut where the UTC hour of the events changes, in either direction, so that it
//   belongs to one hour.
// - Failure: an error of the environment repeats the same bytes, with exponential backoff and
//   jitter, for ever; the batch is never halved and never dropped for it. A data error halves the
//   batch, down to the single event, which becomes a gap with reason kData and is counted. A gap
//   holds no data: if even that is refused, it is repeated like an error of the environment.
// - Crash: what is not acked is lost to the log; those numbers are given again after restart, since
//   nobody durable has seen them. The ledger's mapped counters say how many (see native/store).
// - Everything is counted: stats().
//
// Thread-compatible: lives on the writer thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "weir/event.h"
#include "weir/limits.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

// How old an event gets before it is flushed: the fuller the buffer, the sooner (REQUIREMENTS
// 002-14).
struct FlushIntervals {
  int64_t configured_ms = kFlushIntervalMsDefault;
  int64_t full_ms = kFlushIntervalMsFast;      // the buffer is at least 80 % full
  int64_t quiet_ms = kFlushIntervalMsDefault;  // at most 20 %

  // However full the buffer is.
  static constexpr FlushIntervals always(int64_t interval_ms) {
    return {interval_ms, interval_ms, interval_ms};
  }
};

struct BatcherOptions {
  size_t buffer_events_max = kBufferEventsDefault;
  size_t batch_events_max = kSegmentLevel1EventsMax;  // at most kSegmentEventsMax
  // Looked at every 16 events: a batch may pass it by what 15 bring.
  size_t batch_bytes_max = kSegmentLevel1BytesMax;
  FlushIntervals flush_intervals{};
  uint64_t jitter_seed = 1;  // for the backoff; any value
};

// Contiguous segments that must commit together. Owned by the batcher until acked() or failed().
struct Batch {
  uint64_t first = 0;
  uint64_t count = 0;  // events and gaps covered
  std::vector<Bytes> segments;
  uint64_t events = 0;        // without gaps
  uint64_t dropped_data = 0;  // events that became gaps
  int attempt = 1;            // 1 at the first try, of these very bytes
};

struct BatcherStats {
  uint64_t added = 0;         // events numbered
  uint64_t acked = 0;         // events committed, gaps not counted
  uint64_t dropped_data = 0;  // events that became gaps
  uint64_t refused_full = 0;  // add() answered kFull
  uint64_t batches = 0;       // acked
  uint64_t retries = 0;       // failed for the environment
  uint64_t halvings = 0;      // failed for the data
};

class Batcher {
 public:
  // `next` is the number of the next event (the end of the log as committed).
  Batcher(const LogId& log, uint64_t next, const BatcherOptions& options);
  ~Batcher();

  // kFull: no room now. kInvalid, kTooLarge: the event is outside its bounds and was not numbered.
  // `number` (if not null) gets the event's number.
  Status add(const Event& event, int64_t now_ms, uint64_t* number = nullptr);

  // The batch to commit now, or null. The pointer is valid until acked() or failed().
  const Batch* poll(int64_t now_ms);
  // When poll() may next have something (a time in the past: now), INT64_MAX if only another call
  // can change that.
  int64_t next_deadline_ms() const;

  // What became of the batch that poll() gave. `status` decides: is_data_error() halves, everything
  // else repeats after a delay.
  void acked();
  void failed(const Status& status, int64_t now_ms);

  // Share of the whole buffer that is in use, producers' rings included, in percent.
  void set_fill(int percent);
  void set_flush_intervals(const FlushIntervals& intervals);
  // The log's counters without the events given to this batcher: what was counted before it, and
  // what was dropped without a number since. Heads of segments carry them plus the events up to
  // the segment's end, so that offered = events + gaps + Σ dropped in every head.
  void set_ledger(const LedgerCounters& ledger);
  // Goes on in another log: what is held gets the numbers `next`, `next` + 1, … there. The event of
  // a gap that was refused stays counted and is let go; returns how many those are. Precondition:
  // no batch is with the host.
  uint64_t rehome(const LogId& log, uint64_t next);
  // Flush whatever is held, without waiting for a deadline or a backoff, until the next add().
  void drain(int64_t now_ms);

  bool idle() const;                 // nothing open, nothing in flight
  uint64_t next() const;             // number of the next event
  uint64_t durable_through() const;  // end of what is acked
  size_t events_held() const;        // open and in flight
  const BatcherStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
