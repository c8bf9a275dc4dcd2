// LogAccount: which log the writer goes on with, and what of it the database accounts for.
//
// At start the ledger page (what was offered) is compared with the database (what is stored or
// known to be dropped). They agree after a clean stop. After a kill the difference becomes
// dropped{crash}. If the page knows of later commits than the database has, they went with a
// damaged WAL, whose end SQLite drops without a word, or the database is an older copy: they count
// as stored and expired{corrupt}, and since their numbers were given away already, a new log
// begins. One begins as well when the site has got another name. If the page cannot be believed,
// the ledger says `unclean` instead of naming a number.
#pragma once

#include <functional>
#include <string>

#include "native/store/ledger_page.h"
#include "weir/executor.h"
#include "weir/log_store.h"

namespace weir {

struct LogAccount {
  LogState log;
  LedgerCounters accounted;  // of this log, in the database
};

using MakeLogId = std::function<LogId()>;

// Settles the ledger of the last run, chooses the log and leaves page and database in agreement:
// page.of_log() == accounted. Safe to repeat after a kill at any point.
Result<LogAccount> settle_account(Executor& executor, LedgerPage& page, const std::string& site,
                                  int64_t now_ms, const MakeLogId& make_log_id);

// What the database knows of a log; opens it if it is not there.
Result<LogAccount> account_of_log(Executor& executor, const LogId& log, const std::string& site,
                                  int64_t now_ms);
// The same for a new log. The page still belongs to the old one.
Result<LogAccount> open_new_log(Executor& executor, const std::string& site, int64_t now_ms,
                                const MakeLogId& make_log_id);

// Says in the ledger that it may lack events.
Status note_unclean(Executor& executor, LogState* log, int64_t now_ms);

// All of a delta but what is stored.
LedgerCounters counters_of(const LedgerDelta& delta);
// Of these and what is stored. Differences may wrap, as those of LedgerCounters.
LedgerDelta operator+(const LedgerDelta& a, const LedgerDelta& b);
LedgerDelta operator-(const LedgerDelta& a, const LedgerDelta& b);

// What the database accounts for over all of its logs.
Result<LedgerDelta> total_account(Executor& executor);

// Other databases accounted for a part of `told` and are gone for good: what the one that is there
// does not account for, it does from now on, as stored and expired{corrupt}, in a log that has no
// events. Repeating adds nothing.
Status account_for_lost(Executor& executor, const LedgerDelta& told, const std::string& site,
                        int64_t now_ms, const MakeLogId& make_log_id);

}  // namespace weir
