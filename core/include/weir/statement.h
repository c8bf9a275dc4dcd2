// Statement: numbered SQL with typed parameters, the only language between the core and a database.
//
// The SQL of every statement is one constant template (statement_sql). Hosts prepare it once and
// bind by position. Two dialects come from one template: for SQLite's C API blobs are bound and
// read as they are; for D1, whose parameters are JSON, a blob parameter is bound as hex text inside
// unhex(), a blob column is read through hex(), and an integer parameter is CAST because every
// JavaScript number binds as REAL.
//
// Template markers: {i:1} {t:2} {b:3} are parameters of type integer, text, blob; {x:column} is a
// blob column in a result list. Everything else is plain SQL of the SQLite 3.40 subset.
//
// Asserts: D1 cannot abort on an update of no rows, so a guard that must abort its group is a
// statement that evaluates json('conflict') where it does not hold. SQLite and D1 answer the error
// "malformed JSON" then, and roll back. A host maps an error whose text contains these words
// (kConflictMessage) to kConflict, every other one by its cause.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/limits.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

struct Null {
  bool operator==(const Null&) const = default;
};

// One SQL value. Integers are within ±kIntegerMax.
using Value = std::variant<Null, int64_t, std::string, Bytes>;

// Numbers of the statements, see core/src/statement.cc for their text. They cross the ABI, are not
// stored, and may change between versions of core; host and core are always built from the same
// tree.
enum class StatementId : uint16_t;

struct Statement {
  StatementId id;
  std::vector<Value> parameters;
};

// What the error text of a failed assert contains.
inline constexpr std::string_view kConflictMessage = "malformed JSON";

enum class Dialect : uint8_t { kSqlite = 0, kD1 = 1 };

// How many statements there are; ids are 0 … statement_count() - 1.
size_t statement_count();
// Text of a statement in a dialect, ready to prepare.
std::string statement_sql(StatementId id, Dialect dialect);
// A short stable name ("segment_append"), for metrics and error messages. Static lifetime.
std::string_view statement_name(StatementId id);
// For each result column: is it a blob (hex text in the D1 dialect)? Empty for statements without
// result.
std::vector<bool> statement_blob_columns(StatementId id);

// One statement's result: rows of equal width.
struct Rows {
  std::vector<std::vector<Value>> rows;
  uint64_t changes = 0;  // rows inserted, updated or deleted
};

// Checked access for operations: kCorrupt if the cell is missing or of another type (the database
// is hostile input).
Result<int64_t> integer_at(const Rows& rows, size_t row, size_t column);
// An integer in [0, max].
Result<uint64_t> count_at(const Rows& rows, size_t row, size_t column, uint64_t max = kIntegerMax);
Result<std::string_view> text_at(const Rows& rows, size_t row, size_t column);
Result<ByteView> blob_at(const Rows& rows, size_t row, size_t column);
bool null_at(const Rows& rows, size_t row, size_t column);

}  // namespace weir
