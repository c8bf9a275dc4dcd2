#include "native/store/log_storage.h"

#include "native/runtime/clock.h"

namespace weir {

Result<LogStorage> LogStorage::open(const QueryLogOptions& options) {
  WEIR_ASSIGN(std::unique_ptr<QueryLog> log, QueryLog::open(options));
  return LogStorage(std::move(log), options.retention());
}

Result<QueriesResult> LogStorage::search(const Filter& filter, size_t limit,
                                         const std::string& cursor) {
  QueriesResult result;
  auto operation = find_queries(filter, limit, cursor, {}, &result);
  WEIR_TRY(log_->runner().run(*operation));
  return result;
}

Result<QueriesResult> LogStorage::recent(size_t limit) {
  Filter all;
  all.since_ms = kTimeMsMin;
  all.until_ms = kTimeMsMax;
  return search(all, limit);
}

Result<uint64_t> LogStorage::clean_up(int64_t retention_days) {
  RetentionPolicy policy = policy_;
  policy.now_ms = wall_clock_ms();
  policy.events_days = retention_days;
  uint64_t removed = 0;
  RetentionProgress progress;
  do {
    auto operation = retain(policy, &progress);
    WEIR_TRY(log_->runner().run(*operation));
    removed += progress.events;
  } while (!progress.done);
  return removed;
}

}  // namespace weir
