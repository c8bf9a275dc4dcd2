// ByteBudget: how many bytes the log may take on disk, and what is given up as it fills.
//
// The budget is for database and WAL together; the database is also the spool of what a receiver
// has not got. In this order, and no step is undone before there is room again:
//   80 %  repeats of one client's question are folded (flood_guard.h)
//   90 %  of allowed queries one in four is kept; what was blocked, refused or failed is all kept
//   97 %  the oldest segments go, down to 95 %, as expired{budget}: first what no receiver waits
//         for; where none is left that may go, the oldest rollups
// Percentages are of what the database may take: the budget less the WAL's bound and some room for
// the transaction at hand.
#pragma once

#include <cstdint>

#include "native/store/checkpoint.h"

namespace weir {

enum class Pressure : uint8_t { kNone = 0, kFold = 1, kThin = 2, kRemove = 3 };

struct SpaceUse {
  uint64_t file_bytes = 0;
  uint64_t free_bytes = 0;  // of the file, in pages that hold nothing

  uint64_t live_bytes() const { return file_bytes - free_bytes; }
};

class ByteBudget {
 public:
  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}  // 0: none

  uint64_t bytes_max() const { return bytes_max_; }
  uint64_t wal_bytes_max() const;
  // What the database may take; without a budget, all there is.
  uint64_t database_bytes_max() const;

  // `before` is what it was: what has begun to be removed goes on down to 95 %.
  Pressure pressure(const SpaceUse& use, Pressure before) const;
  // Bytes to remove now; `pressure` is that of this use.
  uint64_t excess(const SpaceUse& use, Pressure pressure) const;

 private:
  uint64_t bytes_max_;
};

// As SQLite counts them.
Result<SpaceUse> space_use(SqliteDatabase& database);
// Gives pages that hold nothing back to the file system, some milliseconds' worth; some are kept,
// since the next commits want them.
Status give_back_space(SqliteDatabase& database, const SpaceUse& use);

}  // namespace weir
