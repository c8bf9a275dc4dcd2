// Check: is what the database holds what was written, and how to mend it where it is not.
//
// A check reads; every finding is a line for a person and names what it is about. It looks at each
// segment (checksums, lengths, the row against the bytes), at the numbers of each log (contiguous,
// no two rows for one event), at each log's ledger (it adds up) and at the rollups (readable, days
// against hours, logs against all logs, hours against the segments that are there). It does not
// look below the tables: that is the database's own integrity check.
//
// Mending keeps every event that can be read. Numbers whose events cannot be read become gaps and
// are counted as expired{corrupt}, once, however often the work is repeated. Rollups that disagree
// are computed anew from the segments where those are complete; else they keep what they have.
// Beside a writer only segments are looked after: those that fail their checks are marked as
// corrupt and counted in the same way, so that readers, merges and retention go on around them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "weir/log_store.h"

namespace weir {

struct Finding {
  enum class Part : uint8_t { kLog, kSegment, kNumbers, kLedger, kRollup };
  Part part = Part::kLog;
  int64_t log_no = 0;
  uint64_t first = 0, end = 0;  // of a segment or of numbers that are missing or there twice
  int64_t time_ms = 0;          // where a rollup begins
  std::string problem;          // one sentence without a dot
};
// "log 1, events 10 to 19: …", for people.
std::string finding_text(const Finding& finding);
std::string_view finding_part_name(Finding::Part part);

enum class Mending : uint8_t {
  kNone = 0,
  kMark = 1,  // of segments that fail their checks; others may write meanwhile
  kAll = 2,   // segments and numbers, rollups by rebuild_rollups; nobody else may write
};

struct CheckRequest {
  // Of each log only the segments with its newest so many events, and no rollups: what can have
  // been torn by an unclean stop, in a bounded time.
  uint64_t newest_events = UINT64_MAX;
  Mending mending = Mending::kNone;
  int64_t now_ms = 0;  // of mending
};
struct CheckResult {
  std::vector<Finding> findings;                   // the first kFindingsMax
  uint64_t findings_count = 0;                     // all of them
  uint64_t segments = 0, events = 0, rollups = 0;  // looked at; events in readable segments
  bool rollups_compared = false;  // false: not asked for, or a server rolled up meanwhile
  uint64_t mended = 0;            // rows marked, replaced, removed or put where one was missing
  uint64_t corrupt_events = 0;    // newly counted as expired{corrupt} by mending
  std::set<int64_t> hours;        // since 1970, whose rollups should be computed anew
};
// A repeat after any failure goes on where it stopped.
OperationPtr check_logs(CheckRequest request, CheckResult* result);

struct RebuildResult {
  uint64_t hours = 0;       // computed anew
  uint64_t incomplete = 0;  // not all of whose events are there: kept what they had and are
                            // readable now
};
// Computes the rollups of these hours, and of their days, anew: of every log from its segments, of
// all logs from those. Empty: every hour that the segments tell of. Nobody else may write.
OperationPtr rebuild_rollups(std::set<int64_t> hours, int64_t now_ms, RebuildResult* result);

}  // namespace weir
