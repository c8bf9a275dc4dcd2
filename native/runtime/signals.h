// Signals: the signals of the process as values, taken by one thread.
#pragma once

#include "native/runtime/unique_fd.h"

namespace weir {

// Make it before any other thread, which then inherits that they are blocked. Lives on one thread.
class Signals {
 public:
  enum Kind { kStop, kReload };

  // From now on SIGINT, SIGTERM and SIGHUP wait for wait(), and SIGPIPE is ignored: a peer that is
  // gone shows as an error of the write.
  Signals();
  // Waits for the next one. kStop too if waiting is impossible.
  Kind wait();
  // SIGINT and SIGTERM end the process again, on this thread.
  void restore();

 private:
  UniqueFd fd_;
};

}  // namespace weir
