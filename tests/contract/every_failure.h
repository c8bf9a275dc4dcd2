// The N-th-failure loop that writing paths are judged by.
#pragma once

#include <functional>

#include "catch.h"
#include "support/failing_executor.h"

namespace weir {

// Runs `work` on an executor that fails as planned, then again without failures, and has `check`
// judge the outcome. For every step, moment and extent.
template <class Store>
void for_every_failure(const std::function<void(Store&)>& prepare,
                       const std::function<Status(Executor&)>& work,
                       const std::function<void(Store&)>& check) {
  using Moment = FailingExecutor::Moment;
  using Extent = FailingExecutor::Extent;
  constexpr int kRunsMax = 200;  // a scenario has fewer steps than that
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    for (const Extent extent : {Extent::kTransient, Extent::kPersistent}) {
      bool failed = true;
      for (uint64_t step = 1; failed; ++step) {
        REQUIRE(step < kRunsMax);
        INFO("step " << step << " moment " << static_cast<int>(moment) << " extent "
                     << static_cast<int>(extent));
        Store store;
        prepare(store);
        FailingExecutor failing(&store.executor());
        failing.arm({.step = step, .moment = moment, .extent = extent});
        const Status status = work(failing);
        failed = failing.failures() > 0;
        CHECK((status.ok() || status.code() == Code::kUnavailable));
        CHECK((failed || status.ok()));
        const Status repeated = work(store.executor());
        INFO(repeated.message());
        REQUIRE(repeated.ok());
        check(store);
      }
    }
  }
}

}  // namespace weir
