// Real data for tests, which lies beside the project and is no part of it.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace weir::test {

// The file's content, or nothing: the caller skips with a reason. The directory is named by the
// environment (ctest sets it), else it is looked for beside the working directory.
inline std::optional<std::string> read_shared_data(const std::string& name) {
  const char* directory = std::getenv("WEIR_SHARED_DATA");
  const std::string root = directory != nullptr ? directory : "../shared/data";
  std::ifstream file(root + "/" + name, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace weir::test
