#include "native/store/salvage_set_aside.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "native/runtime/clock.h"
#include "native/store/adopt_logs.h"
#include "native/store/fsck.h"
#include "native/store/replace_database.h"
#include "native/store/salvage_file.h"
#include "native/store/set_aside.h"
#include "native/store/space_keeper.h"

namespace weir {
namespace {

constexpr int kTakeOversMax = 20;
constexpr auto kTakeOverPause = std::chrono::milliseconds(100);

// A database that waited, and what came of it.
struct Waiting {
  std::string name;
  std::optional<FileSalvage> salvage;
  std::string problem;  // why there is none
};

uint64_t bytes_of(const std::string& database) {
  return file_bytes(database) + file_bytes(database + "-wal");
}

Status check_room(const std::string& path, const std::vector<std::string>& names) {
  uint64_t wanted = kSalvageReserveBytes;
  for (const std::string& name : names) wanted += bytes_of(name);
  std::error_code error;
  const auto space = std::filesystem::space(folder_of(path), error);
  if (error) return Status(Code::kUnavailable, "cannot tell how much room there is");
  if (space.available >= wanted) return {};
  return Status(Code::kFull, "a salvage needs " + std::to_string(wanted) +
                                 " bytes of the disk, and there are " +
                                 std::to_string(space.available));
}

// What a check still finds would be found again by whoever uses the database.
Status check_sound(SqliteDatabase& salvaged) {
  WEIR_ASSIGN(const FsckReport report, check_database(salvaged));
  if (!report.file.empty()) return Status(Code::kUnavailable, report.file.front());
  for (const Finding& finding : report.logs.findings) {
    if (finding.part == Finding::Part::kLedger || finding.part == Finding::Part::kRollup) continue;
    return Status(Code::kCorrupt, finding_text(finding));
  }
  return {};
}

class SetAside {
 public:
  explicit SetAside(const SetAsideRequest& request) : request_(request) {}

  Result<uint64_t> run() {
    WEIR_ASSIGN(names_, databases_set_aside(request_.database_path));
    if (names_.empty()) return uint64_t{0};
    WEIR_TRY(check_room(request_.database_path, names_));
    spdlog::info("the salvage of {} begins", names_.front());
    const Leftover fresh(fresh_);
    const Leftover next(next_);
    Status status = make_salvaged();
    if (status.ok() && has_any()) status = put_in_place();
    if (status.code() == Code::kCorrupt || status.code() == Code::kExhausted) {
      for (Waiting& waiting : done_) give_up(status, &waiting);
    } else {
      WEIR_TRY(status);
    }
    uint64_t corrupt_events = 0;
    for (const Waiting& waiting : done_) {
      if (waiting.salvage) corrupt_events += waiting.salvage->corrupt_events;
      WEIR_TRY(finish(waiting));
    }
    return corrupt_events;
  }

 private:
  // Of the oldest one, and of those that were set aside since, as far as they fit together.
  Status make_salvaged() {
    for (const std::string& name : names_) {
      const bool first = !has_any();
      const std::string target = first ? fresh_ : next_;
      WEIR_TRY(remove_database(target));  // of a salvage that was killed
      Result<FileSalvage> salvage = salvage_file({.damaged = name,
                                                  .fresh = target,
                                                  .page = {},
                                                  .now_ms = wall_clock_ms(),
                                                  .ended = request_.ended});
      if (salvage.ok() && !first) WEIR_TRY(adopt_next());
      if (!salvage.ok() && salvage.status().code() != Code::kCorrupt) return salvage.status();
      done_.push_back({name, {}, salvage.status().message()});
      if (salvage.ok()) done_.back().salvage = *salvage;
    }
    return {};
  }

  Status adopt_next() {
    WEIR_ASSIGN(SqliteDatabase salvaged, open_salvaged());
    return adopt_logs(salvaged, next_);
  }

  Status put_in_place() {
    WEIR_ASSIGN(SqliteDatabase salvaged, open_salvaged());
    WEIR_TRY(check_sound(salvaged));
    const std::string& path = request_.database_path;
    WEIR_ASSIGN(const SharedLogs shared, shared_logs(salvaged, path));
    if (shared == SharedLogs::kAll) return {};  // the last try got as far as that
    if (shared == SharedLogs::kPart) {
      return Status(Code::kExhausted,
                    "the database has logs of the same name that end earlier, as one that was "
                    "restored from a copy has");
    }
    // The second time takes what came during the first, which may have taken long.
    WEIR_TRY(adopt_logs(salvaged, path));
    WEIR_TRY(adopt_logs(salvaged, path));
    return take_over(salvaged);
  }

  Status take_over(SqliteDatabase& salvaged) const {
    Status status(Code::kUnavailable, "ended");
    for (int i = 0; i < kTakeOversMax && !*request_.ended; ++i) {
      status = request_.take_over([&] { return adopt_rest(salvaged); }, fresh_);
      if (status.code() != Code::kConflict || !salvaged.is_open()) return status;
      std::this_thread::sleep_for(kTakeOverPause);
    }
    return Status(Code::kUnavailable, status.message());
  }

  Status adopt_rest(SqliteDatabase& salvaged) const {
    WEIR_ASSIGN(const auto names, databases_set_aside(request_.database_path));
    if (names != names_) {
      salvaged.close();
      return Status(Code::kConflict, "another database was set aside meanwhile");
    }
    WEIR_TRY(adopt_logs(salvaged, request_.database_path));
    WEIR_TRY(salvaged.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    salvaged.close();
    return {};
  }

  Result<SqliteDatabase> open_salvaged() const {
    WEIR_ASSIGN(SqliteDatabase salvaged, SqliteDatabase::open(fresh_, {}));
    salvaged.end_when(request_.ended);
    return salvaged;
  }

  bool has_any() const {
    return std::any_of(done_.begin(), done_.end(),
                       [](const Waiting& waiting) { return waiting.salvage.has_value(); });
  }

  static void give_up(const Status& status, Waiting* waiting) {
    if (!waiting->salvage) return;
    waiting->salvage.reset();
    waiting->problem = status.message();
  }

  Status finish(const Waiting& waiting) const {
    const bool complete = waiting.salvage && waiting.salvage->complete();
    std::string kept;
    if (complete) {
      WEIR_TRY(forget_set_aside(waiting.name));
    } else {
      WEIR_ASSIGN(kept, keep(waiting.name));
    }
    if (!waiting.salvage) {
      spdlog::error("nothing of {} could be salvaged: {}{}", waiting.name, waiting.problem, kept);
    } else if (complete) {
      spdlog::warn("all of {} is salvaged: {} rows", waiting.name, waiting.salvage->rows.rows);
    } else {
      spdlog::warn(
          "what can be read of {} is salvaged, {} rows; {} more events are counted as corrupt{}",
          waiting.name, waiting.salvage->rows.rows, waiting.salvage->corrupt_events, kept);
    }
    return {};
  }

  // What has become of the file, for the message.
  Result<std::string> keep(const std::string& name) const {
    const std::string& path = request_.database_path;
    const bool room =
        request_.bytes_max == 0 || bytes_of(name) + bytes_of(path) <= request_.bytes_max;
    if (!room) {
      WEIR_TRY(forget_set_aside(name));
      return std::string("; it is removed, as it does not fit the byte budget");
    }
    WEIR_ASSIGN(const std::string kept, keep_set_aside(path, name));
    return "; it is kept as " + kept;
  }

  const SetAsideRequest& request_;
  const std::string fresh_ = salvaging_path(request_.database_path);
  const std::string next_ = fresh_ + "-next";
  std::vector<std::string> names_;
  std::vector<Waiting> done_;
};

}  // namespace

Result<uint64_t> salvage_set_aside(const SetAsideRequest& request) {
  return SetAside(request).run();
}

}  // namespace weir
