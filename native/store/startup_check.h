// StartupCheck: after a run that did not stop in order, looks at the newest events of each log
// while DNS is answered already, and says in one line what it found.
//
// What a torn write could have hurt is at the end of a log; the whole is for `weir fsck`. It reads
// on a thread of its own, step by step through the log's readers, and mends nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "native/runtime/operation_runner.h"
#include "weir/check.h"

namespace weir {

// Thread-compatible.
class StartupCheck {
 public:
  static constexpr uint64_t kNewestEvents = 65'536;  // per log: some milliseconds

  using Report = std::function<void(const Status& status, const CheckResult& result)>;
  // To the log of the program.
  static void log_result(const Status& status, const CheckResult& result);

  // Begins at once. `runner` must outlive this. `report` is called once, on the check's thread,
  // unless the check is ended before it is through.
  explicit StartupCheck(OperationRunner& runner, Report report = log_result);
  ~StartupCheck();  // ends it before its next step
  StartupCheck(const StartupCheck&) = delete;
  StartupCheck& operator=(const StartupCheck&) = delete;

 private:
  void run(OperationRunner& runner, const Report& report);

  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace weir
