#include "native/store/replace_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"
#include "native/store/sqlite.h"

namespace weir {
namespace {

// There need not be one.
Status remove_file(const std::string& path) {
  if (std::remove(path.c_str()) == 0 || errno == ENOENT) return {};
  return system_status("cannot remove " + path);
}

// The WAL and its index.
Status rename_companions(const std::string& from, const std::string& to) {
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string companion = from + suffix;
    if (std::rename(companion.c_str(), (to + suffix).c_str()) == 0 || errno == ENOENT) continue;
    return system_status("cannot rename " + companion);
  }
  return {};
}

// A name that nothing has yet.
Result<std::string> free_name(const std::string& path) {
  for (int number = 1;; ++number) {
    std::string name = path + ".replaced-" + std::to_string(number);
    WEIR_ASSIGN(const bool taken, file_exists(name));
    if (!taken) return name;
  }
}

// Gives the database, with what SQLite keeps beside it, a second name, which is answered. Where the
// file system has links the database is never without its first name.
Result<std::string> put_aside(const std::string& path) {
  WEIR_ASSIGN(const bool exists, file_exists(path));
  if (!exists) return std::string();
  // Closing the last connection moves the WAL into the file. A damaged database cannot be opened;
  // its WAL is renamed with it then.
  SqliteDatabase::open(path, {.mode = SqliteDatabase::Mode::kReadWrite}).ok();
  WEIR_ASSIGN(std::string kept, free_name(path));
  Status status = rename_companions(path, kept);
  if (status.ok() && ::link(path.c_str(), kept.c_str()) != 0 &&
      std::rename(path.c_str(), kept.c_str()) != 0) {
    status = system_status("cannot rename " + path);
  }
  if (status.ok()) return kept;
  rename_companions(kept, path).ok();  // as they were
  return status;
}

}  // namespace

Result<bool> file_exists(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return system_status("cannot inspect " + path);
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

// The WAL goes first: left behind alone it would be taken for the next database's.
Status rename_database(const std::string& from, const std::string& to) {
  Status status = rename_companions(from, to);
  if (status.ok() && std::rename(from.c_str(), to.c_str()) != 0) {
    status = system_status("cannot rename " + from);
  }
  if (!status.ok()) rename_companions(to, from).ok();  // as they were
  return status;
}

Status remove_database(const std::string& path) {
  for (const char* suffix : {"-journal", "-wal", "-shm", ""}) WEIR_TRY(remove_file(path + suffix));
  return {};
}

Leftover::~Leftover() {
  remove_database(path_).ok();  // what stays is removed before it is made anew
}

Status overwrite_database(const std::string& path, const std::string& fresh) {
  // They would be taken for the new one's.
  for (const char* suffix : {"-wal", "-shm"}) WEIR_TRY(remove_file(path + suffix));
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return system_status("cannot make " + path);
  return sync_to_disk(folder_of(path));
}

Result<std::string> replace_database(const std::string& path, const std::string& fresh) {
  WEIR_ASSIGN(std::string kept, put_aside(path));
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    const Status status = system_status("cannot make " + path);
    if (!kept.empty()) rename_database(kept, path).ok();  // as it was
    return status;
  }
  WEIR_TRY(sync_to_disk(folder_of(path)));
  return kept;
}

}  // namespace weir
