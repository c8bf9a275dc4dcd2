// Each call runs one core operation to its end on the forwarder's thread; what writes waits for the
// writer's connection there.
#include "native/forward/log_source.h"

namespace weir {
namespace {

class OperationLogSource final : public LogSource {
 public:
  OperationLogSource(OperationRunner& runner, LogWriterHooks hooks)
      : runner_(runner), hooks_(std::move(hooks)) {}

  uint64_t database_number() override { return hooks_.database_number(); }
  Result<std::vector<LogState>> logs() override {
    std::vector<LogState> logs;
    WEIR_TRY(runner_.run(*list_logs("", &logs)));
    return logs;
  }
  int64_t current_log_no() override { return hooks_.current_log_no(); }
  Result<CutResult> cut(int64_t log_no, uint64_t from, int64_t wall_ms,
                        const CutLimits& limits) override {
    CutResult result;
    WEIR_TRY(runner_.run(*cut_log(log_no, from, wall_ms, limits, &result)));
    return result;
  }
  Status set_acked(int64_t log_no, uint64_t acked) override {
    return runner_.run(*weir::set_acked(log_no, acked));
  }
  Status fork(int64_t log_no, uint64_t from) override { return hooks_.fork(log_no, from); }

 private:
  OperationRunner& runner_;
  LogWriterHooks hooks_;
};

}  // namespace

std::unique_ptr<LogSource> operation_log_source(OperationRunner& runner, LogWriterHooks hooks) {
  return std::make_unique<OperationLogSource>(runner, std::move(hooks));
}

}  // namespace weir
