// DurableMark: how far the current log is durable, for threads that wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace weir {

// Thread-safe; set() is the writer's.
class DurableMark {
 public:
  void set(uint64_t end) {
    {
      const std::lock_guard lock(mutex_);
      if (end == end_) return;
      end_ = end;
    }
    moved_.notify_all();
  }

  // True once everything before `end` is durable; false if it is not within `timeout_ms`.
  bool wait(uint64_t end, int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                           [&] { return end_ >= end; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  uint64_t end_ = 0;
};

}  // namespace weir
