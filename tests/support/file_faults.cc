// The linker gives a call of f() to __wrap_f(), and __real_f() to f(): see --wrap in ld(1). The
// list of what is wrapped is in CMakeLists.txt.
#include "support/file_faults.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <atomic>
#include <cstdarg>

namespace weir {
namespace {

struct Armed {
  std::atomic<uint64_t> operation{0};
  std::atomic<bool> persistent{false};
  std::atomic<int> error{0};
  std::atomic<uint64_t> done{0};
  std::atomic<uint64_t> failures{0};
};
Armed armed;

enum class Room : uint8_t { kNone, kNeeded };

// The errno of the failure that is planned for this call, or 0.
int next(Room room) {
  const uint64_t planned = armed.operation;
  if (planned == 0 || (armed.error == ENOSPC && room == Room::kNone)) return 0;
  const uint64_t now = ++armed.done;
  if (armed.persistent ? now < planned : now != planned) return 0;
  ++armed.failures;
  return armed.error;
}

// Fails as most calls do: with errno and `failure`.
template <auto Real, Room kRoom, class Answer, class... Arguments>
Answer pass_or_fail(Answer failure, Arguments... arguments) {
  const int error = next(kRoom);
  if (error == 0) return Real(arguments...);
  errno = error;
  return failure;
}

}  // namespace

void FileFaults::arm(const Plan& plan) {
  armed.operation = 0;
  armed.persistent = plan.persistent;
  armed.error = plan.error;
  armed.done = armed.failures = 0;
  armed.operation = plan.operation;
}

uint64_t FileFaults::failures() const { return armed.failures; }

}  // namespace weir

extern "C" {

using weir::pass_or_fail;
using enum weir::Room;

#define WEIR_WRAP(answer, name, room, failure, parameters, ...)             \
  answer __real_##name parameters;                                          \
  answer __wrap_##name parameters;                                          \
  answer __wrap_##name parameters {                                         \
    return pass_or_fail<__real_##name, room, answer>(failure, __VA_ARGS__); \
  }

WEIR_WRAP(int, access, kNone, -1, (const char* path, int mode), path, mode)
WEIR_WRAP(int, faccessat, kNone, -1, (int folder, const char* path, int mode, int flags), folder,
          path, mode, flags)
WEIR_WRAP(int, stat, kNone, -1, (const char* path, struct stat* info), path, info)
WEIR_WRAP(int, fstat, kNone, -1, (int fd, struct stat* info), fd, info)
WEIR_WRAP(DIR*, opendir, kNone, nullptr, (const char* path), path)
WEIR_WRAP(struct dirent*, readdir, kNone, nullptr, (DIR * folder), folder)
WEIR_WRAP(ssize_t, read, kNone, -1, (int fd, void* bytes, size_t size), fd, bytes, size)
WEIR_WRAP(ssize_t, pread, kNone, -1, (int fd, void* bytes, size_t size, off_t at), fd, bytes, size,
          at)
WEIR_WRAP(ssize_t, write, kNeeded, -1, (int fd, const void* bytes, size_t size), fd, bytes, size)
WEIR_WRAP(ssize_t, pwrite, kNeeded, -1, (int fd, const void* bytes, size_t size, off_t at), fd,
          bytes, size, at)
WEIR_WRAP(int, ftruncate, kNone, -1, (int fd, off_t size), fd, size)
WEIR_WRAP(int, flock, kNone, -1, (int fd, int operation), fd, operation)
WEIR_WRAP(int, link, kNeeded, -1, (const char* from, const char* to), from, to)
WEIR_WRAP(int, rename, kNeeded, -1, (const char* from, const char* to), from, to)
WEIR_WRAP(int, renameat2, kNeeded, -1,
          (int from_folder, const char* from, int to_folder, const char* to, unsigned flags),
          from_folder, from, to_folder, to, flags)
WEIR_WRAP(int, remove, kNone, -1, (const char* path), path)
WEIR_WRAP(int, mkstemp, kNeeded, -1, (char* name), name)
WEIR_WRAP(void*, mmap, kNone, MAP_FAILED,
          (void* address, size_t size, int protection, int flags, int fd, off_t at), address, size,
          protection, flags, fd, at)

#undef WEIR_WRAP

// These differ: a mode that is not always there, an answer that is the errno, and what is left out
// where it does not fail, as no test cuts the power.
int __real_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;
  va_end(rest);
  errno = weir::next((flags & O_CREAT) != 0 ? kNeeded : kNone);
  return errno == 0 ? __real_open(path, flags, mode) : -1;
}

int __real_posix_fallocate(int fd, off_t at, off_t size);
int __wrap_posix_fallocate(int fd, off_t at, off_t size);
int __wrap_posix_fallocate(int fd, off_t at, off_t size) {
  const int error = weir::next(kNeeded);
  return error == 0 ? __real_posix_fallocate(fd, at, size) : error;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
  if (weir::armed.operation == 0) return __real_fsync(fd);
  errno = weir::next(kNeeded);
  return errno == 0 ? 0 : -1;
}

}  // extern "C"
