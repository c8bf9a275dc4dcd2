// WakeEvent: lets the writer sleep, and others end its sleep, over an eventfd.
//
// Under load the writer wakes by itself every few milliseconds and nobody pays for it: producers
// make a system call only if the writer has announced that it parks.
//
// Between "here is work" and "does somebody park?" a producer would need a full fence, for each
// event. The writer, who parks seldom, pays for both sides instead: membarrier(2) makes every other
// thread of the process pass such a fence while the writer waits. Where the kernel has none or a
// sandbox forbids it, a parked writer looks for itself every kLookMs.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "native/runtime/unique_fd.h"

namespace weir {

class WakeEvent {
 public:
  WakeEvent();

  // Any thread, after it has made work: ends the sleep at hand or else the next one.
  void wake() noexcept;
  // The same, but free unless somebody parks.
  void wake_if_parked() noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);  // the compiler keeps the order, too
    if (parked_.load(std::memory_order_relaxed) && parked_.exchange(false)) wake();
  }

  // The writer: sleeps until wake() or for `timeout_ms`; wake_if_parked() does not end it.
  void sleep(int64_t timeout_ms) noexcept;
  // The writer: sleeps as above, and wake_if_parked() ends it too. `busy` is asked after parking
  // was announced. No wake-up is lost if `busy` reads atomics that producers write before they call
  // wake_if_parked(): either it sees that write, or they see the parking.
  template <class Busy>
  void park(int64_t timeout_ms, Busy&& busy) {
    parked_.store(true);
    const bool certain = fence_all_threads();
    if (!busy()) sleep(certain ? timeout_ms : std::min(timeout_ms, kLookMs));
    parked_.store(false);
  }

 private:
  static constexpr int64_t kLookMs = 10;

  // Every thread passes a full memory fence between the call and the return; false if it cannot be.
  static bool fence_all_threads() noexcept;

  UniqueFd fd_;
  std::atomic<bool> parked_{false};
};

}  // namespace weir
