// WriterQueue: work that other threads hand to the writer and wait for. SQLite has one writer;
// whoever else must write does it here, between two commits.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "native/store/wake_event.h"

namespace weir {

// Thread-safe; run_all() and close() are the writer's.
class WriterQueue {
 public:
  explicit WriterQueue(WakeEvent& wake) : wake_(wake) {}  // borrows

  // Runs `work` on the writer thread and returns when it is done; false if the writer has ended and
  // `work` was not run. Never call it from the writer thread.
  bool call(const std::function<void()>& work) {
    bool done = false;
    std::unique_lock lock(mutex_);
    if (closed_) return false;
    waiting_.push_back([&] {
      work();
      const std::lock_guard done_lock(mutex_);
      done = true;
      done_.notify_all();
    });
    wake_.wake();
    done_.wait(lock, [&] { return done; });
    return true;
  }

  // Runs everything that waits now, and not what comes meanwhile; returns whether there was
  // something.
  bool run_all() {
    std::unique_lock lock(mutex_);
    const bool any = !waiting_.empty();
    for (size_t left = waiting_.size(); left > 0; --left) {
      const auto work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
    return any;
  }

  // Runs what waits and refuses everything after it.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    run_all();
  }

 private:
  WakeEvent& wake_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::deque<std::function<void()>> waiting_;
  bool closed_ = false;
};

}  // namespace weir
