#include "weir/schema.h"

#include <algorithm>

#include "weir/summary.h"

namespace weir {
namespace {

constexpr int64_t kFirstMask = static_cast<int64_t>(kEventNumberMax);
constexpr int64_t kRollupLogMask = (int64_t{1} << (kRollupLevelShift - kRollupLogShift)) - 1;

static_assert(kLogNumberMax <= kRollupLogMask);

}  // namespace

int64_t segment_id(int64_t log_no, uint64_t first) {
  WEIR_CHECK(log_no >= 1 && log_no <= kLogNumberMax && first <= kEventNumberMax);
  return (log_no << kSegmentIdShift) | static_cast<int64_t>(first);
}

Result<SegmentKey> segment_key(int64_t id) {
  SegmentKey key{id >> kSegmentIdShift, static_cast<uint64_t>(id & kFirstMask)};
  if (key.log_no < 1 || key.log_no > kLogNumberMax) {
    return Status(Code::kCorrupt, "a segment's id names no log");
  }
  return key;
}

int64_t last_segment_id(int64_t log_no) { return segment_id(log_no, kEventNumberMax); }

int64_t rollup_id(RollupLevel level, int64_t log_no, int64_t hour) {
  return (static_cast<int64_t>(level) << kRollupLevelShift) | ledger_id(log_no, hour);
}

Result<RollupKey> rollup_key(int64_t id) {
  const int64_t level = id >> kRollupLevelShift;
  RollupKey key{static_cast<RollupLevel>(level), (id >> kRollupLogShift) & kRollupLogMask,
                id & kHourNumberMax};
  if (level < 0 || level > static_cast<int64_t>(RollupLevel::kDay) || key.log_no > kLogNumberMax) {
    return Status(Code::kCorrupt, "a rollup's id has an unknown level or log");
  }
  return key;
}

int64_t ledger_id(int64_t log_no, int64_t hour) {
  WEIR_CHECK(log_no >= 0 && log_no <= kLogNumberMax && hour >= 0 && hour <= kHourNumberMax);
  return (log_no << kRollupLogShift) | hour;
}

Result<LedgerKey> ledger_key(int64_t id) {
  LedgerKey key{id >> kRollupLogShift, id & kHourNumberMax};
  if (key.log_no < 0 || key.log_no > kLogNumberMax) {
    return Status(Code::kCorrupt, "a ledger row's id names no log");
  }
  return key;
}

int64_t hour_of(int64_t time_ms) {
  return std::clamp(time_ms / kHourMs, int64_t{0}, kHourNumberMax);
}

}  // namespace weir
