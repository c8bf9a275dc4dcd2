#include "support/memory_executor.h"

#include "support/piece_of.h"

namespace weir {

MemoryHandler MemoryExecutor::handler_of(StatementId id) const {
  for (const MemoryHandlers* handlers : handlers_) {
    if (auto found = handlers->find(id); found != handlers->end()) return found->second;
  }
  return nullptr;
}

Reply MemoryExecutor::run_group(const Group& group) {
  Reply reply;
  WEIR_CHECK(group.statements.size() <= kStatementsPerRequestMax);
  MemoryDatabase work = database_;
  for (const Statement& statement : group.statements) {
    WEIR_CHECK(statement.parameters.size() <= kParametersMax);
    const MemoryHandler handler = handler_of(statement.id);
    if (handler == nullptr) {
      return Reply{
          Status(Code::kUnsupported, "no handler for " + std::string(statement_name(statement.id))),
          {},
          {}};
    }
    Result<Rows> rows = handler(work, Parameters(statement.parameters));
    if (!rows.ok()) return Reply{rows.status()};
    reply.results.push_back(std::move(rows).value());
  }
  if (group.writes) database_ = std::move(work);
  return reply;
}

Reply MemoryExecutor::run_read(const Read& read) {
  Reply reply;
  for (const Read::Range& range : read.ranges) {
    Bytes& piece = reply.pieces.emplace_back();
    const auto row = database_.segments.find(range.segment);
    const auto* data =
        row == database_.segments.end() ? nullptr : std::get_if<Bytes>(&row->second.data);
    if (data != nullptr) piece = piece_of(*data, {range.offset, range.length});
  }
  return reply;
}

}  // namespace weir
