// Every write here may be cut off by the next kill, so each one leaves a state from which the same
// start leads to the same end: first the crash is counted in the page, then committed, then the
// page is told which log goes on. Until the last step the page names the old log.
#include "native/store/log_account.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace weir {
namespace {

uint64_t sum_of(const std::array<uint64_t, kDropReasonCount>& dropped) {
  return std::accumulate(dropped.begin(), dropped.end(), uint64_t{0});
}

// Could `pending` be what was counted after the last commit? Differences of a page that is older
// than the database have wrapped and are huge.
bool plausible(const LedgerCounters& pending) {
  constexpr uint64_t kMost = kIntegerMax;
  if (pending.offered > kMost) return false;
  for (const uint64_t dropped : pending.dropped) {
    if (dropped > kMost) return false;
  }
  return pending.collapsed <= kMost &&
         sum_of(pending.dropped) + pending.collapsed <= pending.offered;
}

Status add_to_ledger(Executor& executor, const LogState& log, const LedgerDelta& delta,
                     int64_t now_ms) {
  auto operation = append({.log_no = log.log_no,
                           .segments = {},
                           .ledger = delta,
                           .ledger_sequence = log.ledger_sequence + 1,
                           .now_ms = now_ms});
  return run_operation(*operation, executor);
}

// The log that the page names, if the database has it.
const LogState* find_log(const std::vector<LogState>& logs, const LedgerPage& page) {
  if (page.found() != LedgerPage::Found::kIntact) return nullptr;
  const auto log = std::find_if(logs.begin(), logs.end(), [&page](const LogState& state) {
    return state.log == page.state().log;
  });
  if (log != logs.end()) return &*log;
  spdlog::warn("the ledger page belongs to another database: a new log begins");
  return nullptr;
}

// Whether events were offered that neither the database, which lacks the page's log, nor the page
// can tell of: the last run's in memory, or all that a database held which is gone.
bool lacks_last_run(const LedgerPage& page, const std::vector<LogState>& logs) {
  if (page.found() == LedgerPage::Found::kFresh) return !logs.empty();
  if (page.found() == LedgerPage::Found::kUnusable) return true;
  return !page.state().clean || page.state().committed_end > 0;
}

// Numbers that were committed before, and that the log does not reach.
uint64_t missing_in(const LogState& log, const LedgerPage& page) {
  const uint64_t committed = page.state().committed_end;
  return committed - std::min(committed, log.end);
}

// Accounts for what the last run had in memory when it was killed, and for what it had stored and
// is not there any more. Numbers that are missing may have been gaps, which count as drops.
Status settle_last_run(Executor& executor, LedgerPage& page, LogAccount* account, int64_t now_ms) {
  LedgerCounters pending = page.of_log() - account->accounted;
  LedgerDelta delta;
  delta.unclean = page.from_earlier_boot() && !page.state().clean;
  if (!plausible(pending)) {
    delta.unclean = true;
  } else {
    const uint64_t unsettled = pending.offered - pending.collapsed - sum_of(pending.dropped);
    delta.stored = delta.expired_corrupt = std::min(unsettled, missing_in(account->log, page));
    // Counted in the page first: if the next kill comes before the commit, the sum is the same.
    const uint64_t crash = unsettled - delta.stored;
    page.writer_slot().count_dropped(DropReason::kCrash, crash);
    pending.dropped[static_cast<size_t>(DropReason::kCrash)] += crash;
    delta.offered = pending.offered;
    delta.collapsed = pending.collapsed;
    delta.dropped = pending.dropped;
    if (crash > 0) spdlog::warn("{} events were in memory when the last run ended", crash);
    if (delta.expired_corrupt > 0) {
      spdlog::error("{} events that were stored are not in the database any more",
                    delta.expired_corrupt);
    }
  }
  if (delta.offered == 0 && !delta.unclean) return {};
  if (delta.unclean)
    spdlog::warn("the ledger cannot tell how many events were lost with the last run");
  WEIR_TRY(add_to_ledger(executor, account->log, delta, now_ms));
  account->accounted = account->accounted + counters_of(delta);
  ++account->log.ledger_sequence;
  return {};
}

}  // namespace

Status note_unclean(Executor& executor, LogState* log, int64_t now_ms) {
  WEIR_TRY(add_to_ledger(executor, *log, {.unclean = true}, now_ms));
  ++log->ledger_sequence;
  return {};
}

Result<LogAccount> account_of_log(Executor& executor, const LogId& log, const std::string& site,
                                  int64_t now_ms) {
  LogAccount account;
  auto opening = open_log(log, site, now_ms, &account.log);
  WEIR_TRY(run_operation(*opening, executor));
  LedgerDelta sums;
  auto reading = log_ledger(account.log.log_no, &sums);
  WEIR_TRY(run_operation(*reading, executor));
  account.accounted = counters_of(sums);
  return account;
}

Result<LogAccount> open_new_log(Executor& executor, const std::string& site, int64_t now_ms,
                                const MakeLogId& make_log_id) {
  return account_of_log(executor, make_log_id(), site, now_ms);
}

Result<LogAccount> settle_account(Executor& executor, LedgerPage& page, const std::string& site,
                                  int64_t now_ms, const MakeLogId& make_log_id) {
  std::vector<LogState> logs;
  auto operation = list_logs("", &logs);
  WEIR_TRY(run_operation(*operation, executor));

  std::optional<LogAccount> account;
  if (const LogState* log = find_log(logs, page)) {
    WEIR_ASSIGN(account, account_of_log(executor, log->log, site, now_ms));
    WEIR_TRY(settle_last_run(executor, page, &*account, now_ms));
    const bool is_behind = missing_in(*log, page) > 0;
    if (is_behind) {
      spdlog::warn(
          "the database ends at {} and was at {} before, its WAL was damaged or an older copy was "
          "restored: a new log begins",
          log->end, page.state().committed_end);
    }
    if (is_behind || account->log.site != site) {
      WEIR_ASSIGN(account, open_new_log(executor, site, now_ms, make_log_id));
    }
  } else {
    WEIR_ASSIGN(account, open_new_log(executor, site, now_ms, make_log_id));
    if (lacks_last_run(page, logs)) {
      spdlog::warn("the ledger cannot tell how many events were offered before");
      WEIR_TRY(note_unclean(executor, &account->log, now_ms));
    }
  }
  page.set_state({account->log.log, account->log.end, page.totals() - account->accounted, false});
  return *account;
}

LedgerCounters counters_of(const LedgerDelta& delta) {
  return {delta.offered, delta.collapsed, delta.dropped};
}

LedgerDelta operator-(const LedgerDelta& a, const LedgerDelta& b) {
  const LedgerCounters counters = counters_of(a) - counters_of(b);
  return {.offered = counters.offered,
          .stored = a.stored - b.stored,
          .collapsed = counters.collapsed,
          .dropped = counters.dropped};
}

LedgerDelta operator+(const LedgerDelta& a, const LedgerDelta& b) {
  return a - (LedgerDelta() - b);
}

Result<LedgerDelta> total_account(Executor& executor) {
  std::vector<LogState> logs;
  auto listing = list_logs("", &logs);
  WEIR_TRY(run_operation(*listing, executor));
  LedgerDelta total;
  for (const LogState& log : logs) {
    LedgerDelta sums;
    auto reading = log_ledger(log.log_no, &sums);
    WEIR_TRY(run_operation(*reading, executor));
    total = total + sums;
  }
  return total;
}

Status account_for_lost(Executor& executor, const LedgerDelta& told, const std::string& site,
                        int64_t now_ms, const MakeLogId& make_log_id) {
  const auto lacking = [](uint64_t wanted, uint64_t there) {
    return wanted - std::min(wanted, there);
  };
  WEIR_ASSIGN(const LedgerDelta here, total_account(executor));
  LedgerDelta lost;
  lost.stored = lost.expired_corrupt = lacking(told.stored, here.stored);
  lost.collapsed = lacking(told.collapsed, here.collapsed);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    lost.dropped[i] = lacking(told.dropped[i], here.dropped[i]);
  }
  lost.offered = lost.stored + lost.collapsed + sum_of(lost.dropped);
  if (lost.offered == 0) return {};
  WEIR_ASSIGN(const LogAccount account, open_new_log(executor, site, now_ms, make_log_id));
  return add_to_ledger(executor, account.log, lost, now_ms);
}

}  // namespace weir
