#include "native/store/space_keeper.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <array>

#include "native/runtime/system_error.h"
#include "weir/limits.h"

namespace weir {
namespace {

// What each step of pressure does, for the log.
constexpr std::array<const char*, 4> kMeasures = {"nothing is folded", "repeats are folded",
                                                  "allowed queries are thinned",
                                                  "the oldest segments are removed"};

}  // namespace

Result<uint64_t> file_size(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) return static_cast<uint64_t>(info.st_size);
  if (errno == ENOENT || errno == ENOTDIR) return uint64_t{0};
  return system_status("cannot inspect " + path);
}

uint64_t file_bytes(const std::string& path) {
  const Result<uint64_t> size = file_size(path);
  return size.ok() ? *size : 0;
}

SpaceKeeper::SpaceKeeper(SqliteDatabase& database, FloodGuard& guard, const std::string& data_dir,
                         uint64_t bytes_max)
    : database_(database),
      guard_(guard),
      wal_path_(data_dir + "/weir.db-wal"),
      budget_(bytes_max),
      wal_(database, budget_.wal_bytes_max()),
      writes_(DiskWrites::load(data_dir)) {
  figures_.budget_bytes = bytes_max;
}

Status SpaceKeeper::checkpoint(int64_t wall_ms) {
  if (!database_.is_open()) return Status(Code::kUnavailable, "the database is not open");
  // A full disk may have no room for the first; the second makes some.
  const Status given_back = give_back();
  const Status moved = wal_.checkpoint(file_bytes(wal_path_));
  count_writes(wall_ms);
  if (wall_ms >= next_save_ms_ || wall_ms < next_save_ms_ - kHourMs) {  // the clock may step back
    next_save_ms_ = wall_ms + kHourMs;
    save_writes();
  }
  return given_back.ok() ? moved : given_back;
}

Status SpaceKeeper::give_back() {
  WEIR_ASSIGN(const SpaceUse use, space_use(database_));
  return give_back_space(database_, use);
}

Status SpaceKeeper::empty_wal() {
  WEIR_TRY(wal_.truncate());
  WEIR_ASSIGN(const uint64_t left, file_size(wal_path_));
  return left == 0 ? Status() : Status(Code::kConflict, "the database is being read");
}

Result<Excess> SpaceKeeper::excess() {
  if (!database_.is_open()) return Status(Code::kUnavailable, "the database is not open");
  WEIR_ASSIGN(figures_.use, space_use(database_));
  const Pressure pressure = budget_.pressure(figures_.use, figures_.pressure);
  if (pressure != figures_.pressure) {
    spdlog::warn("the log takes {} of {} bytes: {}", figures_.use.live_bytes(),
                 budget_.database_bytes_max(), kMeasures[static_cast<size_t>(pressure)]);
  }
  figures_.pressure = pressure;
  guard_.set_pressure(pressure);
  return Excess{budget_.excess(figures_.use, pressure),
                figures_.use.live_bytes() > budget_.database_bytes_max()};
}

void SpaceKeeper::finish(int64_t wall_ms) {
  if (!database_.is_open()) return;
  count_writes(wall_ms);
  save_writes();
}

void SpaceKeeper::count_writes(int64_t wall_ms) {
  const uint64_t written = wal_.take_written_bytes();
  writes_.add(wall_ms, written);
  figures_.written_bytes += written;
  figures_.written_bytes_per_day = writes_.per_day(wall_ms);
}

void SpaceKeeper::save_writes() {
  const Status status = writes_.save();
  if (!status.ok() && !save_failed_) spdlog::warn("{}", status.message());
  save_failed_ = !status.ok();
}

}  // namespace weir
