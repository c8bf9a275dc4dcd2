#include "native/store/wake_event.h"

#include <linux/membarrier.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "weir/status.h"

namespace weir {
namespace {

long membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0); }

}  // namespace

WakeEvent::WakeEvent() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { WEIR_CHECK(fd_.valid()); }

void WakeEvent::wake() noexcept {
  // Fails only if the counter is at its end, and then the event is set anyway.
  [[maybe_unused]] const int result = ::eventfd_write(fd_.get(), 1);
}

bool WakeEvent::fence_all_threads() noexcept {
  // Once for the process.
  static const bool kRegistered = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  return kRegistered && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
}

void WakeEvent::sleep(int64_t timeout_ms) noexcept {
  pollfd wait{fd_.get(), POLLIN, 0};
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  if (::poll(&wait, 1, static_cast<int>(std::clamp<int64_t>(timeout_ms, 0, kMax))) <= 0) return;
  eventfd_t count = 0;
  [[maybe_unused]] const int result = ::eventfd_read(fd_.get(), &count);
}

}  // namespace weir
