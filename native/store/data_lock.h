// DataLock: keeps a second weir away from a data directory, by flock on <data_dir>/weir.lock.
//
// The kernel releases it when the process ends, however it ends; the file stays and means nothing.
#pragma once

#include <string>

#include "native/runtime/unique_fd.h"
#include "weir/status.h"

namespace weir {

class DataLock {
 public:
  // Makes the directory if it is missing. kDenied if it cannot be made or written, kConflict if
  // another process holds the lock.
  static Result<DataLock> take(const std::string& data_dir);
  // As take(), if the file that is locked was deleted since, as with its directory; else nothing.
  Status renew(const std::string& data_dir);

 private:
  explicit DataLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace weir
