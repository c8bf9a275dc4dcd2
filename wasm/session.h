// Session: one operation as the C ABI drives it, from its arguments to Done.
#pragma once

#include <functional>
#include <memory>

#include "messages.h"
#include "weir/operation.h"

namespace weir {

// An operation, and what it leaves behind when it is done (null: nothing worth a log line).
struct Prepared {
  std::unique_ptr<Operation> operation;
  std::function<Counters()> counters;
};

// Reads the arguments of an operation, by kind (docs/abi.md). What is no kind, and a byte too few
// or too many, gives an operation that ends with kInvalid.
Prepared prepare(ByteView arguments);

// Thread-compatible.
class Session {
 public:
  explicit Session(Prepared prepared) : prepared_(std::move(prepared)) {}

  // Goes on to the next step. The first reply is empty. Object steps are answered here, with
  // kUnsupported: no host of this ABI has an object store. Precondition: the last step was not
  // Done.
  void resume(ByteView reply);
  // The current step as a message.
  const Bytes& message() const { return message_; }

 private:
  Step next(Reply reply);

  Prepared prepared_;
  Step asked_ = Emit{};
  Bytes message_;
};

}  // namespace weir
