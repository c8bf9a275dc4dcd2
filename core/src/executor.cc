#include "weir/executor.h"

namespace weir {
namespace {

// Does one step; Done is the caller's.
struct StepRunner {
  Executor& executor;
  const std::function<void(Emit)>& emit;

  Reply operator()(Group& group) const { return executor.run_group(group); }
  Reply operator()(Read& read) const { return executor.run_read(read); }
  Reply operator()(Object& object) const { return executor.run_object(object); }
  Reply operator()(Emit& piece) const {
    if (emit) emit(std::move(piece));
    return Reply{};
  }
  Reply operator()(Done&) const { return Reply{}; }
};

}  // namespace

Status run_operation(Operation& operation, Executor& executor,
                     const std::function<void(Emit)>& emit) {
  Step step = operation.start();
  while (true) {
    if (auto* done = std::get_if<Done>(&step)) return std::move(done->status);
    step = operation.resume(std::visit(StepRunner{executor, emit}, step));
  }
}

}  // namespace weir
