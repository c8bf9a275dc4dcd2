// LogRunner: runs operations for everybody but the writer: reads on the caller's thread over
// read-only connections of its own, writing groups on the writer thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "native/runtime/operation_runner.h"
#include "native/store/damage.h"
#include "native/store/sqlite_executor.h"
#include "native/store/writer_queue.h"

namespace weir {

// Thread-safe.
class LogRunner final : public OperationRunner {
 public:
  // Reads at a time; more callers wait.
  static constexpr size_t kReadersMax = 4;
  // While the database is replaced: longer than it takes where nothing is wrong.
  static constexpr std::chrono::milliseconds kSuspendedMsMax{1000};

  struct WriterSide {  // borrowed
    WriterQueue& queue;
    Executor& executor;  // used on the writer thread only
    // Asked on the writer thread before each group; a failure refuses it.
    std::function<Status()> admit;
  };
  // `on_damage` hears of damage that a read has met, on the reader's thread.
  LogRunner(std::string database_path, WriterSide writer, std::function<void(Damage)> on_damage);
  ~LogRunner() override;

  // The database is about to become another one: connections to the old one are closed as they
  // come back, and until resume() whoever asks for one waits a moment, then gets kUnavailable.
  void suspend();
  void resume();

  Status run(Operation& operation, const std::function<void(Emit)>& emit = {}) override;

 private:
  struct Reader;
  class Split;

  Result<std::unique_ptr<Reader>> borrow();
  void give_back(std::unique_ptr<Reader> reader);
  bool is_current(const Reader& reader);

  const std::string path_;
  const WriterSide writer_;
  const std::function<void(Damage)> on_damage_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Reader>> free_;
  size_t open_ = 0;          // free or lent
  uint64_t generation_ = 0;  // of the database
  bool suspended_ = false;
};

}  // namespace weir
