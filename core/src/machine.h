// Machine: an operation written as member functions, one per state.
//
//   class Count final : public Machine<Count> {
//    public:
//     Count() : Machine(&Count::begin) {}
//    private:
//     Result<Step> begin(Reply&) { return read({…}, &Count::on_rows); }
//     Result<Step> on_rows(Reply& reply) { …; return done(); }
//   };
//
// A state gets the answer to the last step and returns the next step, so WEIR_TRY works in it. A
// failed step, and a failed state, end the operation with that status unless failed() is
// overridden.
#pragma once

#include <utility>
#include <vector>

#include "weir/operation.h"

namespace weir {

template <class Self>
class Machine : public Operation {
 public:
  Step resume(Reply reply) final {
    if (!reply.status.ok()) return failed(std::move(reply.status));
    Result<Step> step = (static_cast<Self*>(this)->*state_)(reply);
    return step.ok() ? std::move(step).value() : failed(step.status());
  }

 protected:
  using State = Result<Step> (Self::*)(Reply& reply);

  explicit Machine(State first) : state_(first) {}

  // What the operation does when a step or a state has failed.
  virtual Step failed(Status status) { return Done{std::move(status)}; }

  Step read(std::vector<Statement> statements, State next) {
    state_ = next;
    return Group{std::move(statements), false};
  }
  Step write(std::vector<Statement> statements, State next) {
    state_ = next;
    return Group{std::move(statements), true};
  }
  Step emit(Emit piece, State next) {
    state_ = next;
    return piece;
  }
  static Step done() { return Done{}; }

 private:
  State state_;
};

}  // namespace weir
