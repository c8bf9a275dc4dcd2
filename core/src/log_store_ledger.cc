// log_ledger: a log's counters, summed over its hours.
#include "log_rows.h"
#include "machine.h"

namespace weir {
namespace {

class LogLedger final : public Machine<LogLedger> {
 public:
  LogLedger(int64_t log_no, LedgerDelta* result)
      : Machine(&LogLedger::begin), log_no_(log_no), result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    return read({Statement{StatementId::kLedgerSums,
                           {ledger_id(log_no_, 0), ledger_id(log_no_, kHourNumberMax)}}},
                &LogLedger::on_sums);
  }

  Result<Step> on_sums(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    result_ = {};
    size_t column = 0;
    for (uint64_t* counter : {&result_.offered, &result_.stored, &result_.collapsed}) {
      WEIR_ASSIGN(*counter, count_at(rows, 0, column++));
    }
    for (uint64_t& counter : result_.dropped) {
      WEIR_ASSIGN(counter, count_at(rows, 0, column++));
    }
    WEIR_ASSIGN(result_.expired_corrupt, count_at(rows, 0, column++));
    WEIR_ASSIGN(const uint64_t unclean, count_at(rows, 0, column));
    result_.unclean = unclean != 0;
    return done();
  }

  const int64_t log_no_;
  LedgerDelta& result_;
};

}  // namespace

OperationPtr log_ledger(int64_t log_no, LedgerDelta* result) {
  return std::make_unique<LogLedger>(log_no, result);
}

}  // namespace weir
