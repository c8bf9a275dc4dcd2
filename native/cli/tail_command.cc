// Numbers tell what is new: each log's end is read first, which costs nothing where nothing came,
// and then the newest pages, until one has nothing new.
#include "native/cli/tail_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>
#include <vector>

#include "native/cli/open_database.h"
#include "native/cli/query_pages.h"
#include "native/cli/render.h"
#include "native/runtime/clock.h"
#include "native/store/sqlite_executor.h"
#include "weir/json.h"
#include "weir/limits.h"
#include "weir/log_store.h"

namespace weir {
namespace {

using nlohmann::ordered_json;

constexpr auto kPause = std::chrono::milliseconds(500);
constexpr int64_t kLateMs = 300'000;

// Where each log's unseen numbers begin, by the text of its id.
using Ends = std::map<std::string, uint64_t>;

Result<Ends> read_ends(SqliteDatabase& database) {
  std::vector<LogState> logs;
  SqliteExecutor executor(&database);
  auto listing = list_logs("", &logs);
  WEIR_TRY(run_operation(*listing, executor));
  Ends ends;
  for (const LogState& log : logs) ends[log_id_text(log.log)] = log.end;
  return ends;
}

class Tail {
 public:
  Tail(const CommandLine& line, SqliteDatabase& database, const Print& out)
      : line_(line), database_(database), out_(out) {}

  Status begin() {
    WEIR_ASSIGN(Ends ends, read_ends(database_));
    WEIR_ASSIGN(const QueryPage page,
                read_query_page(database_, with_parameter(line_.target,
                                                          "limit=" + std::to_string(line_.lines))));
    for (const ordered_json& query : page.queries) take(query, &ends);
    seen_ = std::move(ends);
    print();
    return {};
  }

  Status look() {
    WEIR_ASSIGN(Ends ends, read_ends(database_));
    if (ends == seen_) return {};
    const std::string since = "since=" + rfc3339_text(wall_clock_ms() - kLateMs);
    const std::string target = with_parameter(with_parameter(line_.target, since),
                                              "limit=" + std::to_string(kQueryLimitMax));
    std::string cursor;
    bool any = true;
    do {
      WEIR_ASSIGN(
          const QueryPage page,
          read_query_page(database_,
                          cursor.empty() ? target : with_parameter(target, "cursor=" + cursor)));
      any = false;
      for (const ordered_json& query : page.queries) any = take(query, &ends) || any;
      cursor = page.cursor;
    } while (any && !cursor.empty());
    seen_ = std::move(ends);
    print();
    return {};
  }

 private:
  // Keeps a query that was not seen in an earlier look; moves the ends past it.
  bool take(const ordered_json& query, Ends* ends) {
    const auto id = query["id"].get<std::string>();  // "<log>-<n>"
    const size_t dash = id.rfind('-');
    const std::string log = id.substr(0, dash);
    const uint64_t n = std::stoull(id.substr(dash + 1));
    const auto seen = seen_.find(log);
    if (seen != seen_.end() && n < seen->second) return false;
    uint64_t& end = (*ends)[log];
    end = std::max(end, n + 1);
    found_.push_back(query);
    return true;
  }

  void print() {
    std::reverse(found_.begin(), found_.end());
    for (const ordered_json& query : found_) {
      out_(line_.json ? query.dump() + "\n" : render_query_line(query.dump()));
    }
    if (!found_.empty()) std::fflush(stdout);  // a pipe gets it now, not when a buffer is full
    found_.clear();
  }

  const CommandLine& line_;
  SqliteDatabase& database_;
  const Print& out_;
  Ends seen_;
  std::vector<ordered_json> found_;  // in this look, newest first
};

Status follow(const CommandLine& line, const std::string& data_dir, const Print& out) {
  WEIR_ASSIGN(SqliteDatabase database, open_database(data_dir));
  Tail tail(line, database, out);
  WEIR_TRY(tail.begin());
  while (true) {
    std::this_thread::sleep_for(kPause);
    WEIR_TRY(tail.look());
  }
}

}  // namespace

int run_tail_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                     const Print& error) {
  const Status status = follow(line, data_dir, out);
  error("weir: " + status.message() + "\n");
  return status.code() == Code::kInvalid ? kExitUsage : kExitFailed;
}

}  // namespace weir
