// rebuild_rollups: computes hours anew from the segments, and from those days and all logs.
//
// First every log's rows are read once, to learn which segments an hour has and whether all of its
// events are there. Then hour by hour: the rollups of the single logs from their segments, that of
// all logs from those. Then day by day and log by log, from the hours. Where events are missing a
// rollup is the only thing that still counts them: it keeps its counts, and its summary if that can
// be read. So does one that holds events of implausible times.
#include <algorithm>
#include <deque>

#include "hour_inventory.h"
#include "machine.h"
#include "rollup_delta.h"
#include "segment_events.h"
#include "weir/check.h"

namespace weir {
namespace {

constexpr int64_t kHoursPerDay = 24;
constexpr size_t kRowsPerStep = 64;
// Of a group, besides its assert and watermark: at most 1 MiB.
constexpr size_t kPutsPerGroup = 32;
static_assert(kPutsPerGroup + 2 <= kStatementsPerRequestMax);
static_assert(kHoursPerDay <= int64_t{kRollupGetIds});

int64_t day_of(int64_t hour) { return hour - hour % kHoursPerDay; }

struct StoredRollup {
  Rollup rollup;
  bool sketch_ok = true;
};

// `fresh` where events are missing: nothing that was counted is forgotten. A sketch that another
// rollup has is kept there.
Rollup kept(Rollup fresh, const StoredRollup& stored) {
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    uint64_t& count = fresh.counts.by_outcome[i];
    count = std::max(count, stored.rollup.counts.by_outcome[i]);
  }
  if (stored.sketch_ok) {
    fresh.summary = stored.rollup.summary;
    fresh.of_log = stored.rollup.of_log;
  }
  fresh.skewed = stored.rollup.skewed;
  return fresh;
}

class RebuildRollups final : public Machine<RebuildRollups> {
 public:
  RebuildRollups(std::set<int64_t> hours, int64_t now_ms, RebuildResult* result)
      : Machine(&RebuildRollups::begin),
        hours_(std::move(hours)),
        now_ms_(now_ms),
        result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    result_ = {};
    return read({log_range(kAllLogs, kLogNumberMax)}, &RebuildRollups::on_logs);
  }

  Result<Step> on_logs(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(const LogRow log, log_row_at(rows, i));
      if (log.state.log_no == kAllLogs) {
        changes_ = log.state.rolled_through;
      } else {
        logs_.push_back(log.state);
      }
    }
    return next_log();
  }

  // --- What there is ---

  Step next_log() {
    if (log_at_ == logs_.size()) return first_hour();
    inventory_.begin_log(logs_[log_at_]);
    next_ = 0;
    return list();
  }

  Step list() {
    return read({segment_list(logs_[log_at_].log_no, next_, kRowsPerStep)},
                &RebuildRollups::on_rows);
  }

  Result<Step> on_rows(Reply& reply) {
    const int64_t log_no = logs_[log_at_].log_no;
    WEIR_ASSIGN(std::vector<SegmentRow> rows, segment_rows(reply.results.at(0), log_no));
    std::erase_if(rows, [&](const SegmentRow& row) { return row.end() <= next_; });
    if (rows.empty()) {
      inventory_.end_log();
      ++log_at_;
      return next_log();
    }
    const size_t count = rows_of_one_group(rows, 0, rows.size());
    return read({segment_data(log_no, rows.front().first, rows[count - 1].first, count)},
                &RebuildRollups::on_bytes);
  }

  Result<Step> on_bytes(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(const SegmentBytes segment, segment_bytes_at(rows, i, logs_[log_at_].log_no));
      const Result<SegmentReader> reader = open_segment(segment);
      next_ = std::max(next_, segment.end());
      if (!reader.ok() || segment.kind == RowKind::kCorrupt) {
        inventory_.add_missing();
      } else if (reader->head().kind == SegmentKind::kEvents) {
        inventory_.add(*reader);
      } else {
        inventory_.add_gap(reader->head());
      }
    }
    return list();
  }

  // --- One hour after the other ---

  Step first_hour() {
    if (logs_.empty()) return done();
    if (hours_.empty()) {
      for (const auto& [hour, counts] : inventory_.counts()) hours_.insert(hour);
    }
    // Events of implausible times are counted in other hours.
    const int64_t oldest = hour_of(now_ms_ - kSkewPastMs);
    const int64_t newest = hour_of(now_ms_ + kSkewFutureMs);
    std::erase_if(hours_, [=](int64_t hour) { return hour < oldest || hour > newest; });
    for (const int64_t hour : hours_) {
      left_.push_back(hour);
      for (const LogState& log : logs_) days_.insert({day_of(hour), log.log_no});
      days_.insert({day_of(hour), kAllLogs});
    }
    return next_hour();
  }

  Step next_hour() {
    if (left_.empty()) return next_day();
    hour_ = left_.front();
    left_.pop_front();
    fresh_.clear();
    const auto [begin, end] = inventory_.parts().equal_range(hour_);
    parts_.clear();
    for (auto part = begin; part != end; ++part) parts_.push_back(part->second);
    return next_part();
  }

  Step next_part() {
    if (parts_.empty()) {
      stored_.clear();
      ids_.clear();
      for (const LogState& log : logs_) ids_.push_back(id_of(log.log_no));
      ids_.push_back(id_of(kAllLogs));
      return next_stored();
    }
    const HourInventory::Part& part = parts_.front();
    return read({segment_data(part.log_no, part.first, part.first, 1)}, &RebuildRollups::on_part);
  }

  Result<Step> on_part(Reply& reply) {
    const HourInventory::Part part = parts_.front();
    parts_.pop_front();
    WEIR_ASSIGN(const SegmentBytes segment, segment_bytes_at(reply.results.at(0), 0, part.log_no));
    WEIR_ASSIGN(const SegmentReader reader, open_segment(segment));
    Rollup& rollup = fresh_of(part.log_no);
    const size_t count = static_cast<size_t>(part.end - part.first);
    for_each_chunk(reader, 0, ColumnSet::all(), [&](const SegmentChunk& chunk, size_t) {
      std::vector<uint32_t> events = indexes(0, std::min(chunk.count, count - chunk.first));
      std::erase_if(events, [&](uint32_t i) { return hour_of(chunk.times_ms[i]) != hour_; });
      rollup.summary.add(reader, chunk, events);
      return chunk.first + chunk.count < count;
    });
    rollup.summary.finish(reader);
    rollup.counts = rollup.summary.counts();
    return next_part();
  }

  Step next_stored() {
    if (ids_.empty()) return write_hour();
    std::vector<Value> ids;
    while (!ids_.empty() && ids.size() < kRollupGetIds) {
      ids.emplace_back(ids_.front());
      ids_.pop_front();
    }
    ids.resize(kRollupGetIds, int64_t{-1});  // no rollup has a negative id
    return read({Statement{StatementId::kRollupGet, std::move(ids)}}, &RebuildRollups::on_stored);
  }

  Result<Step> on_stored(Reply& reply) {
    WEIR_TRY(take_stored(reply.results.at(0)));
    return next_stored();
  }

  Status take_stored(const Rows& rows) {
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      StoredRollup stored;
      WEIR_ASSIGN(stored.rollup, rollup_at(rows, i, &stored.sketch_ok));
      WEIR_ASSIGN(const int64_t id, integer_at(rows, i, 0));
      stored_.emplace(id, std::move(stored));
    }
    return {};
  }

  Step write_hour() {
    if (fresh_.empty() && stored_.empty()) return next_hour();  // nothing happened
    ++result_.hours;
    bool complete = inventory_.is_complete(hour_);
    for (const auto& [id, stored] : stored_) complete = complete && stored.rollup.skewed == 0;
    if (!complete) ++result_.incomplete;
    Rollup all{.summary = Summary(Summary::Span::kHour, hour_ * kHourMs)};
    std::vector<int64_t> contributors;
    for (const LogState& log : logs_) {
      const auto stored = stored_.find(id_of(log.log_no));
      if (stored == stored_.end() && !fresh_.contains(log.log_no)) continue;
      Rollup& rollup = fresh_of(log.log_no);
      if (!complete && stored != stored_.end()) rollup = kept(std::move(rollup), stored->second);
      all.add(rollup);
      if (rollup.counts.total() > 0) contributors.push_back(log.log_no);
      puts_.push_back(rollup_put(id_of(log.log_no), rollup));
    }
    if (contributors.size() == 1) all.of_log = contributors.front();
    const auto stored = stored_.find(id_of(kAllLogs));
    if (!complete && stored != stored_.end()) all = kept(std::move(all), stored->second);
    puts_.push_back(rollup_put(id_of(kAllLogs), all));
    return write_puts();
  }

  // A few at a time: what is computed anew from the same segments may be written twice.
  Step write_puts() {
    const LogState& log = logs_.front();
    const auto as_integer = [](uint64_t value) { return static_cast<int64_t>(value); };
    std::vector<Statement> group = {
        {StatementId::kRollupAssert,
         {log.log_no, as_integer(log.rolled_through), as_integer(changes_)}}};
    while (!puts_.empty() && group.size() <= kPutsPerGroup) {
      group.push_back(std::move(puts_.front()));
      puts_.pop_front();
    }
    group.push_back(
        {StatementId::kRollupAdvance, {log.log_no, as_integer(log.rolled_through), now_ms_}});
    return write(std::move(group), &RebuildRollups::on_written);
  }

  Result<Step> on_written(Reply&) {
    ++changes_;
    return puts_.empty() ? next_hour() : write_puts();
  }

  // --- One day of one log after the other, that of all logs last ---

  Step next_day() {
    if (days_.empty()) return done();
    const auto& [day, log_no] = *days_.rbegin();
    std::vector<Value> ids;
    for (int64_t hour = day; hour < day + kHoursPerDay; ++hour) {
      ids.emplace_back(rollup_id(RollupLevel::kHour, log_no, hour));
    }
    ids.resize(kRollupGetIds, int64_t{-1});
    return read({Statement{StatementId::kRollupGet, std::move(ids)}}, &RebuildRollups::on_day);
  }

  Result<Step> on_day(Reply& reply) {
    const auto [day, log_no] = *days_.rbegin();
    days_.erase(std::prev(days_.end()));
    stored_.clear();
    WEIR_TRY(take_stored(reply.results.at(0)));
    log_hours_[log_no] = stored_.size();
    if (stored_.empty()) return next_day();
    Rollup sum{.summary = Summary(Summary::Span::kDay, day * kHourMs)};
    const int64_t of_log = stored_.begin()->second.rollup.of_log;
    bool alone = of_log != 0;
    for (const auto& [id, stored] : stored_) {
      sum.add(stored.rollup);
      alone = alone && stored.rollup.of_log == of_log;
    }
    // The log may have hours left of which all logs have none any more.
    if (alone && log_hours_[of_log] == stored_.size()) sum.of_log = of_log;
    puts_.push_back(rollup_put(rollup_id(RollupLevel::kDay, log_no, day), sum));
    return write_puts();
  }

  Rollup& fresh_of(int64_t log_no) {
    const auto [found, is_new] = fresh_.try_emplace(log_no);
    if (is_new) found->second.summary = Summary(Summary::Span::kHour, hour_ * kHourMs);
    return found->second;
  }
  int64_t id_of(int64_t log_no) const { return rollup_id(RollupLevel::kHour, log_no, hour_); }

  std::set<int64_t> hours_;
  const int64_t now_ms_;
  RebuildResult& result_;
  std::vector<LogState> logs_;
  uint64_t changes_ = 0;  // to rollups so far, as the database counts them
  size_t log_at_ = 0;     // whose rows are read
  uint64_t next_ = 0;     // where they go on
  HourInventory inventory_;
  std::deque<int64_t> left_;                    // hours
  std::set<std::pair<int64_t, int64_t>> days_;  // left: day and log
  std::map<int64_t, size_t> log_hours_;         // of the day under way, by log: rollups of hours
  int64_t hour_ = 0;                            // under way
  std::deque<HourInventory::Part> parts_;       // its segments that are not summed up yet
  std::map<int64_t, Rollup> fresh_;             // its sums, by log
  std::deque<int64_t> ids_;                     // rollups to read
  std::map<int64_t, StoredRollup> stored_;      // by id
  std::deque<Statement> puts_;                  // to write
};

}  // namespace

OperationPtr rebuild_rollups(std::set<int64_t> hours, int64_t now_ms, RebuildResult* result) {
  return std::make_unique<RebuildRollups>(std::move(hours), now_ms, result);
}

}  // namespace weir
