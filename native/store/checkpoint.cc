// PASSIVE copies without taking any lock that a reader or writer needs. TRUNCATE waits for readers
// of old snapshots, so it gets a short timeout instead of the connection's usual one.
#include "native/store/checkpoint.h"

#include <string>
#include <utility>

namespace weir {
namespace {

constexpr int kTruncateWaitMs = 100;
constexpr uint64_t kPageBytes = SqliteDatabase::Options().page_bytes;
constexpr uint64_t kFrameHeadBytes = 24;  // https://sqlite.org/fileformat2.html#walformat

}  // namespace

Status WalKeeper::prepare() {
  const std::string pages = std::to_string(wal_bytes_max_ / kPageBytes);
  const std::string bytes = std::to_string(wal_bytes_max_);
  return database_.execute(
      ("PRAGMA wal_autocheckpoint=" + pages + ";PRAGMA journal_size_limit=" + bytes).c_str());
}

Status WalKeeper::run(int mode) {
  int frames = 0;
  int moved = 0;
  const int result = sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, mode, &frames, &moved);
  if (result != SQLITE_OK && result != SQLITE_BUSY) return database_.status();
  const auto moved_now = static_cast<uint64_t>(moved < 0 ? 0 : moved);
  // The count begins anew when the WAL does.
  frames_written_ += moved_now >= frames_moved_ ? moved_now - frames_moved_ : moved_now;
  frames_moved_ = moved_now;
  return {};
}

Status WalKeeper::checkpoint(uint64_t wal_bytes) {
  WEIR_TRY(run(SQLITE_CHECKPOINT_PASSIVE));
  return wal_bytes < wal_bytes_max_ ? Status() : truncate();
}

Status WalKeeper::truncate() {
  database_.busy_wait().set_timeout_ms(kTruncateWaitMs);
  const Status status = run(SQLITE_CHECKPOINT_TRUNCATE);
  database_.busy_wait().set_timeout_ms(SqliteDatabase::Options().busy_timeout_ms);
  return status;
}

uint64_t WalKeeper::take_written_bytes() {
  int pages = 0;
  int unused = 0;
  sqlite3_db_status(database_.handle(), SQLITE_DBSTATUS_CACHE_WRITE, &pages, &unused, 1);
  const uint64_t moved = std::exchange(frames_written_, 0);
  return static_cast<uint64_t>(pages) * (kPageBytes + kFrameHeadBytes) + moved * kPageBytes;
}

}  // namespace weir
