#include "native/store/log_account.h"

#include <filesystem>

#include "native/log_fixture.h"

namespace weir {
namespace {

constexpr size_t kFull = static_cast<size_t>(DropReason::kBufferFull);

// Commits `count` events to the log, as the committer does: page and database agree afterwards.
void commit(LogFixture& f, const LogAccount& account, uint64_t first, uint64_t count) {
  f.page->slot(0).count_offered(count);
  append_ok(f.executor, account.log.log_no,
            {sample_segment({.log = account.log.log, .first = first, .count = count})});
  LedgerPage::State state = f.page->state();
  state.committed_end = first + count;
  f.page->set_state(state);
}

TEST_CASE("a first start opens a log and owes nothing") {
  LogFixture f;
  const LogAccount account = f.settle();
  CHECK(account.log.log == sample_log(1));
  CHECK(account.log.end == 0);
  CHECK(account.log.site == "home");
  CHECK(f.page->state().log == sample_log(1));
  CHECK(ledger_of(f.executor, account.log.log_no).offered == 0);
  CHECK_FALSE(ledger_of(f.executor, account.log.log_no).unclean);
}

TEST_CASE("a log goes on where it ended") {
  LogFixture f;
  commit(f, f.settle(), 0, 10);
  f.reopen_page();
  const LogAccount account = f.settle();
  CHECK(account.log.log == sample_log(1));
  CHECK(account.log.end == 10);
  CHECK(account.accounted.offered == 10);
  CHECK(f.page->of_log() == account.accounted);
  CHECK(ledger_of(f.executor, account.log.log_no).offered == 10);
}

TEST_CASE("what was in memory at a kill becomes dropped{crash}, once") {
  LogFixture f;
  commit(f, f.settle(), 0, 10);
  f.page->slot(0).count_offered(4);
  f.page->slot(7).count_offered(3);
  for (int start = 0; start < 3; ++start) {
    f.reopen_page();
    const LogAccount account = f.settle();
    const LedgerDelta ledger = ledger_of(f.executor, account.log.log_no);
    CHECK(ledger.offered == 17);
    CHECK(ledger.stored == 10);
    CHECK(dropped(ledger, DropReason::kCrash) == 7);
    check_balanced(ledger);
    CHECK(f.page->of_log() == account.accounted);
  }
}

TEST_CASE("drops that were counted before a kill keep their reason") {
  LogFixture f;
  f.settle();
  f.page->slot(0).count_offered(9);
  f.page->slot(0).count_dropped(DropReason::kBufferFull, 5);
  f.page->writer_slot().count_dropped(DropReason::kShutdown, 2);
  f.reopen_page();
  const LedgerDelta ledger = ledger_of(f.executor, f.settle().log.log_no);
  CHECK(ledger.dropped[kFull] == 5);
  CHECK(dropped(ledger, DropReason::kShutdown) == 2);
  CHECK(dropped(ledger, DropReason::kCrash) == 2);
  check_balanced(ledger);
}

TEST_CASE("a page behind the database is believed: the kill came before it was told") {
  LogFixture f;
  const LogAccount account = f.settle();
  f.page->slot(0).count_offered(10);
  append_ok(f.executor, account.log.log_no, {sample_segment({.log = account.log.log})});
  f.reopen_page();
  CHECK(f.settle().log.end == 10);
  CHECK(ledger_of(f.executor, account.log.log_no).offered == 10);
}

// The page knows of `missing` events more that were committed, and of `in_memory` ones.
void put_ahead(LogFixture& f, uint64_t missing, uint64_t in_memory, bool clean) {
  f.page->slot(0).count_offered(missing + in_memory);
  LedgerPage::State state = f.page->state();
  state.committed_end += missing;
  state.clean = clean;
  f.page->set_state(state);
  f.reopen_page();
}

TEST_CASE("a page ahead of the database: what is missing is told, and a new log begins") {
  LogFixture f;
  const LogAccount before = f.settle();
  commit(f, before, 0, 10);
  put_ahead(f, 6, 0, true);
  for (int start = 0; start < 2; ++start) {
    const LogAccount account = f.settle();
    CHECK(account.log.log != before.log.log);
    CHECK(account.log.end == 0);
    CHECK(f.page->of_log() == LedgerCounters());
    const LedgerDelta ledger = ledger_of(f.executor, before.log.log_no);
    CHECK(ledger.offered == 16);
    CHECK(ledger.stored == 16);
    CHECK(ledger.expired_corrupt == 6);
    CHECK_FALSE(ledger.unclean);
    check_balanced(ledger);
    f.reopen_page();
  }
}

// The start is cut off at `step`, if it has so many, then repeated; false if it had less.
bool count_once(uint64_t missing, uint64_t step, FailingExecutor::Moment moment) {
  INFO(missing << " missing, step " << step);
  LogFixture f;
  const LogAccount before = f.settle();
  commit(f, before, 0, 10);
  put_ahead(f, missing, 3, false);
  f.executor.arm({.step = step, .moment = moment});
  const bool settled = f.try_settle().ok();
  const bool failed = f.executor.failures() > 0;
  CHECK(settled == !failed);
  f.executor.arm({});
  f.reopen_page();
  CHECK((f.settle().log.log == before.log.log) == (missing == 0));
  const LedgerDelta ledger = ledger_of(f.executor, before.log.log_no);
  CHECK(ledger.offered == 13 + missing);
  CHECK(ledger.stored == 10 + missing);
  CHECK(ledger.expired_corrupt == missing);
  CHECK(dropped(ledger, DropReason::kCrash) == 3);
  CHECK_FALSE(ledger.unclean);
  check_balanced(ledger);
  return failed;
}

TEST_CASE("a start that fails at any step, with or without effect, counts what was lost once") {
  for (const uint64_t missing : {0U, 6U}) {
    for (const auto moment : {FailingExecutor::Moment::kBefore, FailingExecutor::Moment::kAfter}) {
      uint64_t step = 1;
      while (count_once(missing, step, moment)) ++step;
      CHECK(step > 1);
    }
  }
}

TEST_CASE("a page of another database begins a new log, unclean if that one held events") {
  for (const uint64_t events : {0U, 5U}) {
    LogFixture f;
    LedgerPage::State state;
    state.log = sample_log(77);
    state.committed_end = events;
    state.clean = true;
    f.page->set_state(state);
    f.reopen_page();
    const LogAccount account = f.settle();
    CHECK(account.log.log == sample_log(1));
    CHECK(ledger_of(f.executor, account.log.log_no).unclean == (events > 0));
  }
}

TEST_CASE("a site with another name gets a new log, after the old one is settled") {
  LogFixture f;
  const LogAccount before = f.settle();
  commit(f, before, 0, 10);
  f.page->slot(0).count_offered(2);
  f.reopen_page();
  const auto account = settle_account(f.executor, *f.page, "office", kTestWallMs, f.ids.maker());
  REQUIRE(account.ok());
  CHECK(account->log.log == sample_log(2));
  CHECK(account->log.site == "office");
  CHECK(f.page->of_log() == LedgerCounters());
  CHECK(dropped(ledger_of(f.executor, before.log.log_no), DropReason::kCrash) == 2);
  const auto total = total_account(f.executor);
  REQUIRE(total.ok());
  CHECK(total->offered == 12);
  CHECK(total->stored == 10);
}

TEST_CASE("a database whose page is gone goes on in a new log, unclean") {
  LogFixture f;
  commit(f, f.settle(), 0, 10);
  f.page.reset();
  std::filesystem::remove(f.folder.path("ledger.page"));
  f.page = f.open_page();
  const LogAccount account = f.settle();
  CHECK(account.log.log == sample_log(2));
  const LedgerDelta ledger = ledger_of(f.executor, account.log.log_no);
  CHECK(ledger.unclean);
  CHECK(ledger.offered == 0);
}

TEST_CASE("a page that cannot be read is unclean, not an invented number") {
  LogFixture f;
  commit(f, f.settle(), 0, 10);
  f.page->slot(0).count_offered(1000);
  f.page.reset();
  f.folder.write("ledger.page", "something else");
  f.page = f.open_page();
  const LedgerDelta ledger = ledger_of(f.executor, f.settle().log.log_no);
  CHECK(ledger.unclean);
  CHECK(ledger.offered == 0);
}

TEST_CASE("a page with less than the database accounts for is unclean and begins to agree") {
  LogFixture f;
  const LogAccount before = f.settle();
  commit(f, before, 0, 10);
  LedgerPage::State state = f.page->state();
  state.base.offered += 4;  // as if the last counts had been lost with the power
  f.page->set_state(state);
  f.reopen_page();
  const LogAccount account = f.settle();
  CHECK(account.log.log == before.log.log);
  CHECK(f.page->of_log() == account.accounted);
  const LedgerDelta ledger = ledger_of(f.executor, account.log.log_no);
  CHECK(ledger.unclean);
  CHECK(ledger.offered == 10);
}

// A database accounts for 13 events of 40 that were told, and is cut off at `step`, if it has so
// many, while it takes over the others; false if it had less.
bool take_over_once(uint64_t step, FailingExecutor::Moment moment) {
  INFO("step " << step);
  LogFixture f;
  const LogAccount account = f.settle();
  commit(f, account, 0, 10);
  REQUIRE(run(f.executor, append({.log_no = account.log.log_no,
                                  .ledger = {.offered = 3, .collapsed = 3},
                                  .ledger_sequence = 1,
                                  .now_ms = kTestWallMs}))
              .ok());
  LedgerDelta told{.offered = 40, .stored = 30, .collapsed = 5};
  told.dropped[kFull] = 5;
  const auto take_over = [&] {
    return account_for_lost(f.executor, told, "home", kTestWallMs, f.ids.maker());
  };
  f.executor.arm({.step = step, .moment = moment});
  const bool taken = take_over().ok();
  const bool failed = f.executor.failures() > 0;
  CHECK(taken == !failed);
  f.executor.arm({});
  for (int i = 0; i < 2; ++i) CHECK(take_over().ok());
  Ledger ledger;
  REQUIRE(run(f.executor, find_ledger({}, &ledger)).ok());
  CHECK(ledger.offered == 40);
  CHECK(ledger.stored == 30);
  CHECK(ledger.expired_corrupt == 20);
  CHECK(ledger.collapsed == 5);
  CHECK(ledger.dropped[kFull] == 5);
  CHECK(ledger.balanced());
  CHECK(state_of(f.executor, account.log.log_no).end == 10);
  return failed;
}

TEST_CASE("what a database that is gone accounted for, the next one does, once") {
  for (const auto moment : {FailingExecutor::Moment::kBefore, FailingExecutor::Moment::kAfter}) {
    uint64_t step = 1;
    while (take_over_once(step, moment)) ++step;
    CHECK(step > 1);
  }
}

}  // namespace
}  // namespace weir
