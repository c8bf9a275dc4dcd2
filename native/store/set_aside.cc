#include "native/store/set_aside.h"

#include <dirent.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "native/runtime/system_error.h"
#include "native/store/replace_database.h"

namespace weir {
namespace {

constexpr const char* kDamaged = ".damaged-";
constexpr const char* kKept = ".kept-";

// The files that are called `prefix` and a number, in the order of their numbers.
Result<std::vector<std::string>> numbered_files(const std::string& prefix) {
  const std::string folder = folder_of(prefix);
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(folder.c_str()), ::closedir);
  if (names == nullptr) return system_status("cannot list " + folder);
  std::vector<std::string> found;
  const std::string begin = prefix.substr(prefix.rfind('/') + 1);
  errno = 0;  // readdir() tells its end and a failure alike
  while (const dirent* entry = ::readdir(names.get())) {
    const std::string name = entry->d_name;
    const bool ours = name.size() > begin.size() && name.starts_with(begin) &&
                      name.find_first_not_of("0123456789", begin.size()) == name.npos;
    if (ours) found.push_back(prefix + name.substr(begin.size()));
  }
  if (errno != 0) return system_status("cannot list " + folder);
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return found;
}

}  // namespace

Result<std::string> set_aside(const std::string& path, int64_t now_ms) {
  std::string name = path + kDamaged + std::to_string(now_ms);
  WEIR_TRY(rename_database(path, name));
  return name;
}

Result<std::vector<std::string>> databases_set_aside(const std::string& path) {
  return numbered_files(path + kDamaged);
}

Status forget_set_aside(const std::string& name) { return remove_database(name); }

Result<std::string> keep_set_aside(const std::string& path, const std::string& name) {
  WEIR_ASSIGN(const auto earlier, numbered_files(path + kKept));
  // In this order: while it has not got its new name it is tried again.
  for (const std::string& kept : earlier) {
    WEIR_TRY(remove_database(kept));
    spdlog::warn("{}, which was kept before, is removed: only the newest is kept", kept);
  }
  std::string kept = path + kKept + name.substr(path.size() + std::string(kDamaged).size());
  WEIR_TRY(rename_database(name, kept));
  return kept;
}

}  // namespace weir
