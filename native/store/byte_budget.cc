#include "native/store/byte_budget.h"

#include <algorithm>
#include <limits>
#include <string>

namespace weir {
namespace {

constexpr uint64_t kFoldPercent = 80;
constexpr uint64_t kThinPercent = 90;
constexpr uint64_t kRemovePercent = 97;
constexpr uint64_t kRemoveToPercent = 95;

constexpr uint64_t kShare = 8;  // of the budget: the WAL's bound, and the room for a transaction
constexpr uint64_t kWalBytesMin = 2 << 20;
constexpr uint64_t kRoomBytesMax = 16 << 20;

constexpr uint64_t kFreeKept = 20;            // of the file: one in so many bytes
constexpr uint64_t kFreeKeptMin = 256 << 10;  // what a quiet home writes in an hour, about
constexpr uint64_t kFreePagesAtOnce = 1024;

Result<uint64_t> pragma_value(SqliteDatabase& database, const char* sql) {
  WEIR_ASSIGN(SqliteStatement statement, database.prepare(sql));
  WEIR_ASSIGN(const bool found, statement.step());
  if (!found) return Status(Code::kCorrupt, std::string(sql) + " answers nothing");
  WEIR_ASSIGN(const Value value, statement.column(0));
  return static_cast<uint64_t>(std::get<int64_t>(value));
}

}  // namespace

uint64_t ByteBudget::wal_bytes_max() const {
  if (bytes_max_ == 0) return kWalBytesMax;
  return std::clamp(bytes_max_ / kShare, kWalBytesMin, kWalBytesMax);
}

uint64_t ByteBudget::database_bytes_max() const {
  if (bytes_max_ == 0) return std::numeric_limits<uint64_t>::max();
  const uint64_t room = std::min(bytes_max_ / kShare, kRoomBytesMax);
  return bytes_max_ - std::min(bytes_max_, wal_bytes_max() + room);
}

Pressure ByteBudget::pressure(const SpaceUse& use, Pressure before) const {
  if (bytes_max_ == 0) return Pressure::kNone;
  const uint64_t percent = use.live_bytes() * 100 / std::max<uint64_t>(database_bytes_max(), 1);
  if (percent >= (before == Pressure::kRemove ? kRemoveToPercent : kRemovePercent)) {
    return Pressure::kRemove;
  }
  if (percent >= kThinPercent) return Pressure::kThin;
  return percent >= kFoldPercent ? Pressure::kFold : Pressure::kNone;
}

uint64_t ByteBudget::excess(const SpaceUse& use, Pressure pressure) const {
  if (pressure < Pressure::kRemove) return 0;
  return use.live_bytes() - database_bytes_max() / 100 * kRemoveToPercent;
}

Result<SpaceUse> space_use(SqliteDatabase& database) {
  WEIR_ASSIGN(const uint64_t page_bytes, pragma_value(database, "PRAGMA page_size"));
  WEIR_ASSIGN(const uint64_t pages, pragma_value(database, "PRAGMA page_count"));
  WEIR_ASSIGN(const uint64_t free, pragma_value(database, "PRAGMA freelist_count"));
  return SpaceUse{pages * page_bytes, std::min(free, pages) * page_bytes};
}

Status give_back_space(SqliteDatabase& database, const SpaceUse& use) {
  if (use.free_bytes <= std::max(kFreeKeptMin, use.file_bytes / kFreeKept)) return {};
  static const std::string kSql =
      "PRAGMA incremental_vacuum(" + std::to_string(kFreePagesAtOnce) + ")";
  return database.execute(kSql.c_str());
}

}  // namespace weir
