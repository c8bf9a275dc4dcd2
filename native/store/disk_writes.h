// DiskWrites: how many bytes the log has written to the disk, day by day; what wears flash out.
//
// The file <data_dir>/disk_writes has a line "2026-11-20 123456" per UTC day. It is a note for
// people and no part of the log: what was counted since the last save() goes with a crash.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "weir/status.h"

namespace weir {

// Thread-compatible.
class DiskWrites {
 public:
  static constexpr size_t kDaysKept = 30;

  // Reads the file; without one, or where a line makes no sense, there is nothing yet. One that
  // cannot be read now is read before it is replaced.
  static DiskWrites load(const std::string& data_dir);

  void add(int64_t now_ms, uint64_t bytes);
  // Replaces the file as a whole.
  Status save();

  uint64_t on_day(int64_t now_ms) const;
  // The mean of the last seven days before this one, or this day so far if there are none.
  uint64_t per_day(int64_t now_ms) const;

 private:
  explicit DiskWrites(std::string path) : path_(std::move(path)) {}
  Status read_file();
  void drop_oldest();

  std::string path_;
  bool was_read_ = false;
  std::map<std::string, uint64_t> days_;
};

}  // namespace weir
