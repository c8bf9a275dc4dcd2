// Expands the statement templates and reads rows with checks.
#include "weir/statement.h"

#include <array>

#include "statements.h"

namespace weir {
namespace {

struct Template {
  std::string_view name;
  std::string_view sql;
};

constexpr Template kTemplates[] = {
#define WEIR_STATEMENT(id, name, sql) {name, sql},
#include "statements.def"
#undef WEIR_STATEMENT
};

const Template& template_of(StatementId id) {
  const auto index = static_cast<size_t>(id);
  WEIR_CHECK(index < std::size(kTemplates));
  return kTemplates[index];
}

// "l.log_id" is answered as "log_id".
std::string_view bare_name(std::string_view column) {
  return column.substr(column.rfind('.') + 1);  // npos + 1 == 0
}

std::string expand_sqlite(char type, std::string_view argument) {
  if (type == 'x') return std::string(argument) + " AS " + std::string(bare_name(argument));
  return "?" + std::string(argument);
}

std::string expand_d1(char type, std::string_view argument) {
  const std::string text(argument);
  switch (type) {
    case 'i':
      return "CAST(?" + text + " AS INTEGER)";
    case 'b':
      return "unhex(?" + text + ")";
    case 'x':  // hex(NULL) would be '', which is not the same as no bytes
      return "iif(" + text + " IS NULL, NULL, hex(" + text + ")) AS " +
             std::string(bare_name(argument));
    default:
      return "?" + text;
  }
}

// The result list of a SELECT: what stands before the first FROM outside parentheses.
std::string_view result_list(std::string_view sql) {
  constexpr std::string_view kSelect = "SELECT ";
  if (!sql.starts_with(kSelect)) return {};
  sql.remove_prefix(kSelect.size());
  int depth = 0;
  for (size_t i = 0; i < sql.size(); ++i) {
    depth += sql[i] == '(' ? 1 : sql[i] == ')' ? -1 : 0;
    if (depth == 0 && sql.substr(i).starts_with(" FROM ")) return sql.substr(0, i);
  }
  return sql;
}

// The value at a cell if it is there and a T.
template <class T>
const T* cell(const Rows& rows, size_t row, size_t column) {
  if (row >= rows.rows.size() || column >= rows.rows[row].size()) return nullptr;
  return std::get_if<T>(&rows.rows[row][column]);
}

Status bad_cell(const char* wanted, size_t column) {
  return Status(Code::kCorrupt, "result column " + std::to_string(column) + " is no " + wanted);
}

}  // namespace

size_t statement_count() { return std::size(kTemplates); }

std::string_view statement_name(StatementId id) { return template_of(id).name; }

std::string statement_sql(StatementId id, Dialect dialect) {
  const std::string_view sql = template_of(id).sql;
  std::string out;
  size_t from = 0;
  for (size_t brace; (brace = sql.find('{', from)) != sql.npos;) {
    const size_t end = sql.find('}', brace);
    WEIR_CHECK(end != sql.npos && end > brace + 3 && sql[brace + 2] == ':');
    out += sql.substr(from, brace - from);
    const std::string_view argument = sql.substr(brace + 3, end - brace - 3);
    out += dialect == Dialect::kD1 ? expand_d1(sql[brace + 1], argument)
                                   : expand_sqlite(sql[brace + 1], argument);
    from = end + 1;
  }
  out += sql.substr(from);
  return out;
}

std::vector<bool> statement_blob_columns(StatementId id) {
  std::vector<bool> blobs;
  std::string_view list = result_list(template_of(id).sql);
  if (list.empty()) return blobs;
  blobs.push_back(false);
  int depth = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    depth += list[i] == '(' ? 1 : list[i] == ')' ? -1 : 0;
    if (list[i] == ',' && depth == 0) blobs.push_back(false);
    if (list.substr(i).starts_with("{x:")) blobs.back() = true;
  }
  return blobs;
}

Result<int64_t> integer_at(const Rows& rows, size_t row, size_t column) {
  const auto* value = cell<int64_t>(rows, row, column);
  constexpr auto kMax = static_cast<int64_t>(kIntegerMax);
  if (value == nullptr || *value > kMax || *value < -kMax) return bad_cell("integer", column);
  return *value;
}

Result<uint64_t> count_at(const Rows& rows, size_t row, size_t column, uint64_t max) {
  WEIR_ASSIGN(const int64_t value, integer_at(rows, row, column));
  if (value < 0 || static_cast<uint64_t>(value) > max) {
    return Status(Code::kCorrupt,
                  "result column " + std::to_string(column) + " is out of its range");
  }
  return static_cast<uint64_t>(value);
}

Result<std::string_view> text_at(const Rows& rows, size_t row, size_t column) {
  const auto* value = cell<std::string>(rows, row, column);
  if (value == nullptr) return bad_cell("text", column);
  return std::string_view(*value);
}

Result<ByteView> blob_at(const Rows& rows, size_t row, size_t column) {
  const auto* value = cell<Bytes>(rows, row, column);
  if (value == nullptr) return bad_cell("blob", column);
  return ByteView(*value);
}

bool null_at(const Rows& rows, size_t row, size_t column) {
  return cell<Null>(rows, row, column) != nullptr;
}

}  // namespace weir
