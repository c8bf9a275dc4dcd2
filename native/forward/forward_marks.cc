#include "native/forward/forward_marks.h"

#include <algorithm>
#include <sstream>

#include "native/runtime/small_file.h"

namespace weir {

ForwardMarks::ForwardMarks(std::string path) : path_(std::move(path)) {
  load().ok();  // whoever needs it tries again
}

Status ForwardMarks::load() {
  if (was_read_ || path_.empty()) return {};
  WEIR_ASSIGN(const std::string text, read_small_file(path_));
  std::istringstream lines(text);
  std::string id;
  uint64_t number = 0;
  // A damaged line ends the reading; what it would have said is then as at a first start.
  while (lines >> id >> number) {
    if (const auto log = parse_log_id(id); log.ok()) marks_[*log] = number;
  }
  was_read_ = true;
  return {};
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
  WEIR_TRY(load());
  std::string text;
  for (const auto& [log, number] : marks_) {
    text += log_id_text(log) + " " + std::to_string(number) + "\n";
  }
  WEIR_TRY(replace_small_file(path_, text));
  changed_ = false;
  return {};
}

}  // namespace weir
