// WAL checkpoints (https://sqlite.org/wal.html#ckpt), run by the writer between two commits.
//
// SQLite's automatic ones would make whichever commit comes next wait for them; they stay only as a
// backstop against a WAL that grows without end.
#pragma once

#include "native/store/sqlite.h"

namespace weir {

// From this size on the WAL file is also cut short, which waits a moment for readers.
inline constexpr uint64_t kWalTruncateBytes = 64 << 20;

Status prepare_for_checkpoints(SqliteDatabase& database);
// Moves what it can into the database without waiting; readers that are in the way are no failure.
Status checkpoint(SqliteDatabase& database, uint64_t wal_bytes);

}  // namespace weir
