// Executor: what does the steps of operations: SQLite, or in tests memory and an injector of
// failures. A host that cannot block (the Worker) drives operations itself instead.
#pragma once

#include <functional>

#include "weir/operation.h"

namespace weir {

class Executor {
 public:
  virtual ~Executor() = default;

  // All statements in one transaction. A status that is not ok means that nothing was changed, with
  // one exception: after kUnavailable the group may have been committed all the same (the answer
  // was lost). Groups are written so that repeating them is safe.
  virtual Reply run_group(const Group& group) = 0;
  virtual Reply run_read(const Read& read) = 0;
  // No object store by default: kUnsupported.
  virtual Reply run_object(const Object&) {
    return Reply{Status(Code::kUnsupported, "there is no object store here")};
  }
};

// Drives `operation` from its start to its end and returns its final status. Emitted pieces go to
// `emit` in order; it may be empty where the operation emits nothing.
Status run_operation(Operation& operation, Executor& executor,
                     const std::function<void(Emit)>& emit = {});

}  // namespace weir
