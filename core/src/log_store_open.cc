// open_log, list_logs, set_acked: the rows of `logs`.
#include "log_rows.h"
#include "machine.h"

namespace weir {
namespace {

class OpenLog final : public Machine<OpenLog> {
 public:
  OpenLog(const LogId& log, std::string site, int64_t now_ms, LogState* result)
      : Machine(&OpenLog::begin),
        log_(log),
        site_(std::move(site)),
        now_ms_(now_ms),
        result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    return write(open_statements(log_, site_, now_ms_), &OpenLog::on_row);
  }

  Result<Step> on_row(Reply& reply) {
    WEIR_ASSIGN(LogRow row, opened_log(reply));
    result_ = std::move(row.state);
    return done();
  }

  const LogId log_;
  const std::string site_;
  const int64_t now_ms_;
  LogState& result_;
};

class ListLogs final : public Machine<ListLogs> {
 public:
  ListLogs(std::string site, std::vector<LogState>* result)
      : Machine(&ListLogs::begin), site_(std::move(site)), result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    return read({log_range(kFirstLog, kLogNumberMax)}, &ListLogs::on_rows);
  }

  Result<Step> on_rows(Reply& reply) {
    result_.clear();
    const Rows& rows = reply.results.at(0);
    for (size_t i = 0; i < rows.rows.size(); ++i) {
      WEIR_ASSIGN(LogRow row, log_row_at(rows, i));
      if (site_.empty() || row.state.site == site_) result_.push_back(std::move(row.state));
    }
    return done();
  }

  const std::string site_;
  std::vector<LogState>& result_;
};

class SetAcked final : public Machine<SetAcked> {
 public:
  SetAcked(int64_t log_no, uint64_t acked)
      : Machine(&SetAcked::begin), log_no_(log_no), acked_(acked) {}

 private:
  Result<Step> begin(Reply&) {
    if (acked_ > kIntegerMax) return Status(Code::kInvalid, "acked is out of range");
    return write({Statement{StatementId::kLogSetAcked, {log_no_, static_cast<int64_t>(acked_)}}},
                 &SetAcked::on_written);
  }
  Result<Step> on_written(Reply&) { return done(); }

  const int64_t log_no_;
  const uint64_t acked_;
};

}  // namespace

std::vector<Statement> open_statements(const LogId& log, const std::string& site, int64_t now_ms) {
  const Bytes id(log.bytes.begin(), log.bytes.end());
  return {Statement{StatementId::kLogCreate, {id, site, now_ms, kLogNumberMax}},
          Statement{StatementId::kLogAnchor, {id, now_ms}}, log_by_id(log)};
}

Result<LogRow> opened_log(const Reply& reply) {
  const Rows& rows = reply.results.at(2);
  if (rows.rows.empty()) return Status(Code::kFull, "the database has no room for another log");
  return log_row_at(rows, 0);
}

OperationPtr open_log(const LogId& log, std::string site, int64_t now_ms, LogState* result) {
  return std::make_unique<OpenLog>(log, std::move(site), now_ms, result);
}

OperationPtr list_logs(std::string site, std::vector<LogState>* result) {
  return std::make_unique<ListLogs>(std::move(site), result);
}

OperationPtr set_acked(int64_t log_no, uint64_t acked) {
  return std::make_unique<SetAcked>(log_no, acked);
}

}  // namespace weir
