// LogSource: the local log as the forwarder sees it. One implementation runs core operations; tests
// have their own.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "native/runtime/operation_runner.h"
#include "weir/log_store.h"

namespace weir {

// Lives on the forwarder's thread.
class LogSource {
 public:
  virtual ~LogSource() = default;

  // Which database this is: in another one a log_no may be another log's.
  virtual uint64_t database_number() = 0;
  // Every log, by log_no.
  virtual Result<std::vector<LogState>> logs() = 0;
  // The log that the writer appends to; all others are closed.
  virtual int64_t current_log_no() = 0;
  virtual Result<CutResult> cut(int64_t log_no, uint64_t from, int64_t wall_ms,
                                const CutLimits& limits) = 0;
  virtual Status set_acked(int64_t log_no, uint64_t acked) = 0;
  // Moves [from, end) of a log to a new one, in which the writer goes on if that log was the
  // current one.
  virtual Status fork(int64_t log_no, uint64_t from) = 0;
};

// What the query log itself knows and does; main.cc wires it.
struct LogWriterHooks {
  std::function<uint64_t()> database_number;
  std::function<int64_t()> current_log_no;
  std::function<Status(int64_t log_no, uint64_t from)> fork;
};

// `runner` outlives the source.
std::unique_ptr<LogSource> operation_log_source(OperationRunner& runner, LogWriterHooks hooks);

}  // namespace weir
