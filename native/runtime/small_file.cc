#include "native/runtime/small_file.h"

#include <fcntl.h>

#include <array>
#include <cstdio>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"

namespace weir {
namespace {

Status write_durably(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return system_status("cannot make " + path);
  for (size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(file.get(), text.data() + written, text.size() - written);
    if (count < 0) return system_status("cannot write " + path);
    written += static_cast<size_t>(count);
  }
  return ::fsync(file.get()) == 0 ? Status() : system_status("cannot write " + path);
}

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return std::string();
  if (!file.valid()) return system_status("cannot open " + path);
  std::string text;
  std::array<char, 4096> piece;
  while (true) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0) return system_status("cannot read " + path);
    if (count == 0) return text;
    text.append(piece.data(), static_cast<size_t>(count));
  }
}

Status replace_small_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  WEIR_TRY(write_durably(fresh, text));
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return system_status("cannot replace " + path);
  return {};
}

}  // namespace weir
