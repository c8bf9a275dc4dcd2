// flock and not a pid file: a pid file outlives its process, and its number may be somebody
// else's by then. The pid inside is only for the message.
#include "native/store/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "native/runtime/system_error.h"

namespace weir {
namespace {

Status denied(const std::string& what, int error) {
  return Status(Code::kDenied, system_status(what, error).message());
}

// Who holds the lock, as it wrote itself down.
std::string holder(int fd) {
  std::string pid(20, '\0');
  const ssize_t size = ::pread(fd, pid.data(), pid.size(), 0);
  pid.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return pid.empty() ? "another process" : "process " + pid;
}

std::string lock_path(const std::string& data_dir) { return data_dir + "/weir.lock"; }

}  // namespace

Status DataLock::renew(const std::string& data_dir) {
  struct stat held{};
  struct stat there{};
  const bool stands = ::fstat(fd_.get(), &held) == 0 &&
                      ::stat(lock_path(data_dir).c_str(), &there) == 0 &&
                      held.st_dev == there.st_dev && held.st_ino == there.st_ino;
  if (stands) return {};
  WEIR_ASSIGN(*this, take(data_dir));
  return {};
}

Result<DataLock> DataLock::take(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::create_directories(data_dir, error);
  if (error) return denied("cannot make the data directory " + data_dir, error.value());
  // A lock file that is there can be opened in a folder where nothing can be made.
  if (::faccessat(AT_FDCWD, data_dir.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return denied("cannot write to the data directory " + data_dir, errno);
  }
  const std::string path = lock_path(data_dir);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return denied("cannot write to the data directory " + data_dir, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_status("cannot lock " + path);
    return Status(Code::kConflict,
                  "the data directory " + data_dir + " is in use by " + holder(fd.get()));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return denied("cannot write " + path, errno);
  }
  return DataLock(std::move(fd));
}

}  // namespace weir
