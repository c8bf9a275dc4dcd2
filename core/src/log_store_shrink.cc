// shrink: removes the oldest segments until so many bytes are gone, whatever their age, and where
// there are none that may go, the oldest statistics.
//
// First what nobody waits for, log by log from its beginning, the oldest log first. Only if that is
// not enough, and then from the beginning again, what a receiver has not got yet: a gap stays in
// its place, so that the receiver learns that it will not come. What is in no rollup yet stays, and
// so does the newest row of each log, which tells where the log ends; a log that goes on no more
// ends as well in a gap.
//
// A run that has found no such segment removes the oldest day of rollups. How much room that makes
// the caller measures. Days of stored events stay, so that every total that can be asked for is
// still right; and so does the day that is under way. Events of implausible times are counted in
// days that only the rollups know: while such are stored, all days stay.
//
// Each group asserts the rows as they were listed, so that a repeat, or somebody who merged them
// meanwhile, changes nothing; then the log is looked at again.
#include <algorithm>
#include <deque>
#include <set>

#include "log_rows.h"
#include "machine.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 32;
constexpr int kConflictsMax = 3;

constexpr int64_t kHoursPerDay = 24;
constexpr uint64_t kRollupsPerRun = 500;  // about: a group of them is begun below that
// Besides the assert and the watermark: days and hours of a log are a statement each.
constexpr size_t kLogsPerGroup = (kStatementsPerRequestMax - 2) / 2;
// Natively those of the log that goes on; where there are more rows nothing is removed.
constexpr int64_t kRowsInUseMax = 1000;

class Shrink final : public Machine<Shrink> {
 public:
  Shrink(const ShrinkPolicy& policy, ShrinkProgress* result)
      : Machine(&Shrink::begin), policy_(policy), result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    result_ = {};
    return read({log_range(kFirstLog, kLogNumberMax)}, &Shrink::on_logs);
  }

  Result<Step> on_logs(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(LogRow log, log_row_at(rows, i));
      log_nos_.push_back(log.state.log_no);
      all_.push_back(std::move(log));
    }
    logs_.assign(all_.begin(), all_.end());
    return next_step();
  }

  // --- Segments ---

  Step next_step() {
    if (result_.bytes >= policy_.bytes) return done();
    if (result_.segments >= policy_.segments_max) {
      result_.done = false;
      return done();
    }
    if (!logs_.empty()) return read({segment_list(log_no(), 0, kRowsPerStep)}, &Shrink::on_rows);
    if (!policy_.keep_unacked || unacked_too_) return look_for_rollups();
    unacked_too_ = true;
    logs_.assign(all_.begin(), all_.end());
    return next_step();
  }

  Result<Step> on_rows(Reply& reply) {
    WEIR_ASSIGN(const std::vector<SegmentRow> rows, segment_rows(reply.results.at(0), log_no()));
    range_ = {};
    for (const SegmentRow& row : rows) {
      if (!may_go(row) || result_.bytes + range_.bytes >= policy_.bytes) break;
      add(row);
    }
    // A gap alone is what an earlier run left.
    if (range_.rows == 0 || (leaves_gap() && range_.events == 0)) {
      logs_.pop_front();
      return next_step();
    }
    if (!leaves_gap()) return remove(std::nullopt);
    return read({segment_data(log_no(), range_.last, range_.last, 1)}, &Shrink::on_last);
  }

  bool may_go(const SegmentRow& row) const {
    const LogRow& log = logs_.front();
    const bool acked = !policy_.keep_unacked || row.end() <= log.state.acked;
    if (range_.rows > 0 && range_.unacked == acked) return false;  // one kind at a time
    if (is_newest(row.end()) &&
        (!has_ended(log, policy_.live_log_no) || row.kind != RowKind::kEvents)) {
      return false;
    }
    return row.end() <= log.state.rolled_through && (acked || unacked_too_);
  }

  bool is_newest(uint64_t row_end) const { return row_end >= logs_.front().state.end; }
  // For the receiver, or because the log ends there.
  bool leaves_gap() const { return range_.unacked || is_newest(range_.end); }

  void add(const SegmentRow& row) {
    if (range_.rows == 0) range_.first = row.first;
    range_.unacked = policy_.keep_unacked && row.end() > logs_.front().state.acked;
    range_.last = row.first;
    range_.end = row.end();
    range_.rows += 1;
    range_.count += row.count;
    range_.crcs += row.crc;
    range_.bytes += row.bytes.value_or(0);
    if (row.kind == RowKind::kEvents) range_.events += row.count;
  }

  // The counters of the log only grow from head to head, so the gap takes those of the last row.
  Result<Step> on_last(Reply& reply) {
    if (reply.results.at(0).rows.empty()) return next_step();  // merged meanwhile
    WEIR_ASSIGN(const SegmentBytes last, segment_bytes_at(reply.results.at(0), 0, log_no()));
    const Result<SegmentHead> head = read_segment_head(last.bytes);
    const LedgerCounters ledger = head.ok() ? head->ledger : LedgerCounters();
    return remove(encode_gap(logs_.front().state.log, range_.first, range_.end, GapReason::kBudget,
                             policy_.now_ms, ledger));
  }

  Step remove(std::optional<Bytes> gap) {
    const auto as_integer = [](uint64_t value) { return static_cast<int64_t>(value); };
    const int64_t first = segment_id(log_no(), range_.first);
    const int64_t last = segment_id(log_no(), range_.last);
    std::vector<Statement> group = {
        {StatementId::kRowsAssert,
         {first, last, as_integer(range_.rows), as_integer(range_.count), as_integer(range_.crcs)}},
        {StatementId::kLedgerExpireBudget,
         {ledger_id(log_no(), hour_of(policy_.now_ms)), first, last}},
        {StatementId::kSegmentRemove, {first, last}}};
    if (gap) group.push_back(gap_put(log_no(), std::move(*gap)));
    return write(std::move(group), &Shrink::on_removed);
  }

  Result<Step> on_removed(Reply&) {
    result_.segments += range_.rows;
    result_.events += range_.events;
    result_.bytes += range_.bytes;
    if (range_.unacked) result_.unacked_events += range_.events;
    return next_step();
  }

  // --- Rollups ---

  // There is no segment left that may go. If some went, there may be room enough by now.
  Step look_for_rollups() {
    if (result_.segments > 0) {
      result_.done = false;
      return done();
    }
    return read({Statement{StatementId::kQueryVersion, {}},
                 Statement{StatementId::kRollupDaysInUse, {kRowsInUseMax}}},
                &Shrink::on_days_in_use);
  }

  Result<Step> on_days_in_use(Reply& reply) {
    WEIR_ASSIGN(version_, integer_at(reply.results.at(0), 0, 0));
    const Rows& rows = reply.results.at(1);
    if (rows.rows.size() == size_t{kRowsInUseMax}) return done();
    days_in_use_.clear();
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(const int64_t day, integer_at(rows, i, 0));
      WEIR_ASSIGN(const int64_t is_rolled, integer_at(rows, i, 1));
      if (is_rolled == 0) return done();  // which days count these events cannot be told
      days_in_use_.insert(day);
    }
    return look_from(0);
  }

  Step look_from(int64_t hour) {
    const int64_t today = day_of(hour_of(policy_.now_ms));
    return read({Statement{StatementId::kRollupOldest, {hour, today}}}, &Shrink::on_oldest);
  }

  Result<Step> on_oldest(Reply& reply) {
    if (null_at(reply.results.at(0), 0, 0)) return done();
    WEIR_ASSIGN(const int64_t hour, integer_at(reply.results.at(0), 0, 0));
    day_ = day_of(hour);
    if (days_in_use_.contains(day_)) return look_from(day_ + kHoursPerDay);
    log_at_ = 0;
    return remove_day();
  }

  // Of some logs. All logs come first, and a day before its hours, so that nothing refers to what
  // is not there. Counted as a change to rollups: who sums them up meanwhile must notice.
  Step remove_day() {
    std::vector<Statement> group = {{StatementId::kRollupAssert, {kAllLogs, version_, version_}}};
    const size_t end = std::min(log_at_ + kLogsPerGroup, log_nos_.size());
    for (; log_at_ < end; ++log_at_) {
      const int64_t log_no = log_nos_[log_at_];
      const int64_t day = rollup_id(RollupLevel::kDay, log_no, day_);
      const int64_t hour = rollup_id(RollupLevel::kHour, log_no, day_);
      group.push_back({StatementId::kRollupRemove, {day, day, log_no, int64_t{1}}});
      group.push_back(
          {StatementId::kRollupRemove, {hour, hour + kHoursPerDay - 1, log_no, kHoursPerDay}});
    }
    group.push_back({StatementId::kRollupAdvance, {kAllLogs, version_, policy_.now_ms}});
    return write(std::move(group), &Shrink::on_day_removed);
  }

  Result<Step> on_day_removed(Reply& reply) {
    ++version_;
    for (size_t i = 1; i + 1 < reply.results.size(); ++i) {
      result_.rollups += reply.results[i].changes;
    }
    if (log_at_ < log_nos_.size() && result_.rollups < kRollupsPerRun) return remove_day();
    result_.done = result_.rollups == 0;
    return done();
  }

  static int64_t day_of(int64_t hour) { return hour - hour % kHoursPerDay; }

  Step failed(Status status) override {
    const bool again = status.code() == Code::kConflict && ++conflicts_ <= kConflictsMax;
    return again ? next_step() : Done{std::move(status)};
  }

  int64_t log_no() const { return logs_.front().state.log_no; }

  struct Range {  // rows at the beginning of the first log
    uint64_t first = 0;
    uint64_t last = 0;  // number of the last row's first event
    uint64_t end = 0;
    uint64_t rows = 0;
    uint64_t count = 0;
    uint64_t events = 0;
    uint64_t crcs = 0;
    uint64_t bytes = 0;
    bool unacked = false;
  };

  const ShrinkPolicy policy_;
  ShrinkProgress& result_;
  std::vector<LogRow> all_;  // as of the beginning: what came to be since goes on
  std::deque<LogRow> logs_;  // of them, those to look at
  Range range_;
  bool unacked_too_ = false;
  std::vector<int64_t> log_nos_ = {kAllLogs};  // and the single ones behind it
  std::set<int64_t> days_in_use_;              // as the hours since 1970 that they begin with
  int64_t version_ = 0;                        // of the rollups: how often they have changed
  int64_t day_ = 0;                            // that is removed
  size_t log_at_ = 0;                          // where its removal goes on
  int conflicts_ = 0;
};

}  // namespace

OperationPtr shrink(ShrinkPolicy policy, ShrinkProgress* result) {
  return std::make_unique<Shrink>(policy, result);
}

}  // namespace weir
