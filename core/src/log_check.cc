// check_logs: walks the segments of every log, then the ledger of each, then the rollups.
//
// Reading goes page by page, so that memory is bounded by a page and a few numbers per segment.
// What is to be mended is one guarded group per row; after a lost answer a repeat finds the row as
// it should be.
#include <algorithm>
#include <deque>
#include <numeric>

#include "machine.h"
#include "rollup_check.h"
#include "row_check.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr size_t kRowsPerStep = 64;
constexpr int64_t kRollupsPerStep = 64;  // at most 32 KiB each

class CheckLogs final : public Machine<CheckLogs> {
 public:
  CheckLogs(CheckRequest request, CheckResult* result)
      : Machine(&CheckLogs::begin), request_(request), result_(*result) {}

 private:
  bool checks_rollups() const { return request_.newest_events == UINT64_MAX; }

  void take(std::vector<Finding> findings) {
    for (Finding& finding : findings) {
      if (result_.findings.size() < kFindingsMax) result_.findings.push_back(std::move(finding));
      ++result_.findings_count;
    }
  }
  void say_of_log(int64_t log_no, Finding::Part part, std::string problem) {
    take({{part, log_no, 0, 0, 0, std::move(problem)}});
  }

  Result<Step> begin(Reply&) {
    result_ = {};
    return read({log_range(kFirstLog, kLogNumberMax), Statement{StatementId::kQueryVersion, {}}},
                &CheckLogs::on_logs);
  }

  // A log whose row cannot be is a finding; the others are looked at all the same.
  Result<Step> on_logs(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    WEIR_ASSIGN(version_, integer_at(reply.results.at(1), 0, 0));
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      const Result<LogRow> log = log_row_at(rows, i);
      if (log.ok()) {
        logs_.push_back(log->state);
      } else {
        say_of_log(integer_at(rows, i, 0).ok() ? *integer_at(rows, i, 0) : 0, Finding::Part::kLog,
                   log.status().message());
      }
    }
    return next_log();
  }

  Step next_log() {
    if (logs_.empty()) {
      if (!checks_rollups()) return done();
      return list_rollups(-1);
    }
    const LogState& log = logs_.front();
    if (log.rolled_through > log.end) {
      say_of_log(log.log_no, Finding::Part::kLog, "rollups hold more than the log has");
    }
    inventory_.begin_log(log);
    judge_anew();
    next_ = log.end - std::min(log.end, request_.newest_events);
    last_seen_.reset();
    return list();
  }

  Step list() {
    return read({segment_list(logs_.front().log_no, next_, kRowsPerStep)}, &CheckLogs::on_rows);
  }

  // Each row by itself: one that cannot be does not hide the others.
  Result<Step> on_rows(Reply& reply) {
    const int64_t log_no = logs_.front().log_no;
    rows_.clear();
    at_ = 0;
    Rows one;
    for (std::vector<Value>& cells : reply.results.at(0).rows) {
      one.rows.assign(1, std::move(cells));
      const auto row = segment_rows(one, log_no);
      if (!row.ok()) {
        say_of_log(log_no, Finding::Part::kSegment, row.status().message());
      } else if (!last_seen_ || row->front().first > *last_seen_) {
        rows_.push_back(row->front());
      }
    }
    return rows_.empty() ? end_of_log() : next_bytes();
  }

  Step next_bytes() {
    if (at_ == rows_.size()) return list();
    const size_t count = rows_of_one_group(rows_, at_, rows_.size());
    return read(
        {segment_data(logs_.front().log_no, rows_[at_].first, rows_[at_ + count - 1].first, count)},
        &CheckLogs::on_bytes);
  }

  Result<Step> on_bytes(Reply& reply) {
    page_ = std::move(reply.results.at(0));
    page_row_ = 0;
    if (page_.rows.empty()) skip_row();
    return judge_page();
  }

  // The listed row is gone: a server merges or expires. What follows begins anew.
  void skip_row() {
    seen(rows_[at_++].first);
    inventory_.add_missing();
    judge_anew();
  }

  void judge_anew() { row_check_.emplace(logs_.front(), request_.mending, request_.now_ms); }

  void seen(uint64_t first) {
    last_seen_ = first;
    next_ = first + 1;
  }

  Result<Step> judge_page() {
    while (page_row_ < page_.rows.size() && at_ < rows_.size()) {
      const SegmentRow& row = rows_[at_];
      WEIR_ASSIGN(const SegmentBytes bytes, bytes_of_page(row));
      if (bytes.first > row.first) {
        skip_row();
        continue;
      }
      ++page_row_;
      if (bytes.first < row.first) continue;  // came to be since the list was read
      if (bytes.count != row.count || bytes.crc != row.crc) return list();  // it has grown
      seen(row.first);
      ++at_;
      RowVerdict verdict = row_check_->judge(row, bytes.bytes);
      count(verdict);
      if (verdict.mend.empty()) continue;
      mended_ = verdict.mended;
      corrupt_events_ = verdict.corrupt_events;
      return write(std::move(verdict.mend), &CheckLogs::on_mended);
    }
    return next_bytes();
  }

  Result<Step> on_mended(Reply&) {
    result_.mended += mended_;
    result_.corrupt_events += corrupt_events_;
    return judge_page();
  }

  // A writer has merged or removed what was to be marked: the rest is looked at all the same.
  Step failed(Status status) override {
    const bool goes_on = status.code() == Code::kConflict && request_.mending == Mending::kMark;
    return goes_on ? list() : Done{std::move(status)};
  }

  // The next row of the page; without bytes if they are in an object store.
  Result<SegmentBytes> bytes_of_page(const SegmentRow& listed) {
    if (listed.bytes.has_value()) {
      return segment_bytes_at(page_, page_row_, logs_.front().log_no);
    }
    return SegmentBytes{listed.first, listed.count, listed.kind, listed.crc, {}};
  }

  void count(RowVerdict& verdict) {
    ++result_.segments;
    const bool wrong = !verdict.findings.empty();
    take(std::move(verdict.findings));
    if (verdict.missing) inventory_.add_missing();
    if (verdict.gap) inventory_.add_gap(*verdict.gap);
    if (!verdict.reader) return;
    result_.events += verdict.reader->count();
    inventory_.add(*verdict.reader);
    if (wrong) result_.hours.insert(hour_of(verdict.reader->head().first_ms));
  }

  Step end_of_log() {
    inventory_.end_log();
    const int64_t log_no = logs_.front().log_no;
    return read({Statement{StatementId::kLedgerSums,
                           {ledger_id(log_no, 0), ledger_id(log_no, kHourNumberMax)}}},
                &CheckLogs::on_ledger);
  }

  Result<Step> on_ledger(Reply& reply) {
    constexpr size_t kParts = 2 + kDropReasonCount;  // stored, collapsed, dropped by reason
    const Rows& rows = reply.results.at(0);
    std::array<uint64_t, 1 + kParts> counters{};
    for (size_t i = 0; i < counters.size(); ++i) {
      WEIR_ASSIGN(counters[i], count_at(rows, 0, i));
    }
    const uint64_t sum = std::accumulate(counters.begin() + 1, counters.end(), uint64_t{0});
    if (counters[0] != sum) {
      say_of_log(logs_.front().log_no, Finding::Part::kLedger,
                 std::to_string(counters[0]) + " events were offered and " + std::to_string(sum) +
                     " are accounted for");
    }
    logs_.pop_front();
    return next_log();
  }

  Step list_rollups(int64_t past) {
    return read({Statement{StatementId::kRollupList, {past, kRollupsPerStep}},
                 Statement{StatementId::kQueryVersion, {}}},
                &CheckLogs::on_rollups);
  }

  Result<Step> on_rollups(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    WEIR_ASSIGN(const int64_t version, integer_at(reply.results.at(1), 0, 0));
    for (size_t i = 0; i < rows.rows.size(); ++i) rollup_check_.add(rows, i);
    result_.rollups += rows.rows.size();
    if (rows.rows.size() == size_t{kRollupsPerStep}) {
      WEIR_ASSIGN(const int64_t last, integer_at(rows, rows.rows.size() - 1, 0));
      return list_rollups(last);
    }
    // Rollups that went on meanwhile cannot be held against what was read before.
    result_.rollups_compared = version == version_;
    take(rollup_check_.finish(result_.rollups_compared ? &inventory_ : nullptr, &result_.hours));
    return done();
  }

  const CheckRequest request_;
  CheckResult& result_;
  std::deque<LogState> logs_;          // left to check; the first one is under way
  std::optional<RowCheck> row_check_;  // of the first log
  uint64_t next_ = 0;                  // where listing goes on
  std::optional<uint64_t> last_seen_;  // the row judged last
  std::vector<SegmentRow> rows_;       // as listed
  size_t at_ = 0;                      // the first of them that is not judged
  Rows page_;                          // bytes of some of them
  size_t page_row_ = 0;
  uint64_t mended_ = 0;          // rows of the group under way …
  uint64_t corrupt_events_ = 0;  // … and what it counts
  int64_t version_ = 0;          // of the rollups, when the check began
  HourInventory inventory_;
  RollupCheck rollup_check_;
};

std::string range_text(const Finding& finding) {
  if (finding.end <= finding.first) return "";
  if (finding.end == finding.first + 1) return ", event " + std::to_string(finding.first);
  return ", events " + std::to_string(finding.first) + " to " + std::to_string(finding.end - 1);
}

}  // namespace

std::string_view finding_part_name(Finding::Part part) {
  constexpr std::string_view kNames[] = {"log", "segment", "numbers", "ledger", "rollup"};
  return kNames[static_cast<size_t>(part)];
}

std::string finding_text(const Finding& finding) {
  std::string where = "log " + std::to_string(finding.log_no) + range_text(finding);
  if (finding.part == Finding::Part::kRollup) {
    where = (finding.log_no == kAllLogs ? "all logs" : where) + ", rollup of " +
            rfc3339_text(finding.time_ms);
  } else if (finding.part == Finding::Part::kLedger) {
    where += ", ledger";
  }
  return where + ": " + finding.problem;
}

OperationPtr check_logs(CheckRequest request, CheckResult* result) {
  return std::make_unique<CheckLogs>(request, result);
}

}  // namespace weir
