#include "native/store/disk_writes.h"

#include <filesystem>
#include <fstream>

#include "native/runtime/system_error.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr size_t kDateBytes = 10;  // 2026-11-20
constexpr size_t kDaysOfMean = 7;

std::string date_of(int64_t time_ms) { return rfc3339_text(time_ms).substr(0, kDateBytes); }

}  // namespace

DiskWrites DiskWrites::load(const std::string& data_dir) {
  DiskWrites writes(data_dir + "/disk_writes");
  std::ifstream in(writes.path_);
  std::string date;
  uint64_t bytes = 0;
  while (writes.days_.size() < kDaysKept && in >> date >> bytes) {
    if (date.size() == kDateBytes) writes.days_[date] = bytes;
  }
  return writes;
}

void DiskWrites::add(int64_t now_ms, uint64_t bytes) {
  days_[date_of(now_ms)] += bytes;
  while (days_.size() > kDaysKept) days_.erase(days_.begin());
}

Status DiskWrites::save() const {
  const std::string next = path_ + ".new";
  std::ofstream out(next, std::ios::trunc);
  for (const auto& [date, bytes] : days_) out << date << ' ' << bytes << '\n';
  out.close();
  if (!out) return system_status("cannot write " + next);
  std::error_code error;
  std::filesystem::rename(next, path_, error);
  return error ? system_status("cannot replace " + path_, error.value()) : Status();
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
