#include "native/store/replace_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"
#include "native/store/sqlite.h"

namespace weir {
namespace {

// Gives the database, with what SQLite keeps beside it, a second name, which is answered. Where the
// file system has links the database is never without its first name.
Result<std::string> put_aside(const std::string& path) {
  if (!file_exists(path)) return std::string();
  // Closing the last connection moves the WAL into the file. A damaged database cannot be opened;
  // its WAL is renamed with it then.
  SqliteDatabase::open(path, {.mode = SqliteDatabase::Mode::kReadWrite}).ok();
  std::string kept;
  for (int number = 1; kept.empty() || file_exists(kept); ++number) {
    kept = path + ".replaced-" + std::to_string(number);
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string from = path + suffix;
    if (file_exists(from) && std::rename(from.c_str(), (kept + suffix).c_str()) != 0) {
      return system_status("cannot rename " + from);
    }
  }
  if (::link(path.c_str(), kept.c_str()) != 0 && std::rename(path.c_str(), kept.c_str()) != 0) {
    return system_status("cannot rename " + path);
  }
  return kept;
}

}  // namespace

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Status sync_to_disk(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return system_status("cannot sync " + path);
  return {};
}

Leftover::~Leftover() {
  if (path_.empty()) return;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::remove((path_ + suffix).c_str());
  }
}

Status overwrite_database(const std::string& path, const std::string& fresh) {
  // They would be taken for the new one's.
  for (const char* suffix : {"-wal", "-shm"}) std::remove((path + suffix).c_str());
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return system_status("cannot make " + path);
  return sync_to_disk(folder_of(path));
}

Result<std::string> replace_database(const std::string& path, const std::string& fresh) {
  WEIR_ASSIGN(std::string kept, put_aside(path));
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return system_status("cannot make " + path);
  WEIR_TRY(sync_to_disk(folder_of(path)));
  return kept;
}

}  // namespace weir
