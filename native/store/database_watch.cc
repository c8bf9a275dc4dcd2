#include "native/store/database_watch.h"

#include <sys/stat.h>

#include "native/runtime/system_error.h"

namespace weir {

Status DatabaseWatch::remember() {
  WEIR_ASSIGN(opened_, look());
  return {};
}

bool DatabaseWatch::gone() const {
  const Result<Identity> now = look();
  return now.ok() && !(*now == opened_);
}

Result<DatabaseWatch::Identity> DatabaseWatch::look() const {
  struct stat info{};
  if (::stat(path_.c_str(), &info) == 0) return Identity{info.st_dev, info.st_ino};
  if (errno == ENOENT || errno == ENOTDIR) return Identity();
  return system_status("cannot inspect " + path_);
}

}  // namespace weir
