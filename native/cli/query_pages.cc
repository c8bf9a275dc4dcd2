#include "native/cli/query_pages.h"

#include <utility>

#include "native/cli/api_request.h"
#include "native/cli/render.h"

namespace weir {

Result<QueryPage> read_query_page(SqliteDatabase& database, const std::string& target) {
  WEIR_ASSIGN(const Emit answer, ask_api(database, target));
  const int status = http_status(answer);
  if (status != kHttpOk) {
    const Code code = status == kHttpBadRequest ? Code::kInvalid : Code::kUnavailable;
    return Status(code, render_problem(answer.bytes));
  }
  auto json = nlohmann::ordered_json::parse(answer.bytes);
  const auto& cursor = json["cursor"];
  const bool complete = json["unreadable"]["segments"] == 0;
  return QueryPage{std::move(json["queries"]), cursor.is_null() ? "" : cursor.get<std::string>(),
                   complete};
}

std::string with_parameter(const std::string& target, const std::string& parameter) {
  return target + (target.find('?') == target.npos ? "?" : "&") + parameter;
}

}  // namespace weir
