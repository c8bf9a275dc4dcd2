// Brings the logs of a sound database into another one.
#pragma once

#include <string>

#include "native/store/sqlite.h"

namespace weir {

// What of the logs of `into` the database at `from` has: none of them, all of them as far as they
// go or farther, or anything in between.
enum class SharedLogs : uint8_t { kNone, kAll, kPart };
Result<SharedLogs> shared_logs(SqliteDatabase& into, const std::string& from);

// Makes the logs of the database at `from`, which may be in use, part of `into`, which nobody else
// has open: segments, ledger, what a receiver has of them, and tokens. A log keeps its number where
// that is free. Repeated, it takes over what has changed since, so that the last time takes little.
// The logs' rollups are not taken along: in `into` these logs are not rolled up yet. kExhausted if
// events of them have expired, which nothing but those rollups counts; kFull if there are too many.
Status adopt_logs(SqliteDatabase& into, const std::string& from);

}  // namespace weir
