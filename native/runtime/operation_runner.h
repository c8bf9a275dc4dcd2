// OperationRunner: runs core operations against the local database. The seam between store/ and
// http/, forward/, cli/.
#pragma once

#include <functional>

#include "weir/operation.h"

namespace weir {

// Thread-safe.
class OperationRunner {
 public:
  virtual ~OperationRunner() = default;

  // Runs `operation` to its end on the calling thread and returns its final status. Emitted pieces
  // go to `emit` in order (may be empty where the operation emits nothing). Reading operations use
  // a read-only connection; a writing group is executed on the writer's connection between its
  // commits, and this call waits for it.
  virtual Status run(Operation& operation, const std::function<void(Emit)>& emit = {}) = 0;
};

// For `emit`: joins the pieces of an HTTP answer in `*answer`, which is borrowed.
inline std::function<void(Emit)> joined_into(Emit* answer) {
  return [answer](Emit piece) {
    if (piece.head) answer->head = std::move(piece.head);
    answer->bytes += piece.bytes;
  };
}

}  // namespace weir
