// Endable: an operation that gives up where it stands when it is told to.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "weir/operation.h"

namespace weir {

class Endable final : public Operation {
 public:
  // `ended` must outlive this.
  Endable(std::unique_ptr<Operation> inner, const std::atomic<bool>& ended)
      : inner_(std::move(inner)), ended_(ended) {}

  Step resume(Reply reply) override {
    if (ended_) return Done{Status(Code::kUnavailable, "ended")};
    return inner_->resume(std::move(reply));
  }

 private:
  std::unique_ptr<Operation> inner_;
  const std::atomic<bool>& ended_;
};

}  // namespace weir
