// Guarded<T>: data that several threads share, reachable only while its mutex is held.
//
// Mutex and MutexLock are std::mutex with the annotations that clang's -Wthread-safety checks (the
// standard library's own carry none). g++ ignores them.
#pragma once

#include <mutex>
#include <utility>

#if defined(__clang__)
#define WEIR_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define WEIR_THREAD_ATTRIBUTE(x)
#endif
#define WEIR_GUARDED_BY(mutex) WEIR_THREAD_ATTRIBUTE(guarded_by(mutex))
#define WEIR_REQUIRES(mutex) WEIR_THREAD_ATTRIBUTE(requires_capability(mutex))

namespace weir {

class WEIR_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() WEIR_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() WEIR_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class WEIR_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) WEIR_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() WEIR_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  // Calls use(T&) under the lock and returns what it returns; no reference may leave it.
  template <class Use>
  auto with(Use&& use) {
    MutexLock lock(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <class Use>
  auto with(Use&& use) const {
    MutexLock lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

 private:
  mutable Mutex mutex_;
  T value_ WEIR_GUARDED_BY(mutex_){};
};

}  // namespace weir
