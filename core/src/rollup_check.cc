#include "rollup_check.h"

#include <algorithm>

namespace weir {
namespace {

constexpr int64_t kHoursPerDay = 24;

int64_t day_of(int64_t hour) { return hour - hour % kHoursPerDay; }

bool any_less(const OutcomeCounts& counts, const OutcomeCounts& than) {
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    if (counts.by_outcome[i] < than.by_outcome[i]) return true;
  }
  return false;
}

}  // namespace

void RollupCheck::say(const RollupKey& key, const char* problem) {
  findings_.push_back({Finding::Part::kRollup, key.log_no, 0, 0, key.hour * kHourMs, problem});
  const int64_t hours = key.level == RollupLevel::kHour ? 1 : kHoursPerDay;
  for (int64_t hour = key.hour; hour < key.hour + hours; ++hour) hours_.insert(hour);
}

void RollupCheck::add(const Rows& rows, size_t row) {
  bool sketch_ok = true;
  const Result<Rollup> rollup = rollup_at(rows, row, &sketch_ok);
  const Result<int64_t> id = integer_at(rows, row, 0);
  const Result<RollupKey> key = id.ok() ? rollup_key(*id) : Result<RollupKey>(id.status());
  if (!key.ok()) {
    findings_.push_back({Finding::Part::kRollup, 0, 0, 0, 0, "a rollup has a key that cannot be"});
    return;
  }
  if (!rollup.ok()) return say(*key, "the counts cannot be");
  rollups_[*id] = {rollup->counts, rollup->skewed};
  if (!sketch_ok) {
    say(*key, "the summary fails its checks");
  } else if (any_less(rollup->counts, rollup->summary.counts())) {
    say(*key, "the summary counts more than the row");
  }
}

const RollupCheck::Stored* RollupCheck::find(RollupLevel level, int64_t log_no,
                                             int64_t hour) const {
  const auto found = rollups_.find(rollup_id(level, log_no, hour));
  return found == rollups_.end() ? nullptr : &found->second;
}

std::vector<Finding> RollupCheck::finish(const HourInventory* segments, std::set<int64_t>* hours) {
  if (segments != nullptr) {
    check_days();
    check_all_logs();
    check_segments(*segments);
  }
  hours->insert(hours_.begin(), hours_.end());
  return std::move(findings_);
}

// Age removes a day not before its hours are too old, and no hour of a day that it keeps.
void RollupCheck::check_days() {
  std::map<int64_t, OutcomeCounts> sums;  // by the day's id
  for (const auto& [id, stored] : rollups_) {
    const RollupKey key = *rollup_key(id);
    const int64_t day = rollup_id(RollupLevel::kDay, key.log_no, day_of(key.hour));
    if (key.level == RollupLevel::kHour && rollups_.contains(day)) sums[day].add(stored.counts);
  }
  for (const auto& [id, stored] : rollups_) {
    const RollupKey key = *rollup_key(id);
    if (key.level == RollupLevel::kDay && sums[id] != stored.counts) {
      say(key, "the day counts something else than its hours");
    }
  }
}

// Age may have removed an hour of some logs and not yet of others, so all may count more.
void RollupCheck::check_all_logs() {
  std::map<int64_t, OutcomeCounts> sums;  // of single logs, by the id of all logs
  for (const auto& [id, stored] : rollups_) {
    const RollupKey key = *rollup_key(id);
    if (key.log_no == kAllLogs) continue;
    const int64_t all = rollup_id(key.level, kAllLogs, key.hour);
    if (rollups_.contains(all)) sums[all].add(stored.counts);
  }
  for (const auto& [id, sum] : sums) {
    if (any_less(rollups_.at(id).counts, sum)) say(*rollup_key(id), "single logs count more");
  }
}

// Events whose time was implausible are counted in another hour, and the rows say how many.
void RollupCheck::check_segments(const HourInventory& segments) {
  uint64_t skewed = 0;
  for (const auto& [id, stored] : rollups_) {
    const RollupKey key = *rollup_key(id);
    if (key.log_no == kAllLogs && key.level == RollupLevel::kHour) skewed += stored.skewed;
  }
  if (skewed > 0) return;
  for (const auto& [hour, counts] : segments.counts()) {
    const RollupKey key{RollupLevel::kHour, kAllLogs, hour};
    const Stored* stored = find(key.level, key.log_no, hour);
    if (stored == nullptr) {
      say(key, "is missing");
    } else if (any_less(stored->counts, counts)) {
      say(key, "counts less than the segments hold");
    } else if (stored->counts != counts && segments.is_complete(hour)) {
      say(key, "counts more than the segments hold");
    }
  }
}

}  // namespace weir
