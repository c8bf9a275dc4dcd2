// DatabaseWatch: notices when the file under an open database is no longer the one that was opened,
// because somebody deleted or replaced it. SQLite would go on writing to a file without a name, and
// all of it would be gone at the next start.
#pragma once

#include <sys/types.h>

#include <string>

#include "weir/status.h"

namespace weir {

// Lives on the writer thread.
class DatabaseWatch {
 public:
  explicit DatabaseWatch(std::string path) : path_(std::move(path)) {}

  // The file that is there now is the right one. kUnavailable if it cannot be looked at.
  Status remember();
  // False while it cannot be looked at.
  bool gone() const;

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
  };
  // That of no file if there is none.
  Result<Identity> look() const;

  const std::string path_;
  Identity opened_;
};

}  // namespace weir
