// The ledger as stored: from its table where the log is written here, and where it is only
// received, from the counters in the head of the log's newest segment, which its writer keeps.
//
// There, what the writer had been offered but is neither stored nor dropped yet is in flight.
#include <algorithm>
#include <numeric>
#include <utility>

#include "query_rows.h"
#include "statements.h"
#include "weir/query.h"

namespace weir {
namespace {

// A row of kQueryLedger.
struct LogLedger {
  int64_t log_no = 0;
  uint64_t acked = 0;
  Ledger ledger;
};

Result<LogLedger> ledger_row(const Rows& rows, size_t row) {
  LogLedger out;
  Ledger& ledger = out.ledger;
  uint64_t unclean = 0;
  uint64_t* const columns[] = {&out.acked,
                               &ledger.offered,
                               &ledger.stored,
                               &ledger.collapsed,
                               &ledger.dropped[0],
                               &ledger.dropped[1],
                               &ledger.dropped[2],
                               &ledger.dropped[3],
                               &ledger.dropped[4],
                               &ledger.expired_retention,
                               &ledger.expired_budget,
                               &ledger.expired_corrupt,
                               &unclean};
  static_assert(kDropReasonCount == 5);
  WEIR_ASSIGN(out.log_no, integer_at(rows, row, 0));
  for (size_t i = 0; i < std::size(columns); ++i) {
    WEIR_ASSIGN(*columns[i], count_at(rows, row, i + 1));
  }
  ledger.unclean = unclean != 0;
  return out;
}

uint64_t sum_of(const std::array<uint64_t, kDropReasonCount>& dropped) {
  return std::accumulate(dropped.begin(), dropped.end(), uint64_t{0});
}

// The log's own account up to event number `end`.
void take_counters(const LedgerCounters& counters, uint64_t end, Ledger* ledger) {
  const auto refused = static_cast<size_t>(DropReason::kData);  // has a number, but is a gap
  ledger->offered = counters.offered;
  ledger->collapsed = counters.collapsed;
  ledger->dropped = counters.dropped;
  ledger->stored = end - std::min(end, counters.dropped[refused]);
  const uint64_t settled = ledger->stored + ledger->collapsed + sum_of(ledger->dropped);
  ledger->in_flight = ledger->offered - std::min(ledger->offered, settled);
}

void add(const LogLedger& log, Ledger* total) {
  const Ledger& more = log.ledger;
  total->offered += more.offered;
  total->stored += more.stored;
  total->in_flight += more.in_flight;
  total->collapsed += more.collapsed;
  for (size_t i = 0; i < kDropReasonCount; ++i) total->dropped[i] += more.dropped[i];
  total->expired_retention += more.expired_retention;
  total->expired_budget += more.expired_budget;
  total->expired_corrupt += more.expired_corrupt;
  total->unclean = total->unclean || more.unclean;
  if (log.acked != 0) total->acked = total->acked.value_or(0) + log.acked;
}

class LedgerOperation final : public Operation {
 public:
  LedgerOperation(std::vector<std::string> sites, Ledger* result)
      : sites_(std::move(sites)), result_(result) {}

  Step resume(Reply reply) override {
    if (!reply.status.ok()) return Done{std::move(reply.status)};
    if (!asked_) {
      asked_ = true;
      Group group;
      group.statements.push_back({StatementId::kQueryLedger, {sites_value(sites_)}});
      group.statements.push_back({StatementId::kQueryLedgerHeads, {sites_value(sites_)}});
      return group;
    }
    return Done{take(reply)};
  }

 private:
  Status take(const Reply& reply) {
    if (reply.results.size() != 2) return Status(Code::kCorrupt, "a reply without its results");
    std::vector<LogLedger> logs;
    for (size_t i = 0; i < reply.results[0].rows.size(); ++i) {
      WEIR_ASSIGN(LogLedger log, ledger_row(reply.results[0], i));
      logs.push_back(std::move(log));
    }
    *result_ = Ledger{};
    for (size_t i = 0; i < reply.results[1].rows.size(); ++i) {
      WEIR_TRY(take_head(reply.results[1], i, &logs));
    }
    for (const LogLedger& log : logs) add(log, result_);
    return {};
  }

  // Both results are in the order of log_no.
  Status take_head(const Rows& heads, size_t row, std::vector<LogLedger>* logs) {
    WEIR_ASSIGN(const int64_t log_no, integer_at(heads, row, 0));
    WEIR_ASSIGN(const uint64_t end, count_at(heads, row, 1));
    const auto log =
        std::lower_bound(logs->begin(), logs->end(), log_no,
                         [](const LogLedger& left, int64_t right) { return left.log_no < right; });
    if (log == logs->end() || log->log_no != log_no || end == 0) return {};
    if (log->ledger.offered != 0 || log->ledger.stored != 0) return {};
    WEIR_ASSIGN(const ByteView bytes, optional_blob_at(heads, row, 2));
    Result<SegmentHead> head = read_segment_head(bytes);
    if (head.ok()) {
      take_counters(head->ledger, end, &log->ledger);
    } else {
      ++result_->unreadable_logs;
    }
    return {};
  }

  std::vector<std::string> sites_;
  Ledger* result_;
  bool asked_ = false;
};

}  // namespace

bool Ledger::balanced() const {
  return offered == stored + spooled + in_flight + collapsed + sum_of(dropped);
}

OperationPtr find_ledger(std::vector<std::string> sites, Ledger* result) {
  return std::make_unique<LedgerOperation>(std::move(sites), result);
}

}  // namespace weir
