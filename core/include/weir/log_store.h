// Log store: the operations that write, move and remove the log, for every home.
//
// All of them are guarded: run twice, or again after an answer was lost, they change nothing twice.
// Arguments are copied. `*result` must outlive the operation and is valid after Done with an ok
// status. Tables: schema/migrations.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "weir/operation.h"
#include "weir/segment.h"

namespace weir {

using OperationPtr = std::unique_ptr<Operation>;

// --- Writing ---

struct LogState {
  int64_t log_no = 0;
  LogId log;
  std::string site;
  uint64_t end = 0;              // stored_through
  uint64_t acked = 0;            // end of what the forwarder's receiver has
  uint64_t rolled_through = 0;   // end of what the rollups hold
  uint64_t ledger_sequence = 0;  // see AppendRequest
};

// Makes the log known (row in `logs`, anchor row in `segments`) if it is not, and tells its state.
// A known log keeps the site it was opened with. kFull past kLogNumberMax logs.
OperationPtr open_log(const LogId& log, std::string site, int64_t now_ms, LogState* result);

// Every log of the database, by log_no; with `site`, only that site's.
OperationPtr list_logs(std::string site, std::vector<LogState>* result);

// Counters of the ledger, as stored per log and UTC hour. They only grow.
struct LedgerDelta {
  uint64_t offered = 0;
  uint64_t stored = 0;
  uint64_t collapsed = 0;
  std::array<uint64_t, kDropReasonCount> dropped{};
  uint64_t expired_corrupt = 0;  // of those that were stored
  bool unclean = false;          // power or a database was lost: `offered` may be too low
};

// Commits contiguous segments and the ledger's growth in one group. kConflict if the log does not
// end at `first` (somebody else wrote); if it already ends at the batch's end with the same crc,
// the batch and its ledger are there: ok. kTooLarge past kBatchSegmentsMax segments. kInvalid if
// the segments are not contiguous or are not this log's.
struct AppendRequest {
  int64_t log_no = 0;
  std::vector<Bytes> segments = {};  // at least one unless only the ledger grows
  LedgerDelta ledger = {};
  // Only without segments: which growth this is. Greater than LogState::ledger_sequence and than
  // that of every earlier growth; a repeat carries the same and adds nothing.
  uint64_t ledger_sequence = 0;
  int64_t now_ms = 0;
};
OperationPtr append(AppendRequest request);

// What the ledger holds of one log, over all hours: what its writer has accounted for.
OperationPtr log_ledger(int64_t log_no, LedgerDelta* result);

// --- Rollups ---

struct RollupBudget {
  uint64_t events = 1 << 20;   // decoded per run; a log's step is at least one segment
  uint64_t statements = 1000;  // per run; at least kRollupStatementsMin
  uint64_t tail_events_max = kRollupTailEventsMax;
  // Whether events later than now + kSkewFutureMs are rolled up, at that time. If not they wait,
  // and what follows them in their log: it may be the clock that is wrong.
  bool takes_future = true;
};
// One log's step with one hour: list, lengths, bytes, old rollups, and the writing group.
inline constexpr uint64_t kRollupStatementsMin = 12;
struct RollupProgress {
  uint64_t events = 0;   // now in the rollups
  uint64_t corrupt = 0;  // in segments that fail their checks: skipped, counted as expired{corrupt}
  uint64_t skewed = 0;   // of events, those rolled up at a bound of time
  // Where rollups begin whose sketch fails its checks: counts are kept, the sketch was begun anew
  // and lacks what was in it until rebuild_rollups() is run for these hours since 1970.
  std::set<int64_t> corrupt_hours;
  bool done = true;  // false: the budget ended first
};
// Advances the rollups of the logs, the log that has waited longest first, through every hour that
// is over by `now_ms`, and through all of the log where its tail is longer than `tail_events_max`.
// Times outside [now − 400 d, now + 1 h] are rolled up at the bound and counted as skewed.
OperationPtr advance_rollups(int64_t now_ms, RollupBudget budget, RollupProgress* result);

// --- Forwarding ---

struct CutLimits {
  size_t segments_max = kIngestSegmentsMax;
  size_t bytes_max = kIngestBytesMax;
  size_t segment_events_max = kSegmentEdgeEventsMax;
  size_t segment_bytes_max = kSegmentEdgeBytesMax;
};
struct CutResult {
  uint64_t first = 0;
  uint64_t end = 0;         // == first: nothing to send
  Bytes body;               // segments back to back; the last one may be open
  uint64_t sealed_end = 0;  // end of what is sealed in the body: the next cut may begin here
  bool more = false;        // the log goes on past `end`
};
// Cuts [from, …) of a log anew from the database, whatever the stored segments are: hour by hour,
// at the limits. The last segment is open if the log ends there and its hour is not over at
// `now_ms`. Corrupt segments become gaps.
OperationPtr cut_log(int64_t log_no, uint64_t from, int64_t now_ms, CutLimits limits,
                     CutResult* result);

// Records that the receiver has everything before `acked`; never goes backwards.
OperationPtr set_acked(int64_t log_no, uint64_t acked);

// After a fork: moves the events [from, end) of `old_log_no` to the log `new_log_no`, which must be
// empty, and leaves a gap kForked in their place. Their rollups stay counted once.
OperationPtr rehome_log(int64_t old_log_no, uint64_t from, int64_t new_log_no, const LogId& new_log,
                        int64_t now_ms);

// --- Ingest (the receiving side) ---

struct IngestRequest {
  std::string site;
  LogId log;
  uint64_t first = 0;
  Bytes body;          // 1 … kIngestSegmentsMax segments back to back, ≤ kIngestBytesMax
  Bytes token_sha256;  // who sends; empty is denied
  int64_t now_ms = 0;
  int64_t interval_s = 60;  // what senders are told
};
// PUT /v1/sites/{site}/logs/{log_id}/{first}. Emits the HTTP answer: 200 {stored_through,
// interval_s}; 409 with code gap | overlap | fork and stored_through; 401, 403, 413, 422, 501 (a
// newer format), 503. All or nothing.
OperationPtr ingest(IngestRequest request);
// GET /v1/sites/{site}/logs/{log_id}: {stored_through, last: {first, count, crc}, limits,
// interval_s}. An unknown log is one that has nothing: 0 and null.
OperationPtr ingest_state(std::string site, const LogId& log, Bytes token_sha256,
                          int64_t interval_s);

// --- Merging ---

struct MergePolicy {
  int64_t now_ms = 0;
  int64_t span_ms = kHourMs;  // an hour, or a day: what one segment may cover
  int64_t delay_ms = 0;       // after its end until a span is merged
  bool acked_only = false;    // only what the receiver has; for segments too large to be cut often
  uint64_t events_max = kSegmentLevel1EventsMax;
  uint64_t bytes_max = kSegmentLevel1BytesMax;
  uint64_t inputs_max = kSegmentEventsMax;  // segments of more events stay as they are
  uint64_t merges_max = 64;                 // per run
};
struct MergeProgress {
  // By log: what comes before is merged. Kept from run to run by the caller, who may begin anew
  // with an empty one at the price of walking over the log.
  std::map<int64_t, uint64_t> through;
  uint64_t merges = 0;    // segments made, in this run …
  uint64_t segments = 0;  // … of so many
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
  uint64_t unreadable = 0;  // how often it met a segment that fails its checks and is not marked
  bool done = true;         // false: the run ended early
};
// Puts neighbouring segments of finished spans together, as long as they stay within the policy's
// bounds. Only what is rolled up, and never a log's newest row. The events, their numbers and their
// order stay as they are; gaps and what fails its checks stay rows of their own.
OperationPtr merge_segments(MergePolicy policy, MergeProgress* result);

// --- Retention ---

// Policies name the log that goes on, `live_log_no`: every other one has ended, and its newest row
// may become a gap. 0: any log may go on (where others write, as at a receiver), so that the newest
// row of each stays.

struct RetentionPolicy {
  int64_t now_ms = 0;
  int64_t events_days = 7;
  int64_t rollup_days = 1825;
  bool keep_unacked = false;  // with a forwarder: age never removes what the receiver has not got …
  int64_t spool_days = 35;    // … until it is this old
  int64_t live_log_no = 0;
  uint64_t segments_max = 256;  // removed per run
  uint64_t statements = 1000;   // per run; logs that find none left are first in a later run
};
struct RetentionProgress {
  uint64_t segments = 0;
  uint64_t events = 0;  // counted as expired{retention} in the same groups
  uint64_t rollups = 0;
  bool done = true;
};
// Removes what is too old. Keeps the newest row of every log (a gap in its place, if the log has
// ended), and what is not rolled up yet. A segment from the future is as old as the next one that
// is not. Each log's rollups are looked through in one hour of the day.
OperationPtr retain(RetentionPolicy policy, RetentionProgress* result);

struct ShrinkPolicy {
  int64_t now_ms = 0;
  uint64_t bytes = 0;         // to remove, as far as segments have so many
  bool keep_unacked = false;  // what the receiver has not got goes last, and leaves a gap
  int64_t live_log_no = 0;
  uint64_t segments_max = 256;  // removed per run, about
};
struct ShrinkProgress {
  uint64_t segments = 0;
  uint64_t events = 0;  // counted as expired{budget} in the same groups
  uint64_t bytes = 0;
  uint64_t unacked_events = 0;  // of events, those that no receiver had
  uint64_t rollups = 0;         // of the oldest day; only where no segment may go
  bool done = true;             // false: there may be more to remove
};
// Removes the oldest segments, whatever their age, until `bytes` of them are gone or there are no
// more. Keeps the newest row of every log (a gap in its place, if the log has ended), and what is
// not rolled up yet. A run that finds no segment removes the oldest UTC day of rollups instead,
// without knowing how many bytes these are: the caller measures, and calls again. The day under way
// stays, and so does each one in which events are stored.
OperationPtr shrink(ShrinkPolicy policy, ShrinkProgress* result);

}  // namespace weir
