#include "native/store/sqlite_executor.h"

#include <algorithm>

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

}  // namespace

Reply SqliteExecutor::run_group(const Group& group) {
  if (!database_.is_open()) return Reply{not_open()};
  if (transactions_ == Transactions::kCallers) return run_inside(group);
  Reply reply;
  if (!group.writes && group.statements.size() == 1) {  // SQLite's own transaction will do
    reply.status = run_statements(group, &reply.results);
    return reply;
  }
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

// One handle serves all ranges, moved from row to row, so that they are of one moment and only the
// first one costs the opening.
Reply SqliteExecutor::run_read(const Read& read) {
  if (!database_.is_open()) return Reply{not_open()};
  Reply reply;
  OpenBlob blob;
  for (const Read::Range& range : read.ranges) {
    Result<Bytes> piece = read_range(range, &blob);
    if (!piece.ok()) return Reply{piece.status()};
    reply.pieces.push_back(*std::move(piece));
  }
  return reply;
}

int SqliteExecutor::move_to(int64_t segment, OpenBlob* blob) {
  if (blob->handle != nullptr && blob->segment == segment) return SQLITE_OK;
  blob->segment = segment;
  if (blob->handle != nullptr) return sqlite3_blob_reopen(blob->handle.get(), segment);
  sqlite3_blob* opened = nullptr;
  const int result = sqlite3_blob_open(database_.handle(), "main", "segments", "data", segment,
                                       /*writable=*/0, &opened);
  blob->handle.reset(opened);
  return result;
}

Result<Bytes> SqliteExecutor::read_range(const Read::Range& range, OpenBlob* blob) {
  const int result = move_to(range.segment, blob);
  if (result != SQLITE_OK) {
    const Status status = database_.status();
    blob->handle.reset();  // where the row was not there it serves no more
    // SQLITE_ERROR: no such row, or its data is NULL (kept in an object store).
    if ((result & 0xff) == SQLITE_ERROR) return Bytes();
    return status;
  }
  sqlite3_blob* const handle = blob->handle.get();
  const auto size = static_cast<uint32_t>(sqlite3_blob_bytes(handle));
  const uint32_t offset = std::min(range.offset, size);
  Bytes piece(std::min(range.length, size - offset));
  if (!piece.empty() && sqlite3_blob_read(handle, piece.data(), static_cast<int>(piece.size()),
                                          static_cast<int>(offset)) != SQLITE_OK) {
    return database_.status();
  }
  return piece;
}

}  // namespace weir
