// rehome_log: moves the end of a log into a new log after a fork.
//
// Event `from + n` of the old log becomes event n of the new one; in the old log a gap takes its
// place. Segments move a few at a time, each in a group that asserts both what it takes away and
// where it puts it, so that at every moment each event is in exactly one of the logs. The new log's
// end tells how far an earlier try has come. What the rollups hold of the old log they hold once:
// the new log's watermark covers it.
#include <algorithm>

#include "log_rows.h"
#include "machine.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 8;
// Two asserts and a watermark; per row an assert, the new row, its gap, and its count if its bytes
// fail their checks; once what stays before the fork.
static_assert(3 + 4 * kRowsPerStep + 1 <= kStatementsPerRequestMax);

int64_t as_integer(uint64_t value) { return static_cast<int64_t>(value); }

class RehomeLog final : public Machine<RehomeLog> {
 public:
  RehomeLog(int64_t old_log_no, uint64_t from, int64_t new_log_no, const LogId& new_log,
            int64_t now_ms)
      : Machine(&RehomeLog::list),
        old_no_(old_log_no),
        from_(from),
        new_no_(new_log_no),
        new_log_(new_log),
        now_ms_(now_ms) {}

 private:
  Result<Step> list(Reply&) {
    return read(
        {log_range(old_no_, old_no_), log_range(new_no_, new_no_), log_range(kAllLogs, kAllLogs)},
        &RehomeLog::on_logs);
  }

  Result<Step> on_logs(Reply& reply) {
    WEIR_ASSIGN(old_, only_log(reply.results.at(0)));
    WEIR_ASSIGN(new_, only_log(reply.results.at(1)));
    WEIR_ASSIGN(all_, only_log(reply.results.at(2)));
    if (new_.state.log != new_log_ || old_no_ == new_no_) {
      return Status(Code::kInvalid, "the new log is another one");
    }
    position_ = from_ + new_.state.end;
    if (position_ > std::max(old_.state.end, from_)) {
      return Status(Code::kConflict, "the new log is not empty");
    }
    if (position_ >= old_.state.end) return done();
    return read({segment_list(old_no_, position_, kRowsPerStep)}, &RehomeLog::on_rows);
  }

  Result<Step> on_rows(Reply& reply) {
    WEIR_ASSIGN(std::vector<SegmentRow> rows, segment_rows(reply.results.at(0), old_no_));
    if (!rows.empty() && rows.front().first > position_) return add_expired(rows.front().first);
    std::erase_if(rows, [&](const SegmentRow& row) { return row.end() <= position_; });
    rows.resize(rows_of_one_group(rows, 0, rows.size()));
    if (rows.empty() || rows.front().first > position_) {
      return Status(Code::kCorrupt, "events that are to move are missing");
    }
    return read({segment_data(old_no_, rows.front().first, rows.back().first, rows.size())},
                &RehomeLog::on_bytes);
  }

  // The old log has lost its beginning, up to `end`, to its age: what of that was to move is gone.
  Result<Step> add_expired(uint64_t end) {
    Bytes gap =
        encode_gap(new_log_, position_ - from_, end - from_, GapReason::kExpired, now_ms_, {});
    WEIR_ASSIGN(const SegmentHead head, read_segment_head(gap));
    std::vector<Statement> group = asserts();
    group.push_back(segment_append(new_no_, new_.newest, head, std::move(gap)));
    return write(std::move(group), &RehomeLog::list);
  }

  // That nobody else has changed the logs meanwhile.
  std::vector<Statement> asserts() const {
    std::vector<Value> newest;
    add_newest(new_no_, new_.newest, &newest);
    return {
        {StatementId::kRollupAssert,
         {old_no_, as_integer(old_.state.rolled_through), as_integer(all_.state.rolled_through)}},
        {StatementId::kSegmentAssert, std::move(newest)}};
  }

  Result<Step> on_bytes(Reply& reply) {
    std::vector<Statement> group = asserts();
    Newest expected = new_.newest;
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(const SegmentBytes segment, segment_bytes_at(rows, i, old_no_));
      if (segment.first > position_) break;  // cut anew since it was listed: the next step sees
      WEIR_TRY(move(segment, &expected, &group));
    }
    const uint64_t rolled = std::min(old_.state.rolled_through, position_);
    if (rolled > from_ + new_.state.rolled_through) {
      group.push_back(
          {StatementId::kRollupAdvance, {new_no_, as_integer(rolled - from_), now_ms_}});
    }
    return write(std::move(group), &RehomeLog::list);
  }

  // Adds the statements that move what a row holds from position_ on.
  Status move(const SegmentBytes& segment, Newest* expected, std::vector<Statement>* group) {
    const int64_t id = segment_id(old_no_, segment.first);
    group->push_back({StatementId::kSegmentAssert,
                      {id, static_cast<int64_t>(segment.count), int64_t{segment.crc}, id}});
    WEIR_ASSIGN(Bytes moved, moved_part(segment, group));
    WEIR_ASSIGN(const SegmentHead head, read_segment_head(moved));
    group->push_back(segment_append(new_no_, *expected, head, std::move(moved)));
    *expected = newest_of(head);
    WEIR_TRY(put_old(encode_gap(old_.state.log, position_, segment.end(), GapReason::kForked,
                                now_ms_, head.ledger),
                     group));
    position_ = segment.end();
    return {};
  }

  // The segment as the new log has it. Bytes that fail their checks move as a gap, and are counted.
  Result<Bytes> moved_part(const SegmentBytes& segment, std::vector<Statement>* group) {
    const Result<SegmentReader> reader = open_segment(segment);
    if (!reader.ok()) {
      if (segment.kind == RowKind::kEvents) {
        group->push_back(
            {StatementId::kLedgerCorrupt,
             {ledger_id(new_no_, hour_of(now_ms_)), static_cast<int64_t>(segment.count)}});
      }
      return moved_gap(segment, GapReason::kCorrupt, now_ms_, {}, group);
    }
    const SegmentHead& head = reader->head();
    if (head.kind == SegmentKind::kGap) {
      return moved_gap(segment, head.gap_reason, head.first_ms, head.ledger, group);
    }
    const uint64_t first = position_ - from_;
    if (segment.first == position_) {
      return rewrite_segment_head(
          segment.bytes, {.log = new_log_, .first = first, .open = false, .ledger = head.ledger});
    }
    return split(*reader, group);
  }

  Result<Bytes> moved_gap(const SegmentBytes& gap, GapReason reason, int64_t time_ms,
                          const LedgerCounters& ledger, std::vector<Statement>* group) {
    if (gap.first < position_) {  // the fork lies within it
      WEIR_TRY(put_old(encode_gap(old_.state.log, gap.first, position_, reason, time_ms, ledger),
                       group));
    }
    return encode_gap(new_log_, position_ - from_, gap.end() - from_, reason, time_ms, ledger);
  }

  // The fork lies within a segment: its beginning stays in the old log under its id.
  Result<Bytes> split(const SegmentReader& reader, std::vector<Statement>* group) {
    SegmentBuilder stays(kDayMs);
    SegmentBuilder moves(kDayMs);
    const SegmentHead& head = reader.head();
    for (size_t i = 0; i < reader.count(); ++i) {
      WEIR_TRY((head.first + i < position_ ? stays : moves).add(reader.event(i)));
    }
    LedgerCounters before = head.ledger;
    before.offered -= std::min<uint64_t>(before.offered, moves.count());
    WEIR_TRY(put_old(stays.encode({old_.state.log, head.first, false, before}), group));
    return moves.encode({new_log_, position_ - from_, false, head.ledger});
  }

  Status put_old(Bytes segment, std::vector<Statement>* group) {
    WEIR_ASSIGN(const SegmentHead head, read_segment_head(segment));
    group->push_back({StatementId::kSegmentPut, segment_values(old_no_, head, std::move(segment))});
    return {};
  }

  const int64_t old_no_;
  const uint64_t from_;
  const int64_t new_no_;
  const LogId new_log_;
  const int64_t now_ms_;
  LogRow old_;
  LogRow new_;
  LogRow all_;
  uint64_t position_ = 0;  // of the old log: what comes before has moved
};

}  // namespace

OperationPtr rehome_log(int64_t old_log_no, uint64_t from, int64_t new_log_no, const LogId& new_log,
                        int64_t now_ms) {
  return std::make_unique<RehomeLog>(old_log_no, from, new_log_no, new_log, now_ms);
}

}  // namespace weir
