// merge_segments: makes one segment of neighbours that were flushed apart, log by log.
//
// A log is walked from where an earlier run has come to. A run of rows that follow each other
// within one finished hour (or day) is read a few rows at a time and put together in memory; then
// one group asserts that the rows are still the ones that were read, removes them and stores the
// merged one in their place. Readers know events by their numbers, so they see the same log before
// and after.
//
// Left alone, and the end of a run: gaps, what fails its checks, what is in the object store, the
// newest row (guards of writers expect it), and what is not rolled up yet. Of what is merged
// nothing is decided anew: the same events in the same order, and the counters of the last head.
#include <algorithm>
#include <deque>
#include <optional>

#include "log_rows.h"
#include "machine.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 64;
constexpr uint64_t kEventsPerStep = 16384;  // decoded and added: a few milliseconds
constexpr int kConflictsMax = 3;

// Rows that become one segment: what has been read of them so far.
struct MergeRun {
  uint64_t first = 0;
  uint64_t last = 0;  // number of the last row's first event
  uint64_t end = 0;
  int64_t span = 0;  // hours or days since 1970
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t crcs = 0;  // their sum
  LogId log;
  LedgerCounters ledger;

  uint64_t count() const { return end - first; }
};

class MergeSegments final : public Machine<MergeSegments> {
 public:
  MergeSegments(const MergePolicy& policy, MergeProgress* result)
      : Machine(&MergeSegments::begin),
        policy_(policy),
        events_max_(policy.events_max),
        result_(*result),
        builder_(policy.span_ms) {}

 private:
  Result<Step> begin(Reply&) {
    MergeProgress fresh;
    fresh.through.swap(result_.through);
    result_ = std::move(fresh);
    return read({log_range(kFirstLog, kLogNumberMax)}, &MergeSegments::on_logs);
  }

  Result<Step> on_logs(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(LogRow log, log_row_at(rows, i));
      if (result_.through[log.state.log_no] < log.newest.first) logs_.push_back(std::move(log));
    }
    return next_step();
  }

  Step next_step() {
    if (logs_.empty()) return done();
    if (result_.merges >= policy_.merges_max) {
      result_.done = false;
      return done();
    }
    const uint64_t from = run_.rows > 0 ? run_.end : through();
    return read({segment_list(log_no(), from, kRowsPerStep)}, &MergeSegments::on_rows);
  }

  Result<Step> on_rows(Reply& reply) {
    WEIR_ASSIGN(rows_, segment_rows(reply.results.at(0), log_no()));
    const bool more = rows_.size() == kRowsPerStep;
    const uint64_t from = run_.rows > 0 ? run_.end : through();
    std::erase_if(rows_, [&](const SegmentRow& row) { return row.first < from; });
    if (run_.rows > 0) {
      if (rows_.empty() || !extends_run(rows_.front())) return finish_run();
    } else if (!find_run(more)) {
      return next_step();
    }
    rows_.resize(rows_of_step());
    return read({segment_data(log_no(), rows_.front().first, rows_.back().first, rows_.size())},
                &MergeSegments::on_bytes);
  }

  // --- What may be merged ---

  bool is_settled(const SegmentRow& row) const {
    const LogState& log = logs_.front().state;
    return row.end() <= log.rolled_through && row.first < logs_.front().newest.first &&
           (!policy_.acked_only || row.end() <= log.acked) &&
           (span_of(row.last_ms) + 1) * policy_.span_ms + policy_.delay_ms <= policy_.now_ms;
  }
  bool is_mergeable(const SegmentRow& row) const {
    return row.kind == RowKind::kEvents && row.bytes.has_value() && is_settled(row) &&
           row.count <= policy_.inputs_max && span_of(row.first_ms) == span_of(row.last_ms);
  }
  // Whether `row` goes on where rows of these numbers, span and sizes end.
  bool extends(const SegmentRow& row, uint64_t end, int64_t span, uint64_t count,
               uint64_t bytes) const {
    return row.first == end && is_mergeable(row) && span_of(row.first_ms) == span &&
           count + row.count <= events_max_ && bytes + *row.bytes <= policy_.bytes_max;
  }
  bool extends_run(const SegmentRow& row) const {
    return extends(row, run_.end, run_.span, run_.count(), builder_.bytes_estimate());
  }

  // Drops the rows before the first that has a partner. False if there is none in the list: the
  // next list begins with the last row, if there are `more` and all of these are settled.
  bool find_run(bool more) {
    size_t at = 0;
    for (; at < rows_.size() && (is_settled(rows_[at]) || rows_[at].count == 0); ++at) {
      const SegmentRow& row = rows_[at];
      result_.through[log_no()] = row.first;
      if (at + 1 == rows_.size()) break;
      if (is_mergeable(row) &&
          extends(rows_[at + 1], row.end(), span_of(row.first_ms), row.count, *row.bytes)) {
        rows_.erase(rows_.begin(), rows_.begin() + static_cast<ptrdiff_t>(at));
        return true;
      }
    }
    if (!more || at + 1 != rows_.size()) logs_.pop_front();
    return false;
  }

  // How many of the rows, at least one, are read next.
  size_t rows_of_step() const {
    const size_t limit = rows_of_one_group(rows_, 0, rows_.size());
    uint64_t count = 0;
    size_t taken = 0;
    for (; taken < limit; ++taken) {
      const SegmentRow& row = rows_[taken];
      const bool follows = taken == 0 || (row.first == rows_[taken - 1].end() &&
                                          is_mergeable(row) && count < kEventsPerStep);
      if (!follows) break;
      count += row.count;
    }
    return taken;
  }

  // --- The run ---

  Result<Step> on_bytes(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows_.size(); ++i) {
      const SegmentRow& listed = rows_[i];
      if (run_.rows > 0 && !extends_run(listed)) return finish_run();
      if (i >= rows.rows.size()) return Status(Code::kConflict, "the log changes");
      WEIR_ASSIGN(const SegmentBytes segment, segment_bytes_at(rows, i, log_no()));
      if (segment.first != listed.first || segment.crc != listed.crc) {
        return Status(Code::kConflict, "the log changes while it is merged");
      }
      const Result<SegmentReader> reader = open_segment(segment);
      if (!reader.ok()) ++result_.unreadable;
      if (!reader.ok() || !add(*reader, listed).ok()) return end_run_before(segment);
    }
    return next_step();
  }

  Status add(const SegmentReader& reader, const SegmentRow& row) {
    WEIR_TRY(builder_.add(reader));
    if (run_.rows == 0) {
      run_.first = row.first;
      run_.span = span_of(row.first_ms);
    }
    run_.log = reader.head().log;
    run_.ledger = reader.head().ledger;
    run_.last = row.first;
    run_.end = row.end();
    run_.rows += 1;
    run_.bytes += *row.bytes;
    run_.crcs += row.crc;
    return {};
  }

  // Bytes that fail their checks, or dictionaries that do not fit: the run ends before them. If it
  // is empty, the next one begins behind them.
  Step end_run_before(const SegmentBytes& segment) {
    if (run_.rows > 0) return finish_run();
    clear_run();
    result_.through[log_no()] = segment.end();
    return next_step();
  }

  Step finish_run() {
    if (run_.rows < 2) {
      result_.through[log_no()] = std::max(through(), run_.end);
      clear_run();
      return next_step();
    }
    encoding_ = builder_.start_encoding({run_.log, run_.first, false, run_.ledger});
    return encode();
  }

  // The host may do something else between the parts of a large segment.
  Step encode() {
    while (encoding_->step()) {
      if (run_.count() > kEventsPerStep) return emit({}, &MergeSegments::on_encoded);
    }
    Bytes merged = encoding_->segment();
    encoding_.reset();
    if (merged.size() > policy_.bytes_max) {  // dictionaries that share too little
      events_max_ = run_.count() / 2;
      clear_run();
      return next_step();
    }
    return replace_rows(std::move(merged));
  }
  Result<Step> on_encoded(Reply&) { return encode(); }

  Step replace_rows(Bytes merged) {
    merged_bytes_ = merged.size();
    const auto as_integer = [](uint64_t value) { return static_cast<int64_t>(value); };
    const int64_t first = segment_id(log_no(), run_.first);
    const int64_t last = segment_id(log_no(), run_.last);
    const Result<SegmentHead> head = read_segment_head(merged);
    WEIR_CHECK(head.ok());  // our own bytes
    return write(
        {{StatementId::kSegmentsAssert,
          {first, last, as_integer(run_.rows), as_integer(run_.count()), as_integer(run_.crcs)}},
         {StatementId::kSegmentRemove, {first, last}},
         {StatementId::kSegmentPut, segment_values(log_no(), *head, std::move(merged))}},
        &MergeSegments::on_written);
  }

  Result<Step> on_written(Reply&) {
    result_.merges += 1;
    result_.segments += run_.rows;
    result_.bytes_before += run_.bytes;
    result_.bytes_after += merged_bytes_;
    result_.through[log_no()] = run_.end;
    events_max_ = policy_.events_max;
    clear_run();
    return next_step();
  }

  // Somebody else changed the rows, or an earlier try has come through: what is there is looked at
  // again.
  Step failed(Status status) override {
    const bool again = status.code() == Code::kConflict && ++conflicts_ <= kConflictsMax;
    if (!again) return Done{std::move(status)};
    clear_run();
    return next_step();
  }

  int64_t span_of(int64_t time_ms) const { return time_ms / policy_.span_ms; }
  void clear_run() {
    run_ = {};
    encoding_.reset();
    builder_.clear();
  }
  int64_t log_no() const { return logs_.front().state.log_no; }
  uint64_t through() const { return result_.through.at(log_no()); }

  const MergePolicy policy_;
  uint64_t events_max_;  // the policy's, or less after a run that became too large
  MergeProgress& result_;
  std::deque<LogRow> logs_;
  std::vector<SegmentRow> rows_;  // of the step under way
  MergeRun run_;
  SegmentBuilder builder_;  // the events of run_
  std::optional<SegmentBuilder::Encoding> encoding_;
  uint64_t merged_bytes_ = 0;
  int conflicts_ = 0;
};

}  // namespace

OperationPtr merge_segments(MergePolicy policy, MergeProgress* result) {
  return std::make_unique<MergeSegments>(policy, result);
}

}  // namespace weir
