// Where the files of a data directory are.
#pragma once

#include <filesystem>
#include <string>

namespace weir {

inline std::string database_path(const std::string& data_dir) {
  return (std::filesystem::path(data_dir) / "weir.db").string();
}
inline std::string ledger_page_path(const std::string& data_dir) {
  return (std::filesystem::path(data_dir) / "ledger.page").string();
}

}  // namespace weir
