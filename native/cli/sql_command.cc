#include "native/cli/sql_command.h"

#include <charconv>
#include <cmath>

#include "native/cli/csv.h"
#include "native/cli/open_database.h"
#include "native/cli/text_table.h"
#include "native/sql/read_only.h"
#include "weir/json.h"

namespace weir {
namespace {

using Align = TextTable::Align;

// The shortest text that reads back as the same number.
std::string real_text(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end);
}

std::string blob_text(const Bytes& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text;
}

// Numbers and texts as they are, blobs in hex, NULL as `null`.
std::string cell_text(const SqlValue& value, const char* null) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return real_text(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* blob = std::get_if<Bytes>(&value)) return blob_text(*blob);
  return null;
}

bool is_number(const SqlValue& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<double>(value);
}

// A column whose first value is a number stands to the right.
std::string as_table(const SqlResult& result) {
  std::vector<TextTable::Column> columns;
  for (size_t i = 0; i < result.columns.size(); ++i) {
    const bool right = !result.rows.empty() && is_number(result.rows[0][i]);
    columns.push_back({printable(result.columns[i]), right ? Align::kRight : Align::kLeft});
  }
  TextTable table(std::move(columns));
  for (const auto& row : result.rows) {
    std::vector<std::string> cells;
    for (const SqlValue& value : row) cells.push_back(cell_text(value, "-"));
    table.add(std::move(cells));
  }
  return table.text();
}

std::string as_csv(const SqlResult& result) {
  std::string text;
  const auto add = [&text](size_t i, const std::string& cell) {
    text += (i == 0 ? "" : ",") + csv_cell(cell);
  };
  for (size_t i = 0; i < result.columns.size(); ++i) add(i, result.columns[i]);
  for (const auto& row : result.rows) {
    text += "\n";
    for (size_t i = 0; i < row.size(); ++i) add(i, cell_text(row[i], ""));
  }
  return text + "\n";
}

void write_value(const SqlValue& value, JsonWriter* json) {
  const auto* real = std::get_if<double>(&value);
  if (std::holds_alternative<Null>(value) || (real != nullptr && !std::isfinite(*real))) {
    json->null();
  } else if (is_number(value)) {
    json->raw(cell_text(value, ""));
  } else {
    json->string(cell_text(value, ""));
  }
}

std::string as_json(const SqlResult& result) {
  std::string text;
  JsonWriter json(&text);
  json.begin_object().key("columns").begin_array();
  for (const std::string& column : result.columns) json.string(column);
  json.end_array().key("rows").begin_array();
  for (const auto& row : result.rows) {
    json.begin_array();
    for (const SqlValue& value : row) write_value(value, &json);
    json.end_array();
  }
  json.end_array().key("more").boolean(result.more).end_object();
  return text + "\n";
}

Result<SqlResult> ask(const CommandLine& line, const std::string& data_dir) {
  WEIR_ASSIGN(SqliteDatabase database, open_database(data_dir));
  SqlLimits limits;
  limits.rows = line.limit;
  return run_read_only_sql(database, line.sql, limits);
}

}  // namespace

int run_sql_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                    const Print& error) {
  const Result<SqlResult> result = ask(line, data_dir);
  if (!result.ok()) {
    error("weir: " + printable(result.status().message()) + "\n");
    const Code code = result.status().code();
    return code == Code::kInvalid || code == Code::kDenied ? kExitUsage : kExitFailed;
  }
  out(line.json ? as_json(*result) : line.csv ? as_csv(*result) : as_table(*result));
  if (result->more) {
    error("weir: there are more than " + std::to_string(line.limit) + " rows; see --limit\n");
  }
  return kExitOk;
}

}  // namespace weir
