// A new file is written beside the old one and takes its name when it is on the disk: there is
// never half a file.
#include "native/forward/forward_marks.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"

namespace weir {
namespace {

Status write_durably(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return system_status(path);
  for (size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(file.get(), text.data() + written, text.size() - written);
    if (count < 0) return system_status(path);
    written += static_cast<size_t>(count);
  }
  return ::fsync(file.get()) == 0 ? Status() : system_status(path);
}

}  // namespace

ForwardMarks::ForwardMarks(std::string path) : path_(std::move(path)) { load(); }

void ForwardMarks::load() {
  std::ifstream file(path_);
  std::string id;
  uint64_t number = 0;
  // A damaged line ends the reading; what it would have said is then as at a first start.
  while (file >> id >> number) {
    if (const auto log = parse_log_id(id); log.ok()) marks_[*log] = number;
  }
}

uint64_t ForwardMarks::trusted_end(const LogId& log, uint64_t end) {
  const auto [mark, is_new] = marks_.try_emplace(log, end);
  changed_ = changed_ || is_new;
  return std::min(mark->second, end);
}

void ForwardMarks::verified(const LogId& log) {
  if (marks_.erase(log) != 0) changed_ = true;
}

Status ForwardMarks::save() {
  if (!changed_ || path_.empty()) return {};
  std::string text;
  for (const auto& [log, number] : marks_) {
    text += log_id_text(log) + " " + std::to_string(number) + "\n";
  }
  const std::string fresh = path_ + ".new";
  WEIR_TRY(write_durably(fresh, text));
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) return system_status(path_);
  changed_ = false;
  return {};
}

}  // namespace weir
