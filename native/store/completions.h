// Completions: who waits for which event of the current log to be durable. Lives on the writer
// thread; in the order of the events' numbers, as they are given.
#pragma once

#include <deque>
#include <utility>

#include "native/store/event_id.h"

namespace weir {

class Completions {
 public:
  void add(uint64_t n, Completion done) { waiting_.push_back({n, std::move(done)}); }

  // The events before `end` are durable in `log`.
  void succeed(const LogId& log, int64_t log_no, uint64_t end) {
    take(end, [&](uint64_t n) { return Result<EventId>(EventId{log, log_no, n}); });
  }
  // The events before `end` never will be.
  void fail(uint64_t end, const Status& reason) {
    take(end, [&](uint64_t) { return Result<EventId>(reason); });
  }
  // What had the numbers from `from` on gets those from `to` on.
  void renumber(uint64_t from, uint64_t to) {
    for (Waiting& waiting : waiting_) waiting.n = waiting.n - from + to;
  }

 private:
  struct Waiting {
    uint64_t n;
    Completion done;
  };

  template <class ResultOf>
  void take(uint64_t end, ResultOf result_of) {
    while (!waiting_.empty() && waiting_.front().n < end) {
      const Waiting waiting = std::move(waiting_.front());
      waiting_.pop_front();
      waiting.done(result_of(waiting.n));
    }
  }

  std::deque<Waiting> waiting_;
};

}  // namespace weir
