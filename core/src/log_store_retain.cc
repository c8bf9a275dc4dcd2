// retain: removes segments and rollups that are too old, log by log.
//
// A log is walked from its oldest row on; rows stand in order of arrival, so the walk ends at the
// first that is young. What is removed is always the beginning of a log: one range of ids, counted
// in the ledger and deleted in one group that a repeat finds done. The newest row of a log tells
// where it ends and stays; if the log has ended, a gap takes its place in a group of its own.
#include <algorithm>
#include <deque>

#include "log_rows.h"
#include "machine.h"
#include "weir/summary.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 32;  // a group removes so many: a few MiB, some milliseconds
constexpr int64_t kRollupsPerStep = 500;
constexpr int64_t kStartPeriodMs = 300'000;  // the Worker's cron
constexpr int64_t kHoursPerDay = 24;
constexpr int kLevels = 2;

class Retain final : public Machine<Retain> {
 public:
  Retain(const RetentionPolicy& policy, RetentionProgress* result)
      : Machine(&Retain::begin), policy_(policy), result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    result_ = {};
    return read_counted(log_range(kFirstLog, kLogNumberMax), &Retain::on_logs);
  }

  Result<Step> on_logs(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(LogRow log, log_row_at(rows, i));
      logs_.push_back(std::move(log));
    }
    // Another log is first in each run, so that a small budget starves none.
    if (!logs_.empty()) {
      const auto turn = static_cast<size_t>(std::max<int64_t>(policy_.now_ms / kStartPeriodMs, 0));
      std::rotate(logs_.begin(), logs_.begin() + std::ptrdiff_t(turn % logs_.size()), logs_.end());
    }
    plan_rollups();
    return next_step();
  }

  // --- Segments ---

  Step next_step() {
    const bool over = policy_.statements < 3 || policy_.segments_max == 0;
    if (over && (!logs_.empty() || !rollup_ranges_.empty())) {
      result_.done = false;
      return done();
    }
    if (logs_.empty()) return remove_rollups();
    return read_counted(segment_list(log_no(), walked_, kRowsPerStep), &Retain::on_rows);
  }

  Result<Step> on_rows(Reply& reply) {
    WEIR_ASSIGN(std::vector<SegmentRow> rows, segment_rows(reply.results.at(0), log_no()));
    std::erase_if(rows, [&](const SegmentRow& row) { return row.first < walked_; });
    for (const SegmentRow& row : rows) {
      if (!walk(row)) return end_of_log();
    }
    if (rows.empty()) return end_of_log();
    if (removal_.segments > 0) return remove_segments();
    return next_step();  // all of them are from the future so far
  }

  // Takes a row into the removal, or holds it until an old one follows. False: it stays, and so
  // does what follows.
  bool walk(const SegmentRow& row) {
    const LogRow& log = logs_.front();
    const bool full = removal_.segments >= policy_.segments_max;
    if (row.end() > log.state.rolled_through || full) return false;
    const bool old = row.last_ms < cutoff_ms(row.end() > log.state.acked);
    const bool future = row.last_ms > policy_.now_ms + kSkewFutureMs;
    if (row.end() >= log.state.end) {
      const bool ended =
          has_ended(log, policy_.live_log_no) && row.kind == RowKind::kEvents && row.count > 0;
      if (ended && old) newest_ = row;
      if (newest_) take_held();
      return false;
    }
    if (!old && !future) return false;
    held_.segments += 1;
    held_.events += row.kind == RowKind::kEvents ? row.count : 0;
    held_.last = row.first;
    walked_ = row.end();
    if (old) take_held();
    return true;
  }

  void take_held() {
    if (held_.segments == 0) return;
    removal_.segments += std::exchange(held_.segments, 0);
    removal_.events += std::exchange(held_.events, 0);
    removal_.last = held_.last;
  }

  int64_t cutoff_ms(bool unacked) const {
    const bool spooled = policy_.keep_unacked && unacked;
    const int64_t days =
        spooled ? std::max(policy_.spool_days, policy_.events_days) : policy_.events_days;
    return policy_.now_ms - days * kDayMs;
  }

  Step end_of_log() {
    if (removal_.segments > 0) {
      log_ended_ = true;
      return remove_segments();
    }
    if (newest_) {
      spend(1);
      return read({segment_data(log_no(), newest_->first, newest_->first, 1)}, &Retain::on_newest);
    }
    return next_log();
  }

  Step next_log() {
    logs_.pop_front();
    newest_.reset();
    held_ = {};
    walked_ = 0;
    return next_step();
  }

  Step remove_segments() {
    const int64_t first = segment_id(log_no(), 0);
    const int64_t last = segment_id(log_no(), removal_.last);
    const int64_t account = ledger_id(log_no(), hour_of(policy_.now_ms));
    std::vector<Statement> group = {{StatementId::kLedgerExpire, {account, first, last}},
                                    {StatementId::kSegmentRemove, {first, last}}};
    spend(group.size());
    return write(std::move(group), &Retain::on_removed);
  }

  Result<Step> on_removed(Reply&) {
    result_.segments += removal_.segments;
    result_.events += removal_.events;
    policy_.segments_max -= std::min(policy_.segments_max, removal_.segments);
    removal_ = {};
    if (std::exchange(log_ended_, false) && policy_.segments_max > 0) return end_of_log();
    newest_.reset();  // it is met again
    return next_step();
  }

  // The gap keeps the counters of the row's head. Bytes that cannot be read stay for a check.
  Result<Step> on_newest(Reply& reply) {
    if (reply.results.at(0).rows.empty()) return next_log();
    WEIR_ASSIGN(const SegmentBytes bytes, segment_bytes_at(reply.results.at(0), 0, log_no()));
    const Result<SegmentHead> head = read_segment_head(bytes.bytes);
    if (!head.ok()) return next_log();
    const auto as_integer = [](uint64_t value) { return static_cast<int64_t>(value); };
    const int64_t id = segment_id(log_no(), newest_->first);
    const int64_t count = as_integer(newest_->count);
    Bytes gap = encode_gap(logs_.front().state.log, newest_->first, newest_->end(),
                           GapReason::kExpired, policy_.now_ms, head->ledger);
    std::vector<Statement> group = {
        {StatementId::kRowsAssert, {id, id, int64_t{1}, count, int64_t{newest_->crc}}},
        {StatementId::kLedgerExpire, {ledger_id(log_no(), hour_of(policy_.now_ms)), id, id}},
        gap_put(log_no(), std::move(gap))};
    spend(group.size());
    return write(std::move(group), &Retain::on_replaced);
  }

  Result<Step> on_replaced(Reply&) {
    result_.segments += 1;
    result_.events += newest_->count;
    return next_log();
  }

  // The newest row is another one by now: a later run looks at it.
  Step failed(Status status) override {
    if (status.code() != Code::kConflict || !newest_) return Done{std::move(status)};
    return next_log();
  }

  // --- Rollups ---

  // The ranges of ids that are too old, of the logs whose hour of the day it is. All logs go first
  // and in every run: what refers to the rollups of single logs must be gone before those.
  void plan_rollups() {
    const int64_t hour = hour_of(policy_.now_ms);
    int64_t cutoff = hour - policy_.rollup_days * kHoursPerDay;
    cutoff -= cutoff % kHoursPerDay;  // days and their hours go together
    if (cutoff <= 0) return;
    std::vector<int64_t> log_nos = {kAllLogs};
    for (const LogRow& log : logs_) log_nos.push_back(log.state.log_no);
    for (const int64_t log : log_nos) {
      if (log != kAllLogs && log % kHoursPerDay != hour % kHoursPerDay) continue;
      for (int level = 0; level < kLevels; ++level) {
        const auto at = static_cast<RollupLevel>(level);
        rollup_ranges_.push_back({rollup_id(at, log, 0), rollup_id(at, log, cutoff - 1)});
      }
    }
  }

  Step remove_rollups() {
    if (rollup_ranges_.empty()) return done();
    const auto& [first, last] = rollup_ranges_.front();
    spend(1);
    return write({Statement{StatementId::kRollupRemove,
                            {first, last, rollup_key(first)->log_no, kRollupsPerStep}}},
                 &Retain::on_rollups_removed);
  }

  Result<Step> on_rollups_removed(Reply& reply) {
    const uint64_t removed = reply.results.at(0).changes;
    result_.rollups += removed;
    if (removed < static_cast<uint64_t>(kRollupsPerStep)) rollup_ranges_.pop_front();
    return next_step();
  }

  Step read_counted(Statement statement, State next) {
    spend(1);
    return read({std::move(statement)}, next);
  }
  void spend(uint64_t statements) {
    policy_.statements -= std::min(policy_.statements, statements);
  }
  int64_t log_no() const { return logs_.front().state.log_no; }

  struct Removal {  // the beginning of the log, up to the row that begins with `last`
    uint64_t segments = 0;
    uint64_t events = 0;
    uint64_t last = 0;
  };
  struct IdRange {
    int64_t first = 0;
    int64_t last = 0;
  };

  RetentionPolicy policy_;  // its budgets are what is left
  RetentionProgress& result_;
  std::deque<LogRow> logs_;
  uint64_t walked_ = 0;  // of the first log: end of the last row seen
  Removal removal_;
  Removal held_;                      // rows from the future that an old one must follow
  std::optional<SegmentRow> newest_;  // of the first log: a gap shall take its place
  bool log_ended_ = false;            // there is nothing more to remove
  std::deque<IdRange> rollup_ranges_;
};

}  // namespace

OperationPtr retain(RetentionPolicy policy, RetentionProgress* result) {
  return std::make_unique<Retain>(policy, result);
}

}  // namespace weir
