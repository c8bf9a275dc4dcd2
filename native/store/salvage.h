// Salvage: what can still be read of a database whose pages are damaged, in a new database.
//
// SQLite finds a row by its key from the root of a table's tree downwards, so a damaged page hides
// the rows below it and no others. Every table is walked from both ends towards the damage, and
// what lies between is divided and walked again, so that pages between two damaged ones are found
// too. Rows are copied as they are: whether what they hold is right is judged afterwards, as in
// every repair (weir/check.h).
//
// What it does not do: look for rows that no tree leads to any more. Where the root of a table is
// damaged, or the page that holds the schema, its rows are not found.
#pragma once

#include <optional>

#include "native/store/ledger_page.h"
#include "native/store/sqlite.h"

namespace weir {

struct SalvageResult {
  uint64_t rows = 0;        // copied
  uint64_t lost_rows = 0;   // whose key can be read, and nothing else
  uint64_t hidden = 0;      // tables with pages that cannot be read; what stood there is not known
  uint64_t named_logs = 0;  // whose row was lost: they are known by their segments
};

// Copies the rows of the log's tables and the tokens to `fresh`, which is empty but migrated.
// kCorrupt if the schema cannot be read, kUnavailable if the disk fails.
Status salvage_rows(SqliteDatabase& damaged, SqliteDatabase& fresh, SalvageResult* result);

// Brings salvaged rows together again: gives every log a row, and one that tells where it ends,
// as far as that is known, also from the state that the ledger page keeps (may be missing). Numbers
// at its end that are lost become a gap.
Status complete_logs(SqliteDatabase& fresh, const std::optional<LedgerPage::State>& page,
                     int64_t now_ms, SalvageResult* result);

// After the check has made its gaps: what the ledger says is stored is there or expired; the rest
// becomes expired{corrupt}. Answers how many events that are. Where more is there than the ledger
// knows of, the ledger itself has lost rows: it grows by that and says `unclean`.
Result<uint64_t> account_for_lost(SqliteDatabase& fresh, int64_t now_ms);

}  // namespace weir
