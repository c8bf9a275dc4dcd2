// shrink: removes the oldest segments until so many bytes are gone, whatever their age.
//
// First what nobody waits for, log by log from its beginning, the oldest log first. Only if that is
// not enough, and then from the beginning again, what a receiver has not got yet: a gap stays in
// its place, so that the receiver learns that it will not come. What is in no rollup yet stays, and
// so does the newest row of each log: it tells where the log ends.
//
// Each group asserts the rows as they were listed, so that a repeat, or somebody who merged them
// meanwhile, changes nothing; then the log is looked at again.
#include <deque>

#include "log_rows.h"
#include "machine.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 32;
constexpr int kConflictsMax = 3;

class Shrink final : public Machine<Shrink> {
 public:
  Shrink(const ShrinkPolicy& policy, ShrinkProgress* result)
      : Machine(&Shrink::begin), policy_(policy), result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    result_ = {};
    return list_logs();
  }

  Step list_logs() { return read({log_range(kFirstLog, kLogNumberMax)}, &Shrink::on_logs); }

  Result<Step> on_logs(Reply& reply) {
    logs_.clear();
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(LogRow log, log_row_at(rows, i));
      logs_.push_back(std::move(log));
    }
    return next_step();
  }

  Step next_step() {
    if (result_.bytes >= policy_.bytes) return done();
    if (result_.segments >= policy_.segments_max) {
      result_.done = false;
      return done();
    }
    if (!logs_.empty()) return read({segment_list(log_no(), 0, kRowsPerStep)}, &Shrink::on_rows);
    if (!policy_.keep_unacked || unacked_too_) return done();  // there is no more
    unacked_too_ = true;
    return list_logs();
  }

  Result<Step> on_rows(Reply& reply) {
    WEIR_ASSIGN(const std::vector<SegmentRow> rows, segment_rows(reply.results.at(0), log_no()));
    range_ = {};
    for (const SegmentRow& row : rows) {
      if (!may_go(row) || result_.bytes + range_.bytes >= policy_.bytes) break;
      add(row);
    }
    // A gap alone is what an earlier run left for the receiver.
    if (range_.rows == 0 || (range_.unacked && range_.events == 0)) {
      logs_.pop_front();
      return next_step();
    }
    if (!range_.unacked) return remove(std::nullopt);
    return read({segment_data(log_no(), range_.last, range_.last, 1)}, &Shrink::on_last);
  }

  bool may_go(const SegmentRow& row) const {
    const LogRow& log = logs_.front();
    const bool acked = !policy_.keep_unacked || row.end() <= log.state.acked;
    if (range_.rows > 0 && range_.unacked == acked) return false;  // one kind at a time
    return row.first != log.newest.first && row.end() <= log.state.rolled_through &&
           (acked || unacked_too_);
  }

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
         {ledger_id(log_no(), hour_of(policy_.now_ms)), as_integer(range_.events)}},
        {StatementId::kSegmentRemove, {first, last}}};
    if (gap) {
      const Result<SegmentHead> head = read_segment_head(*gap);
      WEIR_CHECK(head.ok());  // our own bytes
      group.push_back({StatementId::kSegmentPut, segment_values(log_no(), *head, std::move(*gap))});
    }
    return write(std::move(group), &Shrink::on_removed);
  }

  Result<Step> on_removed(Reply&) {
    result_.segments += range_.rows;
    result_.events += range_.events;
    result_.bytes += range_.bytes;
    if (range_.unacked) result_.unacked_events += range_.events;
    return next_step();
  }

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
  std::deque<LogRow> logs_;
  Range range_;
  bool unacked_too_ = false;
  int conflicts_ = 0;
};

}  // namespace

OperationPtr shrink(ShrinkPolicy policy, ShrinkProgress* result) {
  return std::make_unique<Shrink>(policy, result);
}

}  // namespace weir
