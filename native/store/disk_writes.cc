#include "native/store/disk_writes.h"

#include <sstream>

#include "native/runtime/small_file.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr size_t kDateBytes = 10;  // 2026-11-20
constexpr size_t kDaysOfMean = 7;

std::string date_of(int64_t time_ms) { return rfc3339_text(time_ms).substr(0, kDateBytes); }

}  // namespace

DiskWrites DiskWrites::load(const std::string& data_dir) {
  DiskWrites writes(data_dir + "/disk_writes");
  writes.read_file().ok();  // save() tries again, and tells
  return writes;
}

// Adds what the file says.
Status DiskWrites::read_file() {
  WEIR_ASSIGN(const std::string text, read_small_file(path_));
  std::istringstream in(text);
  std::string date;
  uint64_t bytes = 0;
  for (size_t lines = 0; lines < kDaysKept && in >> date >> bytes; ++lines) {
    if (date.size() == kDateBytes) days_[date] += bytes;
  }
  drop_oldest();
  was_read_ = true;
  return {};
}

void DiskWrites::add(int64_t now_ms, uint64_t bytes) {
  days_[date_of(now_ms)] += bytes;
  drop_oldest();
}

void DiskWrites::drop_oldest() {
  while (days_.size() > kDaysKept) days_.erase(days_.begin());
}

Status DiskWrites::save() {
  if (!was_read_) WEIR_TRY(read_file());
  std::string text;
  for (const auto& [date, bytes] : days_) text += date + ' ' + std::to_string(bytes) + '\n';
  return replace_small_file(path_, text);
}

uint64_t DiskWrites::on_day(int64_t now_ms) const {
  const auto day = days_.find(date_of(now_ms));
  return day == days_.end() ? 0 : day->second;
}

uint64_t DiskWrites::per_day(int64_t now_ms) const {
  const std::string today = date_of(now_ms);
  uint64_t sum = 0;
  uint64_t days = 0;
  for (auto day = days_.rbegin(); day != days_.rend() && days < kDaysOfMean; ++day) {
    if (day->first >= today) continue;
    sum += day->second;
    ++days;
  }
  return days == 0 ? on_day(now_ms) : sum / days;
}

}  // namespace weir
