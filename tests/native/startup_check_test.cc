#include "native/store/startup_check.h"

#include <future>

#include "contract/stores.h"
#include "support/failing_executor.h"

namespace weir {
namespace {

class DirectRunner final : public OperationRunner {
 public:
  explicit DirectRunner(Executor& executor) : executor_(executor) {}
  Status run(Operation& operation, const std::function<void(Emit)>& emit) override {
    return run_operation(operation, executor_, emit);
  }

 private:
  Executor& executor_;
};

struct Reported {
  Status status;
  uint64_t findings = 0;
  uint64_t events = 0;
};

TEST_CASE("a check after an unclean stop reports what it found, once") {
  SqliteStore store;
  opened(store.executor());
  append_ok(store.executor(), 1, {sample_segment({})});
  append_ok(store.executor(), 1, {sample_segment({.first = 10})});
  store.damage(segment_id(1, 10));
  DirectRunner runner(store.executor());
  std::promise<Reported> reported;
  const StartupCheck check(runner, [&](const Status& status, const CheckResult& result) {
    reported.set_value({status, result.findings_count, result.events});
  });
  const Reported found = reported.get_future().get();
  CHECK(found.status.ok());
  CHECK(found.findings == 1);
  CHECK(found.events == 10);
}

TEST_CASE("a check that cannot read reports why") {
  SqliteStore store;
  FailingExecutor failing(&store.executor());
  failing.arm({.step = 1});
  DirectRunner runner(failing);
  std::promise<Reported> reported;
  const StartupCheck check(runner, [&](const Status& status, const CheckResult& result) {
    reported.set_value({status, result.findings_count, result.events});
  });
  CHECK(reported.get_future().get().status.code() == Code::kUnavailable);
}

}  // namespace
}  // namespace weir
