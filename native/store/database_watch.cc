#include "native/store/database_watch.h"

#include <sys/stat.h>

#include <cstdio>

#include "native/runtime/system_error.h"

namespace weir {

void DatabaseWatch::remember() { opened_ = look(); }

bool DatabaseWatch::gone() const { return look() != opened_; }

DatabaseWatch::Identity DatabaseWatch::look() const {
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

Result<std::string> set_aside(const std::string& path, int64_t now_ms) {
  const std::string name = path + ".damaged-" + std::to_string(now_ms);
  if (std::rename(path.c_str(), name.c_str()) != 0) return system_status("cannot rename " + path);
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string from = path + suffix;
    if (std::rename(from.c_str(), (name + suffix).c_str()) != 0 && errno != ENOENT) {
      return system_status("cannot rename " + from);
    }
  }
  return name;
}

}  // namespace weir
