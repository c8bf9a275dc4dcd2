// cut_log: reads a log from a number on and cuts it anew, whatever its stored segments are.
//
// Rows are listed, then their bytes are fetched, in two steps; what was cut anew by somebody else
// in between no longer matches the list and is listed again. So a gap is declared only where one
// list shows that numbers are missing.
#include "log_rows.h"
#include "machine.h"
#include "segment_cutter.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 64;
constexpr int kStepsWithoutProgressMax = 3;

class CutLog final : public Machine<CutLog> {
 public:
  CutLog(int64_t log_no, uint64_t from, int64_t now_ms, CutLimits limits, CutResult* result)
      : Machine(&CutLog::begin),
        log_no_(log_no),
        from_(from),
        now_ms_(now_ms),
        limits_(limits),
        result_(*result) {}

 private:
  Result<Step> begin(Reply&) { return list(from_); }

  Step list(uint64_t position) {
    return read({log_range(log_no_, log_no_), segment_list(log_no_, position, kRowsPerStep)},
                &CutLog::on_rows);
  }

  Result<Step> on_rows(Reply& reply) {
    WEIR_ASSIGN(const LogRow log, only_log(reply.results.at(0)));
    WEIR_ASSIGN(rows_, segment_rows(reply.results.at(1), log_no_));
    end_ = log.state.end;
    if (!cutter_)
      cutter_ = std::make_unique<SegmentCutter>(log.state.log, from_, limits_, &result_);
    std::erase_if(rows_, [&](const SegmentRow& row) { return row.end() <= position(); });
    if (position() >= end_ || rows_.empty()) return finish();
    if (rows_.front().first > position()) {
      cutter_->add_gap(rows_.front().first, GapReason::kExpired, now_ms_);
    }
    rows_.resize(rows_of_one_group(rows_, 0, rows_.size()));
    return read({segment_data(log_no_, rows_.front().first, rows_.back().first, rows_.size())},
                &CutLog::on_bytes);
  }

  Result<Step> on_bytes(Reply& reply) {
    const uint64_t before = position();
    WEIR_TRY(add_rows(reply.results.at(0)));
    if (cutter_->full() || position() >= end_) return finish();
    steps_without_progress_ = position() == before ? steps_without_progress_ + 1 : 0;
    if (steps_without_progress_ > kStepsWithoutProgressMax) {
      return Status(Code::kConflict, "the log changes while it is cut");
    }
    return list(position());
  }

  // Adds what matches the list, up to the first that does not, or a hole.
  Status add_rows(const Rows& rows) {
    for (size_t i = 0; i < rows.rows.size() && !cutter_->full(); ++i) {
      if (null_at(rows, i, 4)) {
        return Status(Code::kUnsupported, "a segment is in the object store");
      }
      WEIR_ASSIGN(const SegmentBytes segment, segment_bytes_at(rows, i, log_no_));
      const SegmentRow& listed = rows_.at(i);
      const bool same = segment.first == listed.first && segment.count == listed.count &&
                        segment.crc == listed.crc;
      if (!same || segment.first > position()) return {};
      WEIR_TRY(add_segment(segment));
    }
    return {};
  }

  Status add_segment(const SegmentBytes& segment) {
    const Result<SegmentReader> reader = open_segment(segment);
    if (!reader.ok()) {
      cutter_->add_gap(segment.end(), GapReason::kCorrupt, now_ms_);
      return {};
    }
    const SegmentHead& head = reader->head();
    cutter_->set_ledger(head.ledger, head.end());
    if (head.kind == SegmentKind::kEvents) return cutter_->add(*reader);
    cutter_->add_gap(head.end(), head.gap_reason, head.first_ms);
    return {};
  }

  Step finish() {
    if (position() >= end_) cutter_->finish(now_ms_);
    result_.more = result_.end < end_;
    return done();
  }

  uint64_t position() const { return cutter_->position(); }

  const int64_t log_no_;
  const uint64_t from_;
  const int64_t now_ms_;
  const CutLimits limits_;
  CutResult& result_;
  std::unique_ptr<SegmentCutter> cutter_;
  std::vector<SegmentRow> rows_;  // of the step under way
  uint64_t end_ = 0;              // of the log, as last read
  int steps_without_progress_ = 0;
};

}  // namespace

OperationPtr cut_log(int64_t log_no, uint64_t from, int64_t now_ms, CutLimits limits,
                     CutResult* result) {
  return std::make_unique<CutLog>(log_no, from, now_ms, limits, result);
}

}  // namespace weir
