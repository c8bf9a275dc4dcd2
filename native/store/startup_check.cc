#include "native/store/startup_check.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "native/runtime/thread_name.h"

namespace weir {
namespace {

// An operation that gives up where it stands when it is told to.
class Endable final : public Operation {
 public:
  Endable(OperationPtr inner, const std::atomic<bool>& ended)
      : inner_(std::move(inner)), ended_(ended) {}

  Step resume(Reply reply) override {
    if (ended_) return Done{Status(Code::kUnavailable, "ended")};
    return inner_->resume(std::move(reply));
  }

 private:
  OperationPtr inner_;
  const std::atomic<bool>& ended_;
};

}  // namespace

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
