// A data directory on which work is done while something fails: the N-th operation, for N = 1, 2, …
// until a run is clean, once or for good. Whoever repeats the work finds nothing lost, nothing
// doubled, a ledger that adds up, and nothing for fsck to say.
//
// What fails is the test's choice: SQLite's files (support/fault_vfs.h) or the file calls of our
// own code (support/file_faults.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "native/checked_folder.h"
#include "support/fault_vfs.h"
#include "support/file_faults.h"

namespace weir {

// Of one run: a data directory that may fail, and what else is kept beside it.
struct Stage {
  std::string folder;
  std::string data_dir = folder + "/data";
  std::string path(const char* name) const { return folder + "/" + name; }

  SqliteDatabase open(SqliteDatabase::Mode mode = SqliteDatabase::Mode::kReadOnly) const {
    return open_file(database_path(data_dir), mode);
  }
  static SqliteDatabase open_file(const std::string& file, SqliteDatabase::Mode mode) {
    auto database = SqliteDatabase::open(file, {.mode = mode});
    INFO(database.status().message());
    REQUIRE(database.ok());
    return std::move(*database);
  }
  std::vector<std::string> content(int64_t log_no = 1) const {
    SqliteDatabase database = open();
    SqliteExecutor executor(&database);
    return content_of(executor, log_no);
  }
  uint64_t number(const std::string& sql) const {
    SqliteDatabase database = open();
    auto statement = database.prepare(sql);
    REQUIRE(statement.ok());
    REQUIRE(*statement->step());
    return std::stoull(statement->column_text(0));
  }
  uint64_t expired(const std::string& why) const {
    return number("SELECT sum(expired_" + why + ") FROM ledger");
  }
};

struct Scenario {
  std::function<void(const Stage&)> prepare = [](const Stage&) {};  // of a checked folder
  std::function<Status(const Stage&)> work;
  // After a failure, before the repeat.
  std::function<void(const Stage&)> between = [](const Stage&) {};
  // The same, where nothing else failed, so that what tidies up after a failure has worked.
  std::function<void(const Stage&)> tidied = [](const Stage&) {};
  std::function<void(const Stage&)> check = [](const Stage&) {};  // after the repeat
};

inline void check_in_order(const Stage& stage) {
  SqliteDatabase database = stage.open();
  const auto report = check_database(database);
  REQUIRE(report.ok());
  if (report->problems() > 0 && report->file.empty()) {
    INFO(finding_text(report->logs.findings.front()));
    CHECK(report->problems() == 0);
  }
  CHECK(report->file.empty());
}

// `Faults` has a plan that is armed and disarmed, and counts its failures.
template <class Faults>
void run_with(typename Faults::Plan plan, const Scenario& scenario, const Stage& original) {
  namespace fs = std::filesystem;
  constexpr uint64_t kOperationsMax = 2000;
  bool failed = true;
  for (plan.operation = 1; failed; ++plan.operation) {
    REQUIRE(plan.operation < kOperationsMax);
    INFO("operation " << plan.operation << (plan.persistent ? " and all after it" : ""));
    const TemporaryFolder folder;
    const Stage stage{folder.path("")};
    fs::copy(original.folder, stage.folder, fs::copy_options::recursive);
    Faults faults;
    faults.arm(plan);
    const Status status = scenario.work(stage);
    const uint64_t failures = faults.failures();
    failed = failures > 0;
    faults.disarm();
    INFO(status.message());
    CHECK((failed || status.ok()));
    if (!status.ok()) scenario.between(stage);
    if (!status.ok() && failures == 1) scenario.tidied(stage);
    const Status repeated = scenario.work(stage);
    INFO(repeated.message());
    REQUIRE(repeated.ok());
    check_in_order(stage);
    scenario.check(stage);
  }
}

// Each plan in turn, from the same beginning.
template <class Faults>
void for_every_failure(std::initializer_list<typename Faults::Plan> plans,
                       const Scenario& scenario) {
  const TemporaryFolder folder;
  const Stage original{folder.path("")};
  {
    const CheckedFolder made;
    std::filesystem::copy(made.data_dir, original.data_dir,
                          std::filesystem::copy_options::recursive);
  }
  scenario.prepare(original);
  for (const typename Faults::Plan& plan : plans) run_with<Faults>(plan, scenario, original);
}

// A plain call fails once, or all fail from some call on. A FaultVfs leaves SQLite's syncs out.
inline void for_every_file_failure(const Scenario& scenario) {
  const FaultVfs no_syncs;
  for_every_failure<FileFaults>({{.error = EIO}, {.persistent = true, .error = EIO}}, scenario);
}

}  // namespace weir
