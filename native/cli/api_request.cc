#include "native/cli/api_request.h"

#include "native/runtime/clock.h"
#include "native/runtime/operation_runner.h"
#include "native/store/sqlite_executor.h"
#include "weir/api.h"

namespace weir {

Result<Emit> ask_api(SqliteDatabase& database, std::string target) {
  ApiRequest request;
  request.method = "GET";
  request.target = std::move(target);
  request.now_ms = wall_clock_ms();
  request.trusted = true;  // who can read the file can read the log
  SqliteExecutor executor(&database);
  std::unique_ptr<Operation> operation = api(std::move(request));
  Emit answer;
  WEIR_TRY(run_operation(*operation, executor, joined_into(&answer)));
  return answer;
}

int http_status(const Emit& answer) { return answer.head ? answer.head->status : kHttpOk; }

}  // namespace weir
