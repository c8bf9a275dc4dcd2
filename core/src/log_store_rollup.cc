// advance_rollups: brings the logs' watermarks forward, one delta and one writing group at a time.
//
// A delta is read and summed up first, then merged into the stored rollups in one group that begins
// with an assert on the log's watermark and on the count of changes to rollups. Whoever lost the
// race finds the assert failed and nothing changed; after a lost answer the watermark tells.
#include <algorithm>
#include <deque>
#include <utility>

#include "machine.h"
#include "rollup_delta.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 64;
// A step's statements besides the rollups: rows, bytes, old rollups; assert, advance, and for a
// segment that fails its checks ledger and mark.
constexpr uint64_t kStepStatements = 3 + 4;
static_assert(1 + kStepStatements + kRollupsPerHour == kRollupStatementsMin);
static_assert(4 + kRollupGetIds <= kStatementsPerRequestMax);

class AdvanceRollups final : public Machine<AdvanceRollups> {
 public:
  AdvanceRollups(int64_t now_ms, RollupBudget budget, RollupProgress* result)
      : Machine(&AdvanceRollups::begin), now_ms_(now_ms), budget_(budget), result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    result_ = {};
    if (budget_.statements < kRollupStatementsMin) {
      return Status(Code::kInvalid, "the budget of statements is too small");
    }
    --budget_.statements;
    return read({log_range(kAllLogs, kLogNumberMax)}, &AdvanceRollups::on_logs);
  }

  Result<Step> on_logs(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(LogRow log, log_row_at(rows, i));
      if (log.state.log_no == kAllLogs) {
        changes_ = log.state.rolled_through;
      } else if (log.state.rolled_through < log.state.end) {
        logs_.push_back(std::move(log));
      }
    }
    std::sort(logs_.begin(), logs_.end(), [](const LogRow& left, const LogRow& right) {
      return std::pair(left.rolled_ms, left.state.log_no) <
             std::pair(right.rolled_ms, right.state.log_no);
    });
    return step_of_front();
  }

  // The next delta of the first log in the queue.
  Step step_of_front() {
    if (logs_.empty()) return done();
    if (budget_.statements < kStepStatements + kRollupsPerHour || budget_.events == 0) {
      result_.done = false;
      return done();
    }
    const LogState& log = logs_.front().state;
    const uint64_t hours = (budget_.statements - kStepStatements) / kRollupsPerHour;
    delta_.emplace(log.rolled_through, now_ms_, std::min<uint64_t>(hours, kDeltaHoursMax));
    --budget_.statements;
    return read({segment_list(log.log_no, log.rolled_through, kRowsPerStep)},
                &AdvanceRollups::on_rows);
  }

  Step step_of_next() {
    logs_.pop_front();
    whole_tail_ = false;
    return step_of_front();
  }

  Result<Step> on_rows(Reply& reply) {
    const LogState& log = logs_.front().state;
    WEIR_ASSIGN(rows_, segment_rows(reply.results.at(0), log.log_no));
    rows_.resize(ripe_rows());
    if (rows_.empty()) return step_of_next();
    --budget_.statements;
    return read({segment_data(log.log_no, rows_.front().first, rows_.back().first, rows_.size())},
                &AdvanceRollups::on_bytes);
  }

  // How many rows from the first on are to be rolled up in one step.
  size_t ripe_rows() {
    const size_t limit = rows_of_one_group(rows_, 0, rows_.size());
    uint64_t events = 0;
    size_t taken = 0;
    while (taken < limit && is_ripe(rows_[taken]) && (taken == 0 || events < budget_.events)) {
      events += rows_[taken++].count;
    }
    return taken;
  }

  // Its hour is over, or cannot be waited for, or readers would have to decode too long a tail.
  bool is_ripe(const SegmentRow& row) {
    if (!row.bytes.has_value()) return false;  // in the object store, which is not read here
    if (row.kind != RowKind::kEvents) return true;
    if (row.last_ms > now_ms_ + kSkewFutureMs) return budget_.takes_future;
    if ((hour_of(row.last_ms) + 1) * kHourMs <= now_ms_) return true;
    const LogState& log = logs_.front().state;
    const uint64_t tail = log.end - std::max(row.first, log.rolled_through);
    whole_tail_ = whole_tail_ || tail > budget_.tail_events_max;
    return whole_tail_;
  }

  Result<Step> on_bytes(Reply& reply) {
    const LogState& log = logs_.front().state;
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(const SegmentBytes segment, segment_bytes_at(rows, i, log.log_no));
      // Rows may have been cut anew since they were listed; what is in between must not be skipped.
      if (segment.first != rows_[i].first || !delta_->add(segment)) break;
    }
    if (delta_->watermark() == log.rolled_through) return step_of_next();
    std::vector<Value> ids;
    for (const int64_t id : delta_->rollup_ids(log.log_no)) ids.emplace_back(id);
    if (ids.empty()) return write_delta({});
    ids.resize(kRollupGetIds, int64_t{-1});  // no rollup has a negative id
    --budget_.statements;
    return read({Statement{StatementId::kRollupGet, std::move(ids)}}, &AdvanceRollups::on_rollups);
  }

  Result<Step> on_rollups(Reply& reply) {
    std::map<int64_t, Rollup> stored;
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      bool sketch_ok = true;
      WEIR_ASSIGN(Rollup rollup, rollup_at(rows, i, &sketch_ok));
      WEIR_ASSIGN(const int64_t id, integer_at(rows, i, 0));
      WEIR_ASSIGN(const RollupKey key, rollup_key(id));
      if (!sketch_ok && rollup.of_log == 0) result_.corrupt_hours.insert(key.hour);
      stored.emplace(id, std::move(rollup));
    }
    return write_delta(stored);
  }

  Step write_delta(const std::map<int64_t, Rollup>& stored) {
    const LogState& log = logs_.front().state;
    const auto as_integer = [](uint64_t value) { return static_cast<int64_t>(value); };
    std::vector<Statement> group = {
        {StatementId::kRollupAssert,
         {log.log_no, as_integer(log.rolled_through), as_integer(changes_)}}};
    for (const int64_t id : delta_->rollup_ids(log.log_no)) {
      group.push_back(rollup_put(id, delta_->sum_of(id, log.log_no, stored)));
    }
    if (const auto& corrupt = delta_->corrupt(); corrupt.has_value()) {
      group.push_back(
          {StatementId::kLedgerCorrupt,
           {ledger_id(log.log_no, hour_of(now_ms_)), as_integer(delta_->corrupt_events())}});
      group.push_back({StatementId::kSegmentMarkCorrupt,
                       {segment_id(log.log_no, corrupt->first), int64_t{corrupt->crc}}});
    }
    group.push_back(
        {StatementId::kRollupAdvance, {log.log_no, as_integer(delta_->watermark()), now_ms_}});
    budget_.statements -= group.size();
    return write(std::move(group), &AdvanceRollups::on_written);
  }

  Result<Step> on_written(Reply&) {
    LogState& log = logs_.front().state;
    log.rolled_through = delta_->watermark();
    ++changes_;
    result_.events += delta_->events();
    result_.skewed += delta_->skewed();
    result_.corrupt += delta_->corrupt_events();
    budget_.events -= std::min(budget_.events, delta_->events());
    return log.rolled_through < log.end ? step_of_front() : step_of_next();
  }

  // Somebody else rolled up at the same time: what they did not do is left to the next run.
  Step failed(Status status) override {
    if (status.code() != Code::kConflict) return Done{std::move(status)};
    result_.done = false;
    return done();
  }

  const int64_t now_ms_;
  RollupBudget budget_;
  RollupProgress& result_;
  std::deque<LogRow> logs_;       // with something to roll up, in order
  uint64_t changes_ = 0;          // to rollups so far, as the database counts them
  std::vector<SegmentRow> rows_;  // of the step under way
  std::optional<RollupDelta> delta_;
  bool whole_tail_ = false;  // of the first log: roll up to its end
};

}  // namespace

OperationPtr advance_rollups(int64_t now_ms, RollupBudget budget, RollupProgress* result) {
  return std::make_unique<AdvanceRollups>(now_ms, budget, result);
}

}  // namespace weir
