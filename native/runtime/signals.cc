// signalfd(2): a signal is read like any other input, and interrupts nothing.
#include "native/runtime/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "weir/status.h"

namespace weir {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Signals::Signals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set = ending_signals();
  sigaddset(&set, SIGHUP);
  WEIR_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  fd_ = UniqueFd(signalfd(-1, &set, SFD_CLOEXEC));
  WEIR_CHECK(fd_.get() >= 0);
}

Signals::Kind Signals::wait() {
  signalfd_siginfo info{};
  ssize_t size = 0;
  do {
    size = read(fd_.get(), &info, sizeof(info));
  } while (size < 0 && errno == EINTR);
  return size == sizeof(info) && info.ssi_signo == SIGHUP ? kReload : kStop;
}

void Signals::restore() {
  sigset_t set = ending_signals();
  WEIR_CHECK(pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0);
}

}  // namespace weir
