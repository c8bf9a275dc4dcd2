// PASSIVE copies without taking any lock that a reader or writer needs. TRUNCATE waits for readers
// of old snapshots, so it gets a short timeout instead of the connection's usual one.
#include "native/store/checkpoint.h"

namespace weir {
namespace {

constexpr int kTruncateWaitMs = 100;

}  // namespace

Status prepare_for_checkpoints(SqliteDatabase& database) {
  return database.execute("PRAGMA wal_autocheckpoint=32768");  // pages
}

Status checkpoint(SqliteDatabase& database, uint64_t wal_bytes) {
  sqlite3* const handle = database.handle();
  const bool truncate = wal_bytes >= kWalTruncateBytes;
  if (truncate) database.busy_wait().set_timeout_ms(kTruncateWaitMs);
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int result = sqlite3_wal_checkpoint_v2(handle, nullptr, mode, nullptr, nullptr);
  const Status status = result == SQLITE_OK || result == SQLITE_BUSY ? Status() : database.status();
  if (truncate) database.busy_wait().set_timeout_ms(SqliteDatabase::Options().busy_timeout_ms);
  return status;
}

}  // namespace weir
