// The commands that read the log, over the same operations as the server's API.
#include "native/cli/read_command.h"

#include "native/cli/api_request.h"
#include "native/cli/open_database.h"
#include "native/cli/render.h"
#include "native/runtime/clock.h"
#include "native/store/disk_writes.h"

namespace weir {
namespace {

std::string render(Command command, std::string_view json) {
  if (command == Command::kQuery) return render_queries(json);
  return command == Command::kTop ? render_top(json) : render_stats(json);
}

// Asks and prints; a failure that is not the API's is the Status.
Result<int> answer_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                           const Print& error) {
  WEIR_ASSIGN(SqliteDatabase database, open_database(data_dir));
  WEIR_ASSIGN(Emit answer, ask_api(database, line.target));
  const int status = http_status(answer);
  if (line.json) out(answer.bytes + "\n");
  if (status != kHttpOk) {
    if (!line.json) error("weir: " + render_problem(answer.bytes) + "\n");
    return status == kHttpBadRequest ? kExitUsage : kExitFailed;
  }
  if (line.json) return kExitOk;
  out(render(line.command, answer.bytes));
  if (line.command != Command::kStats) return kExitOk;
  WEIR_ASSIGN(Emit ledger, ask_api(database, "/api/v1/ledger"));
  out("\n" + render_ledger(ledger.bytes));
  const DiskWrites writes = DiskWrites::load(data_dir);
  const int64_t now_ms = wall_clock_ms();
  out("\n" + render_disk_writes(writes.on_day(now_ms), writes.per_day(now_ms)));
  return kExitOk;
}

}  // namespace

int run_read_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                     const Print& error) {
  Result<int> code = answer_command(line, data_dir, out, error);
  if (code.ok()) return *code;
  error("weir: " + code.status().message() + "\n");
  return kExitFailed;
}

}  // namespace weir
