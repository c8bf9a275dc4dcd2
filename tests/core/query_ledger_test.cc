#include "catch.h"
#include "support/log_samples.h"
#include "support/log_writer.h"
#include "support/memory_executor.h"
#include "weir/query.h"

namespace weir {
namespace {

Ledger ledger_of(Executor& executor, std::vector<std::string> sites = {}) {
  Ledger ledger;
  REQUIRE(run(executor, find_ledger(std::move(sites), &ledger)).ok());
  return ledger;
}

LedgerCounters counters(uint64_t offered, uint64_t buffer_full, uint64_t data) {
  LedgerCounters counters;
  counters.offered = offered;
  counters.dropped[static_cast<size_t>(DropReason::kBufferFull)] = buffer_full;
  counters.dropped[static_cast<size_t>(DropReason::kData)] = data;
  return counters;
}

TEST_CASE("an empty database has an empty ledger") {
  MemoryExecutor executor;
  opened(executor);
  const Ledger ledger = ledger_of(executor);
  CHECK(ledger.offered == 0);
  CHECK(ledger.balanced());
  CHECK_FALSE(ledger.acked.has_value());
}

TEST_CASE("a log written here has its ledger in the table") {
  MemoryExecutor executor;
  const LogState log = opened(executor);
  AppendRequest request = batch_of(log.log_no, {sample_segment({.count = 10})});
  request.ledger.offered = 25;
  request.ledger.collapsed = 11;
  request.ledger.dropped[static_cast<size_t>(DropReason::kCrash)] = 4;
  request.ledger.unclean = true;
  REQUIRE(run(executor, append(request)).ok());
  REQUIRE(run(executor, set_acked(log.log_no, 6)).ok());
  const Ledger ledger = ledger_of(executor);
  CHECK(ledger.offered == 25);
  CHECK(ledger.stored == 10);
  CHECK(ledger.collapsed == 11);
  CHECK(ledger.dropped[static_cast<size_t>(DropReason::kCrash)] == 4);
  CHECK(ledger.acked == 6);
  CHECK(ledger.unclean);
  CHECK(ledger.balanced());
}

TEST_CASE("a log that is only received has its ledger in its newest head") {
  MemoryExecutor executor;
  LogWriter writer(&executor);
  const int64_t log = writer.add_log("home");
  const std::vector<Event> events = {sample_event(0), sample_event(1), sample_event(2)};
  writer.append(log, events, 1000, counters(3, 0, 0));
  writer.append_gap(log, 1);
  writer.append(log, events, 1000, counters(16, 5, 1));
  const Ledger ledger = ledger_of(executor);
  CHECK(ledger.offered == 16);
  CHECK(ledger.stored == 6);
  CHECK(ledger.dropped[static_cast<size_t>(DropReason::kData)] == 1);
  CHECK(ledger.in_flight == 4);
  CHECK(ledger.balanced());
}

TEST_CASE("the ledger sums the logs of the sites asked") {
  MemoryExecutor executor;
  LogWriter writer(&executor);
  const std::vector<Event> events = {sample_event(0), sample_event(1)};
  for (const char* site : {"home", "office", "home"}) {
    writer.append(writer.add_log(site), events, 1000, counters(2, 0, 0));
  }
  CHECK(ledger_of(executor).offered == 6);
  CHECK(ledger_of(executor, {"home"}).offered == 4);
  CHECK(ledger_of(executor, {"home", "office"}).stored == 6);
  CHECK(ledger_of(executor, {"nowhere"}).offered == 0);
}

TEST_CASE("a damaged head is counted, and the other logs still summed") {
  MemoryExecutor executor;
  LogWriter writer(&executor);
  const std::vector<Event> events = {sample_event(0), sample_event(1)};
  writer.append(writer.add_log("home"), events, 1000, counters(2, 0, 0));
  SegmentHead head;
  head.count = 5;
  head.head_bytes = 3;
  writer.put_segment(writer.add_log("home"), 0, RowKind::kEvents, head, Bytes{1, 2, 3});
  const Ledger ledger = ledger_of(executor);
  CHECK(ledger.offered == 2);
  CHECK(ledger.unreadable_logs == 1);
}

TEST_CASE("a ledger that does not add up is not balanced") {
  Ledger ledger;
  ledger.offered = 10;
  ledger.stored = 4;
  ledger.spooled = 1;
  ledger.in_flight = 1;
  ledger.collapsed = 1;
  ledger.dropped = {1, 0, 1, 0, 1};
  CHECK(ledger.balanced());
  ++ledger.dropped[4];
  CHECK_FALSE(ledger.balanced());
}

}  // namespace
}  // namespace weir
