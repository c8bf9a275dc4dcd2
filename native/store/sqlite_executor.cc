#include "native/store/sqlite_executor.h"

#include <algorithm>
#include <memory>

namespace weir {
namespace {

// Whatever happened, the next use finds the statement reset.
struct ResetAtExit {
  SqliteStatement* statement;
  ~ResetAtExit() { statement->reset(); }
};

Status fetch_rows(SqliteStatement& statement, Rows* rows) {
  const int width = statement.column_count();
  while (true) {
    WEIR_ASSIGN(const bool more, statement.step());
    if (!more) return {};
    std::vector<Value>& row = rows->rows.emplace_back();
    row.reserve(static_cast<size_t>(width));
    for (int i = 0; i < width; ++i) {
      WEIR_ASSIGN(Value value, statement.column(i));
      row.push_back(std::move(value));
    }
  }
}

Status not_open() { return Status(Code::kUnavailable, "the database is not open"); }

struct CloseBlob {
  void operator()(sqlite3_blob* blob) const { sqlite3_blob_close(blob); }
};

}  // namespace

Reply SqliteExecutor::run_group(const Group& group) {
  if (!database_.is_open()) return Reply{not_open(), {}, {}};
  if (transactions_ == Transactions::kCallers) return run_inside(group);
  Reply reply;
  reply.status = database_.execute(group.writes ? "BEGIN IMMEDIATE" : "BEGIN");
  if (reply.status.ok()) reply.status = run_statements(group, &reply.results);
  if (reply.status.ok()) reply.status = database_.execute("COMMIT");
  if (!reply.status.ok()) {
    reply.results.clear();
    // SQLite has rolled back by itself after some errors (lang_transaction, section 3.0).
    if (database_.in_transaction()) {
      const Status rollback = database_.execute("ROLLBACK");
      if (!rollback.ok()) reply.status = rollback;
    }
  }
  return reply;
}

Reply SqliteExecutor::run_inside(const Group& group) {
  Reply reply;
  reply.status = group.writes ? Status(Code::kDenied, "this connection only reads")
                              : run_statements(group, &reply.results);
  return reply;
}

Status SqliteExecutor::run_statements(const Group& group, std::vector<Rows>* results) {
  if (group.statements.size() > kStatementsPerRequestMax) {
    return Status(Code::kTooLarge, "a group has too many statements");
  }
  for (const Statement& statement : group.statements) {
    WEIR_ASSIGN(Rows rows, run_statement(statement));
    results->push_back(std::move(rows));
  }
  return {};
}

Result<Rows> SqliteExecutor::run_statement(const Statement& statement) {
  WEIR_ASSIGN(SqliteStatement * prepared, database_.prepared(statement.id));
  const ResetAtExit guard{prepared};
  for (size_t i = 0; i < statement.parameters.size(); ++i) {
    WEIR_TRY(prepared->bind(static_cast<int>(i) + 1, statement.parameters[i]));
  }
  Rows rows;
  WEIR_TRY(fetch_rows(*prepared, &rows));
  if (prepared->column_count() == 0) rows.changes = database_.changes();
  return rows;
}

Reply SqliteExecutor::run_read(const Read& read) {
  if (!database_.is_open()) return Reply{not_open(), {}, {}};
  sqlite3_blob* opened = nullptr;
  const int result = sqlite3_blob_open(database_.handle(), "main", "segments", "data", read.segment,
                                       /*writable=*/0, &opened);
  const std::unique_ptr<sqlite3_blob, CloseBlob> blob(opened);
  if (result != SQLITE_OK) {
    // SQLITE_ERROR: no such row, or its data is NULL (kept in an object store).
    if ((result & 0xff) != SQLITE_ERROR) return Reply{database_.status(), {}, {}};
    return Reply{Status(Code::kNotFound, "the segment has no bytes here"), {}, {}};
  }
  const auto size = static_cast<uint32_t>(sqlite3_blob_bytes(blob.get()));
  const uint32_t offset = std::min(read.offset, size);
  Reply reply;
  reply.bytes.resize(std::min(read.length, size - offset));
  if (!reply.bytes.empty() &&
      sqlite3_blob_read(blob.get(), reply.bytes.data(), static_cast<int>(reply.bytes.size()),
                        static_cast<int>(offset)) != SQLITE_OK) {
    return Reply{database_.status(), {}, {}};
  }
  return reply;
}

}  // namespace weir
