// What backup, restore and salvage share: databases that become others' when they are complete.
#pragma once

#include <string>
#include <utility>

#include "weir/status.h"

namespace weir {

// kUnavailable for what cannot be looked at.
Result<bool> file_exists(const std::string& path);
// "." for a name without a folder.
std::string folder_of(const std::string& path);
// Of a file its bytes, of a folder its names.
Status sync_to_disk(const std::string& path);

// Renames the WAL of a database and what else SQLite keeps beside it, then the database. A failure
// leaves them as they were, unless the disk refuses that too.
Status rename_database(const std::string& from, const std::string& to);
// Removes a database, last of all what has its name. There need not be one.
Status remove_database(const std::string& path);

// A database that is removed in the end, if it still has this name then, with what SQLite leaves
// beside it on a disk that fails.
class Leftover {
 public:
  explicit Leftover(std::string path) : path_(std::move(path)) {}
  ~Leftover();
  Leftover(const Leftover&) = delete;
  Leftover& operator=(const Leftover&) = delete;

 private:
  const std::string path_;
};

// Puts the database `fresh`, which nobody has open, in the place of `path`, on the disk too.
// Answers where the one that was there is kept, empty if there was none. Where the file system has
// links there is always one of the name.
Result<std::string> replace_database(const std::string& path, const std::string& fresh);

// The same, for good: of the database at `path`, which nobody writes to, everything is in the file,
// and nothing of it is kept.
Status overwrite_database(const std::string& path, const std::string& fresh);

}  // namespace weir
