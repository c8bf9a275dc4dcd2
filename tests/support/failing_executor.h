// FailingExecutor: wraps an executor and makes its N-th step fail, for loops over N until a run is
// clean (STYLE: fault tests).
#pragma once

#include "weir/executor.h"

namespace weir {

class FailingExecutor final : public Executor {
 public:
  enum class Moment : uint8_t {
    kBefore,  // the step has no effect
    kAfter,   // the step takes effect, but its answer is lost
  };
  enum class Extent : uint8_t {
    kTransient,   // that one step
    kPersistent,  // that step and all after it
  };
  struct Plan {
    uint64_t step = 0;  // counted from 1; 0: never
    Moment moment = Moment::kBefore;
    Extent extent = Extent::kTransient;
    Code code = Code::kUnavailable;
  };

  explicit FailingExecutor(Executor* inner) : inner_(*inner) {}

  // Begins to count anew.
  void arm(const Plan& plan) {
    plan_ = plan;
    steps_ = failures_ = 0;
  }
  uint64_t failures() const { return failures_; }

  Reply run_group(const Group& group) override {
    return run([&] { return inner_.run_group(group); });
  }
  Reply run_read(const Read& read) override {
    return run([&] { return inner_.run_read(read); });
  }

 private:
  template <class Work>
  Reply run(Work work) {
    ++steps_;
    const bool fails =
        plan_.step != 0 &&
        (plan_.extent == Extent::kPersistent ? steps_ >= plan_.step : steps_ == plan_.step);
    if (!fails) return work();
    ++failures_;
    // A step that fails by itself has no answer to lose: its own failure is reported.
    if (plan_.moment == Moment::kAfter) {
      if (Reply reply = work(); !reply.status.ok()) return reply;
    }
    return Reply{Status(plan_.code, "injected failure")};
  }

  Executor& inner_;
  Plan plan_;
  uint64_t steps_ = 0;
  uint64_t failures_ = 0;
};

}  // namespace weir
