// log_ledger.
#include "contract/stores.h"

namespace weir {
namespace {

LedgerDelta ledger_of(Executor& executor, int64_t log_no) {
  LedgerDelta sums;
  REQUIRE(run(executor, log_ledger(log_no, &sums)).ok());
  return sums;
}

TEMPLATE_TEST_CASE("a log without any account has zeros", "", MemoryStore, SqliteStore) {
  TestType store;
  const LedgerDelta sums = ledger_of(store.executor(), opened(store.executor()).log_no);
  CHECK(sums.offered == 0);
  CHECK(sums.stored == 0);
  CHECK_FALSE(sums.unclean);
}

TEMPLATE_TEST_CASE("a log's counters are summed over its hours, and over no other log's", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const LogState first = opened(store.executor(), sample_log(1));
  const LogState second = opened(store.executor(), sample_log(2));
  append_ok(store.executor(), first.log_no, {sample_segment({.count = 10})});
  AppendRequest drops{.log_no = first.log_no, .ledger_sequence = 1};
  drops.ledger.offered = 7;
  drops.ledger.collapsed = 1;
  drops.ledger.dropped = {1, 1, 2, 1, 1};
  drops.ledger.unclean = true;
  drops.now_ms = kSampleHourMs + 5 * kHourMs;
  REQUIRE(run(store.executor(), append(drops)).ok());
  append_ok(store.executor(), second.log_no, {sample_segment({.log = sample_log(2), .count = 3})});

  const LedgerDelta sums = ledger_of(store.executor(), first.log_no);
  CHECK(sums.offered == 17);
  CHECK(sums.stored == 10);
  CHECK(sums.collapsed == 1);
  CHECK(sums.dropped == drops.ledger.dropped);
  CHECK(sums.unclean);
  CHECK(ledger_of(store.executor(), second.log_no).offered == 3);
  CHECK_FALSE(ledger_of(store.executor(), second.log_no).unclean);
}

}  // namespace
}  // namespace weir
