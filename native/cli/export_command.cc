#include "native/cli/export_command.h"

#include "native/cli/csv.h"
#include "native/cli/open_database.h"
#include "native/cli/query_pages.h"
#include "weir/limits.h"

namespace weir {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFields[] = {"id",      "time",        "client",   "domain", "type", "rcode",
                                   "outcome", "duration_us", "upstream", "list",   "site"};
// Before any event there can be: without --since everything is exported.
constexpr const char* kFromTheBeginning = "since=2000-01-01T00:00:00Z";

// Strings as they are, numbers in digits, nothing for null.
std::string field_text(const ordered_json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string csv_line(const ordered_json& query) {
  std::string line;
  for (const char* field : kFields) {
    line += (line.empty() ? "" : ",") + csv_cell(field_text(query[field]));
  }
  return line + "\n";
}

std::string csv_head() {
  std::string line;
  for (const char* field : kFields) line += (line.empty() ? "" : ",") + std::string(field);
  return line + "\n";
}

Status export_all(const CommandLine& line, const std::string& data_dir, const Print& out) {
  WEIR_ASSIGN(SqliteDatabase database, open_database(data_dir));
  std::string target = with_parameter(line.target, "limit=" + std::to_string(kQueryLimitMax));
  if (target.find("since=") == target.npos) target = with_parameter(target, kFromTheBeginning);
  std::string cursor;
  bool first = true;
  bool complete = true;
  do {
    WEIR_ASSIGN(
        const QueryPage page,
        read_query_page(database,
                        cursor.empty() ? target : with_parameter(target, "cursor=" + cursor)));
    if (first && line.csv) out(csv_head());
    first = false;
    for (const ordered_json& query : page.queries) {
      out(line.csv ? csv_line(query) : query.dump() + "\n");
    }
    cursor = page.cursor;
    complete = complete && page.complete;
  } while (!cursor.empty());
  if (complete) return {};
  return Status(Code::kCorrupt, "some events could not be read, see weir fsck");
}

}  // namespace

int run_export_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                       const Print& error) {
  const Status status = export_all(line, data_dir, out);
  if (status.ok()) return kExitOk;
  error("weir: " + status.message() + "\n");
  return status.code() == Code::kInvalid ? kExitUsage : kExitFailed;
}

}  // namespace weir
