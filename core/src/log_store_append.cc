// append: commits the writer's batch and the ledger's growth in one group.
//
// The group stands behind one guard: the log's newest row as it was read before. Each segment
// expects the one before it, so that either all of the batch is stored or nothing; the ledger's row
// comes first, while the guard still holds. After a lost answer the same request finds its own last
// segment as the newest row, and is done.
#include "log_rows.h"
#include "machine.h"

namespace weir {
namespace {

static_assert(kBatchSegmentsMax + 2 <= kStatementsPerRequestMax);

class Append final : public Machine<Append> {
 public:
  explicit Append(AppendRequest request) : Machine(&Append::begin), request_(std::move(request)) {}

 private:
  Result<Step> begin(Reply&) {
    if (request_.segments.empty()) return write_ledger();
    WEIR_TRY(read_heads());
    return read({log_range(request_.log_no, request_.log_no)}, &Append::on_log);
  }

  Status read_heads() {
    if (request_.segments.size() > kBatchSegmentsMax) {
      return Status(Code::kTooLarge, "a batch has too many segments");
    }
    for (const Bytes& segment : request_.segments) {
      WEIR_ASSIGN(SegmentHead head, read_segment_head(segment));
      const bool follows = heads_.empty() || heads_.back().end() == head.first;
      if (!follows || head.total_bytes != segment.size()) {
        return Status(Code::kInvalid, "a batch is not contiguous segments");
      }
      heads_.push_back(head);
    }
    return {};
  }

  Result<Step> on_log(Reply& reply) {
    WEIR_ASSIGN(const LogRow log, only_log(reply.results.at(0)));
    for (const SegmentHead& head : heads_) {
      if (head.log != log.state.log) return Status(Code::kInvalid, "a segment is another log's");
    }
    if (log.newest == newest_of(heads_.back())) return done();  // an earlier try has come through
    if (log.state.end != heads_.front().first) {
      return Status(Code::kConflict, "the log ends at " + std::to_string(log.state.end));
    }
    return write_batch(log.newest);
  }

  Step write_batch(Newest expected) {
    std::vector<Statement> statements;
    std::vector<Value> ledger = ledger_values();
    add_newest(request_.log_no, expected, &ledger);
    statements.push_back({StatementId::kLedgerAddWithSegments, std::move(ledger)});
    for (size_t i = 0; i < heads_.size(); ++i) {
      statements.push_back(
          segment_append(request_.log_no, expected, heads_[i], std::move(request_.segments[i])));
      expected = newest_of(heads_[i]);
    }
    statements.push_back(log_range(request_.log_no, request_.log_no));
    return write(std::move(statements), &Append::on_written);
  }

  Result<Step> on_written(Reply& reply) {
    WEIR_ASSIGN(const LogRow log, only_log(reply.results.back()));
    if (log.newest == newest_of(heads_.back())) return done();
    return Status(Code::kConflict, "somebody else wrote to the log");
  }

  Result<Step> write_ledger() {
    if (request_.ledger_sequence > kIntegerMax) {
      return Status(Code::kInvalid, "a ledger sequence is out of range");
    }
    const auto sequence = static_cast<int64_t>(request_.ledger_sequence);
    std::vector<Value> ledger = ledger_values();
    ledger.emplace_back(request_.log_no);
    ledger.emplace_back(sequence);
    return write({Statement{StatementId::kLedgerAddAlone, std::move(ledger)},
                  Statement{StatementId::kLogSetLedgerSequence, {request_.log_no, sequence}}},
                 &Append::on_ledger_written);
  }
  Result<Step> on_ledger_written(Reply&) { return done(); }

  // Parameters 1 … 11 of both ledger statements.
  std::vector<Value> ledger_values() const {
    const LedgerDelta& delta = request_.ledger;
    std::vector<Value> values = {ledger_id(request_.log_no, hour_of(request_.now_ms))};
    for (const uint64_t growth : {delta.offered, delta.stored, delta.collapsed}) {
      values.emplace_back(static_cast<int64_t>(growth));
    }
    for (const uint64_t dropped : delta.dropped) values.emplace_back(static_cast<int64_t>(dropped));
    values.emplace_back(static_cast<int64_t>(delta.expired_corrupt));
    values.emplace_back(int64_t{delta.unclean ? 1 : 0});
    return values;
  }

  AppendRequest request_;
  std::vector<SegmentHead> heads_;
};

}  // namespace

OperationPtr append(AppendRequest request) { return std::make_unique<Append>(std::move(request)); }

}  // namespace weir
