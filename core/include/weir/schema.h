// Schema: how the keys of schema/migrations pack their parts.
//
// Packing checks its arguments with WEIR_CHECK: they are ours. Unpacking takes what a database
// holds, which is hostile input, and answers kCorrupt for a key that cannot be.
#pragma once

#include <cstdint>

#include "weir/limits.h"
#include "weir/status.h"

namespace weir {

// The number of migrations this build knows; their names are schema/migrations/000N_*.sql.
inline constexpr int kSchemaVersion = 2;

// What the column segments.kind says. The first two are SegmentKind.
enum class RowKind : uint8_t {
  kEvents = 0,
  kGap = 1,
  kCorrupt = 2,  // events whose bytes failed their checks: counted as expired{corrupt}, not read
};

// Log number 0: all logs together, in rollups and in `logs`.
inline constexpr int64_t kAllLogs = 0;

struct SegmentKey {
  int64_t log_no = 0;  // 1 … kLogNumberMax
  uint64_t first = 0;  // 0 … kEventNumberMax
  bool operator==(const SegmentKey&) const = default;
};
int64_t segment_id(int64_t log_no, uint64_t first);
Result<SegmentKey> segment_key(int64_t id);
// The ids of a log's segments lie in [segment_id(log_no, 0), last_segment_id(log_no)].
int64_t last_segment_id(int64_t log_no);

enum class RollupLevel : uint8_t { kHour = 0, kDay = 1 };
inline constexpr unsigned kRollupLogShift = 24;
inline constexpr unsigned kRollupLevelShift = 48;
inline constexpr int64_t kHourNumberMax = (1 << 24) - 1;  // hours since 1970: until the year 3883

struct RollupKey {
  RollupLevel level = RollupLevel::kHour;
  int64_t log_no = 0;  // kAllLogs … kLogNumberMax
  int64_t hour = 0;    // start, in hours since 1970; a multiple of 24 for a day
  bool operator==(const RollupKey&) const = default;
};
int64_t rollup_id(RollupLevel level, int64_t log_no, int64_t hour);
Result<RollupKey> rollup_key(int64_t id);

struct LedgerKey {
  int64_t log_no = 0;
  int64_t hour = 0;
  bool operator==(const LedgerKey&) const = default;
};
int64_t ledger_id(int64_t log_no, int64_t hour);
Result<LedgerKey> ledger_key(int64_t id);

// The UTC hour of a time in milliseconds since 1970, clamped to [0, kHourNumberMax].
int64_t hour_of(int64_t time_ms);

}  // namespace weir
