// WakeEvent: lets the writer sleep, and others end its sleep, over an eventfd.
//
// Under load the writer wakes by itself every few milliseconds and nobody pays for it: producers
// make a system call only if the writer has announced that it parks.
#pragma once

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
    if (parked_.load() && parked_.exchange(false)) wake();
  }

  // The writer: sleeps until wake() or for `timeout_ms`; wake_if_parked() does not end it.
  void sleep(int64_t timeout_ms) noexcept;
  // The writer: sleeps as above, and wake_if_parked() ends it too. `busy` is asked after parking
  // was announced. No wake-up is lost if `busy` reads (sequentially consistent) what producers
  // write before they call wake_if_parked(): either it sees that write, or they see the parking.
  template <class Busy>
  void park(int64_t timeout_ms, Busy&& busy) {
    parked_.store(true);
    if (!busy()) sleep(timeout_ms);
    parked_.store(false);
  }

 private:
  UniqueFd fd_;
  std::atomic<bool> parked_{false};
};

}  // namespace weir
