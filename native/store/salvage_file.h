// A damaged database file and a sound one of what can be read of it: what fsck --repair and the
// server's own recovery do alike.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "native/store/ledger_page.h"
#include "native/store/salvage.h"
#include "native/store/sqlite.h"
#include "weir/check.h"

namespace weir {

// Where a database is made of a damaged one, until it is complete.
inline std::string salvaging_path(const std::string& database_path) {
  return database_path + ".salvaging";
}

struct FileSalvage {
  SalvageResult rows;
  uint64_t mended = 0;          // rows
  uint64_t corrupt_events = 0;  // newly counted as expired{corrupt}
  RebuildResult rollups;

  bool complete() const { return rows.lost_rows + rows.hidden + corrupt_events == 0; }
};

struct SalvageRequest {
  std::string damaged;  // a file that nobody has open; its WAL, if there is one, goes into it
  std::string fresh;    // must not exist; the caller removes it after a failure
  std::optional<LedgerPage::State> page;  // what else is known of the log that was written to
  int64_t now_ms = 0;
  const std::atomic<bool>* ended = nullptr;  // may be null; once true, ends soon: kUnavailable
};
// kCorrupt if nothing can be read, and then of a damaged file nothing has been changed;
// kUnavailable if the disk fails, which a repeat may mend.
Result<FileSalvage> salvage_file(const SalvageRequest& request);

// Opens a file although it may be damaged; `*refusal` says what SQLite has against it.
Result<SqliteDatabase> open_damaged(const std::string& path, std::string* refusal);

}  // namespace weir
