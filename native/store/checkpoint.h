// WalKeeper: WAL checkpoints (https://sqlite.org/wal.html#ckpt), run by the writer between two
// commits, and what they and the commits write to the disk.
//
// SQLite's automatic checkpoints would make whichever commit comes next wait for them; they stay
// only as a backstop against a WAL that outgrows its bound.
#pragma once

#include "native/store/sqlite.h"

namespace weir {

// From this size on the WAL file is cut short, which waits a moment for readers. A small byte
// budget has a smaller bound.
inline constexpr uint64_t kWalBytesMax = 64 << 20;

// Thread-compatible; borrows the database.
class WalKeeper {
 public:
  explicit WalKeeper(SqliteDatabase& database, uint64_t wal_bytes_max = kWalBytesMax)
      : database_(database), wal_bytes_max_(wal_bytes_max) {}

  // Tells SQLite the bounds.
  Status prepare();
  // Moves what it can into the database without waiting; readers that are in the way are no
  // failure. `wal_bytes` is the size of the WAL file now.
  Status checkpoint(uint64_t wal_bytes);
  // Moves all of it and cuts the WAL short. Readers may be in the way: they are waited for a
  // moment, and then it is as it is.
  Status truncate();

  // Bytes that went to the disk since the last call: pages into the WAL by commits, out of it by
  // checkpoints.
  uint64_t take_written_bytes();

 private:
  Status run(int mode);

  SqliteDatabase& database_;
  const uint64_t wal_bytes_max_;
  uint64_t frames_moved_ = 0;    // of the WAL as it is now
  uint64_t frames_written_ = 0;  // by checkpoints, not taken yet
};

}  // namespace weir
