#include "native/store/set_aside.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "native/runtime/system_error.h"
#include "native/store/replace_database.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr const char* kDamaged = ".damaged-";
constexpr const char* kKept = ".kept-";

// The files that are called `prefix` and a number, in the order of their numbers.
std::vector<std::string> numbered_files(const std::string& prefix) {
  std::vector<std::string> found;
  std::error_code ignored;  // a folder that cannot be read has none
  for (const auto& entry : fs::directory_iterator(folder_of(prefix), ignored)) {
    const std::string name = entry.path().string();
    const bool ours = name.size() > prefix.size() && name.starts_with(prefix) &&
                      name.find_first_not_of("0123456789", prefix.size()) == name.npos;
    if (ours) found.push_back(name);
  }
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return found;
}

Status rename_database(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return system_status("cannot rename " + from);
  for (const char* suffix : {"-wal", "-shm"}) {
    const std::string companion = from + suffix;
    if (std::rename(companion.c_str(), (to + suffix).c_str()) != 0 && errno != ENOENT) {
      return system_status("cannot rename " + companion);
    }
  }
  return {};
}

}  // namespace

Result<std::string> set_aside(const std::string& path, int64_t now_ms) {
  std::string name = path + kDamaged + std::to_string(now_ms);
  WEIR_TRY(rename_database(path, name));
  return name;
}

std::vector<std::string> databases_set_aside(const std::string& path) {
  return numbered_files(path + kDamaged);
}

void forget_set_aside(const std::string& name) { Leftover{name}; }

Result<std::string> keep_set_aside(const std::string& path, const std::string& name) {
  for (const std::string& earlier : numbered_files(path + kKept)) forget_set_aside(earlier);
  std::string kept = path + kKept + name.substr(path.size() + std::string(kDamaged).size());
  WEIR_TRY(rename_database(name, kept));
  return kept;
}

}  // namespace weir
