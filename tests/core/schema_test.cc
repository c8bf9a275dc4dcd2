#include "weir/schema.h"

#include "catch.h"
#include "weir/summary.h"

namespace weir {
namespace {

TEST_CASE("segment ids pack and unpack at both bounds") {
  CHECK(segment_id(1, 0) == int64_t{1} << 40);
  CHECK(*segment_key(segment_id(1, 0)) == SegmentKey{1, 0});
  const int64_t last = last_segment_id(kLogNumberMax);
  CHECK(last == static_cast<int64_t>(kIntegerMax));
  CHECK(*segment_key(last) == SegmentKey{kLogNumberMax, kEventNumberMax});
}

TEST_CASE("a segment id outside every log is corrupt") {
  CHECK(segment_key(segment_id(1, 0) - 1).status().code() == Code::kCorrupt);
  CHECK(segment_key(last_segment_id(kLogNumberMax) + 1).status().code() == Code::kCorrupt);
  CHECK(segment_key(-1).status().code() == Code::kCorrupt);
}

TEST_CASE("ids of one log are one range, in order of the events") {
  CHECK(segment_id(5, 0) < segment_id(5, 1));
  CHECK(last_segment_id(5) + 1 == segment_id(6, 0));
}

TEST_CASE("rollup ids pack and unpack") {
  const RollupKey key{RollupLevel::kDay, kLogNumberMax, 20'000 * 24};
  CHECK(*rollup_key(rollup_id(key.level, key.log_no, key.hour)) == key);
  CHECK(*rollup_key(rollup_id(RollupLevel::kHour, kAllLogs, 0)) == RollupKey{});
  CHECK(rollup_id(RollupLevel::kDay, kLogNumberMax, kHourNumberMax) <=
        static_cast<int64_t>(kIntegerMax));
}

TEST_CASE("a rollup id of an unknown level or log is corrupt") {
  CHECK(rollup_key(int64_t{2} << kRollupLevelShift).status().code() == Code::kCorrupt);
  CHECK(rollup_key((kLogNumberMax + 1) << kRollupLogShift).status().code() == Code::kCorrupt);
  CHECK(rollup_key(-1).status().code() == Code::kCorrupt);
}

TEST_CASE("ledger ids pack and unpack") {
  CHECK(*ledger_key(ledger_id(7, kHourNumberMax)) == LedgerKey{7, kHourNumberMax});
  CHECK(ledger_key((kLogNumberMax + 1) << kRollupLogShift).status().code() == Code::kCorrupt);
}

TEST_CASE("the hour of a time is clamped to what keys can hold") {
  CHECK(hour_of(-1) == 0);
  CHECK(hour_of(kHourMs - 1) == 0);
  CHECK(hour_of(kHourMs) == 1);
  CHECK(hour_of(kTimeMsMax) < kHourNumberMax);
  CHECK(hour_of(INT64_MAX) == kHourNumberMax);
}

}  // namespace
}  // namespace weir
