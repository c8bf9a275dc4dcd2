#include "native/store/startup_check.h"

#include <spdlog/spdlog.h>

#include "native/runtime/thread_name.h"
#include "native/store/endable.h"

namespace weir {

void StartupCheck::log_result(const Status& status, const CheckResult& result) {
  constexpr const char* kWhen = "after an unclean stop";
  if (!status.ok()) {
    spdlog::warn("{}: the check of the newest events failed: {}", kWhen, status.message());
  } else if (result.findings.empty()) {
    spdlog::info("{}: the newest {} events are in order", kWhen, result.events);
  } else {
    spdlog::error("{}: {} problems in the newest events, see weir fsck; the first: {}", kWhen,
                  result.findings_count, finding_text(result.findings.front()));
  }
}

StartupCheck::StartupCheck(OperationRunner& runner, Report report)
    : thread_([this, &runner, told = std::move(report)] { run(runner, told); }) {}

StartupCheck::~StartupCheck() {
  ended_ = true;
  thread_.join();
}

void StartupCheck::run(OperationRunner& runner, const Report& report) {
  set_thread_name("weir-check");
  CheckResult result;
  Endable check(check_logs({.newest_events = kNewestEvents}, &result), ended_);
  const Status status = runner.run(check);
  if (!ended_) report(status, result);
}

}  // namespace weir
