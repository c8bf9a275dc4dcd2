// LogStorage: the query log as a plain storage: store, search, recent, clean up, subscribe, close.
//
// For programs and tests that want a log and no DNS server around it (REQUIREMENTS 003-01). It adds
// nothing to QueryLog but the shape of the calls: DNS threads use sinks, the API operations.
#pragma once

#include <memory>

#include "native/store/query_log.h"

namespace weir {

// Thread-safe.
class LogStorage {
 public:
  static Result<LogStorage> open(const QueryLogOptions& options);

  // Queues the event and returns; `done` hears what became of it. kFull, kTooLarge or kUnavailable
  // at once if it is not taken, and then `done` is not called.
  Status store(const Event& event, Completion done = {}) { return log_->store(event, done); }
  // The durable events that match, newest first; `cursor` goes on where an earlier answer ended.
  Result<QueriesResult> search(const Filter& filter, size_t limit, const std::string& cursor = "");
  Result<QueriesResult> recent(size_t limit);
  // Removes events that are older, as the retention does by itself; what is not yet in the rollups
  // stays, and with a forwarder what the receiver has not got. Returns how many there were.
  Result<uint64_t> clean_up(int64_t retention_days);
  [[nodiscard]] Subscribers::Subscription subscribe(EventListener listener) {
    return log_->subscribe(std::move(listener));
  }
  // Everything that was stored is written first, within the bound.
  Status close(int64_t bound_ms = QueryLog::kStopMsDefault) { return log_->stop(bound_ms); }

  QueryLog& log() { return *log_; }

 private:
  LogStorage(std::unique_ptr<QueryLog> log, const RetentionPolicy& policy)
      : log_(std::move(log)), policy_(policy) {}
  std::unique_ptr<QueryLog> log_;
  RetentionPolicy policy_;  // without times
};

}  // namespace weir
