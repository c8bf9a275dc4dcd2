// A database, a ledger page and what hangs on them, for the tests of the native log's parts.
#pragma once

#include <memory>
#include <string>

#include "contract/stores.h"
#include "native/store/log_committer.h"
#include "native/store/ring_sink.h"
#include "support/failing_executor.h"
#include "support/temporary_folder.h"
#include "weir/query.h"

namespace weir {

inline constexpr int64_t kTestWallMs = 1'790'000'000'000;

// Log ids 1, 2, 3 … in the order of their making.
class TestLogIds {
 public:
  MakeLogId maker() {
    return [this] { return sample_log(++made_); };
  }

 private:
  uint8_t made_ = 0;
};

inline uint64_t dropped(const LedgerDelta& ledger, DropReason reason) {
  return ledger.dropped[static_cast<size_t>(reason)];
}

inline LedgerDelta ledger_of(Executor& executor, int64_t log_no) {
  LedgerDelta sums;
  REQUIRE(run(executor, log_ledger(log_no, &sums)).ok());
  return sums;
}

// The database's own account must add up at any time.
inline void check_balanced(const LedgerDelta& ledger) {
  uint64_t sum = ledger.stored + ledger.collapsed;
  for (const uint64_t count : ledger.dropped) sum += count;
  CHECK(ledger.offered == sum);
}

struct LogFixture {
  TemporaryFolder folder;
  SqliteStore store;
  FailingExecutor executor{&store.executor()};
  TestLogIds ids;
  std::unique_ptr<LedgerPage> page = open_page();

  std::unique_ptr<LedgerPage> open_page() const {
    auto opened = LedgerPage::open(folder.path("ledger.page"));
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  // As after a kill: nothing but the file is left.
  void reopen_page() {
    page.reset();
    page = open_page();
  }
  Result<LogAccount> try_settle() {
    return settle_account(executor, *page, "home", kTestWallMs, ids.maker());
  }
  LogAccount settle() {
    auto account = try_settle();
    INFO(account.status().message());
    REQUIRE(account.ok());
    return std::move(account).value();
  }
};

}  // namespace weir
