// A library for LD_PRELOAD: the wall clock of a process, shifted while it runs.
//
// The environment's WEIR_TEST_CLOCK names a file of eight bytes, a signed number of seconds in the
// machine's order, that are added to CLOCK_REALTIME. Whoever writes to the file makes the clock
// jump. The other clocks are left alone, as a real jump leaves them.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

using ClockGettime = int (*)(clockid_t, timespec*);
using Offset = std::atomic<int64_t>;

[[noreturn]] void fail(const char* what) {
  static_cast<void>(write(STDERR_FILENO, what, __builtin_strlen(what)));
  std::abort();
}

const Offset* map_offset() {
  const char* const path = std::getenv("WEIR_TEST_CLOCK");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  void* const page =
      file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(Offset), PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) fail("clock_offset: WEIR_TEST_CLOCK names no file\n");
  close(file);
  return static_cast<const Offset*>(page);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real = reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"));
  static const Offset* const offset_s = map_offset();
  const int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += offset_s->load();
  return result;
}
