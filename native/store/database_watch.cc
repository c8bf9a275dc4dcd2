#include "native/store/database_watch.h"

#include <sys/stat.h>

namespace weir {

void DatabaseWatch::remember() { opened_ = look(); }

bool DatabaseWatch::gone() const { return look() != opened_; }

DatabaseWatch::Identity DatabaseWatch::look() const {
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

}  // namespace weir
