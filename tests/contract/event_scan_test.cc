// EventScan and find_extent over every store.
#include "weir/event_scan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "contract/stores.h"

namespace weir {
namespace {

Filter filter_for_all() {
  Filter filter;
  filter.until_ms = kTimeMsMax;
  return filter;
}

struct Found {
  std::vector<int64_t> ids;
  ScanCounters counters;
};

Found scan_all(Executor& executor, ScanRequest request) {
  EventScan scan(std::move(request));
  Found found;
  Reply reply;
  while (true) {
    Result<std::optional<Step>> step = scan.next(std::exchange(reply, {}));
    REQUIRE(step.ok());
    if (*step) {
      const auto* read = std::get_if<Read>(&**step);
      reply =
          read != nullptr ? executor.run_read(*read) : executor.run_group(std::get<Group>(**step));
      continue;
    }
    if (scan.at_end()) break;
    CHECK(scan.log().log_no == scan.id() >> kSegmentIdShift);
    CHECK(sample_event(static_cast<uint64_t>(scan.id()) & kEventNumberMax) == scan.event());
    found.ids.push_back(scan.id());
  }
  found.counters = scan.counters();
  return found;
}

std::vector<int64_t> ids(int64_t log_no, uint64_t first, uint64_t end) {
  std::vector<int64_t> all;
  for (uint64_t n = first; n < end; ++n) all.push_back(segment_id(log_no, n));
  return all;
}

std::vector<int64_t> joined(std::vector<int64_t> left, const std::vector<int64_t>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<int64_t> reversed(std::vector<int64_t> all) {
  std::reverse(all.begin(), all.end());
  return all;
}

// Log 1 with 100 events, log 2 without any, log 3 with 50.
template <class Store>
void prepare(Store& store) {
  opened(store.executor(), sample_log(1), "home");
  opened(store.executor(), sample_log(2), "home");
  opened(store.executor(), sample_log(3), "office");
  for (uint64_t first = 0; first < 100; first += 10) {
    append_ok(store.executor(), 1, {sample_segment({.first = first})});
    if (first >= 50) continue;
    append_ok(store.executor(), 3, {sample_segment({.log = sample_log(3), .first = first})});
  }
}

TEMPLATE_TEST_CASE("a scan finds every event of every log once, in both directions", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  const auto all = joined(ids(1, 0, 100), ids(3, 0, 50));
  CHECK(scan_all(store.executor(), {.filter = filter_for_all()}).ids == all);
  CHECK(scan_all(store.executor(), {.filter = filter_for_all(), .descending = true}).ids ==
        reversed(all));
}

TEMPLATE_TEST_CASE("a scan keeps to the ids asked for and reads no other segment", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  for (const bool descending : {false, true}) {
    const Found found = scan_all(store.executor(), {.filter = filter_for_all(),
                                                    .first_id = segment_id(1, 95),
                                                    .last_id = segment_id(3, 12),
                                                    .descending = descending});
    const auto expected = joined(ids(1, 95, 100), ids(3, 0, 13));
    CHECK(found.ids == (descending ? reversed(expected) : expected));
    CHECK(found.counters.segments == 3);
    const Found one = scan_all(store.executor(), {.filter = filter_for_all(),
                                                  .first_id = segment_id(1, 37),
                                                  .last_id = segment_id(1, 37),
                                                  .descending = descending});
    CHECK(one.ids == ids(1, 37, 38));
    CHECK(one.counters.segments == 1);
  }
}

TEMPLATE_TEST_CASE("a scan of no ids, of a log that is not there or of an empty one finds nothing",
                   "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  for (const bool descending : {false, true}) {
    for (const auto& [first, last] :
         std::vector<std::pair<int64_t, int64_t>>{{1, 0},
                                                  {INT64_MIN, 5},
                                                  {segment_id(2, 0), last_segment_id(2)},
                                                  {segment_id(4, 0), INT64_MAX},
                                                  {segment_id(1, 100), last_segment_id(1)}}) {
      CHECK(scan_all(store.executor(), {.filter = filter_for_all(),
                                        .first_id = first,
                                        .last_id = last,
                                        .descending = descending})
                .ids.empty());
    }
  }
}

TEMPLATE_TEST_CASE("a scan keeps to the filter's sites, names and times", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  for (const bool descending : {false, true}) {
    ScanRequest request{.filter = filter_for_all(), .descending = descending};
    request.filter.sites = {"office"};
    request.filter.domains = {"ads.example"};
    request.filter.since_ms = kSampleHourMs + 20'000;
    request.filter.until_ms = kSampleHourMs + 33'000;
    const std::vector<int64_t> expected = {segment_id(3, 23), segment_id(3, 28)};
    const Found found = scan_all(store.executor(), std::move(request));
    CHECK(found.ids == (descending ? reversed(expected) : expected));
    CHECK(found.counters.segments == 2);
  }
}

TEMPLATE_TEST_CASE("a scan passes over what fails its checks, and counts it", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store);
  store.damage(segment_id(1, 30));
  for (const bool descending : {false, true}) {
    const Found found = scan_all(
        store.executor(),
        {.filter = filter_for_all(), .last_id = last_segment_id(1), .descending = descending});
    CHECK(found.ids.size() == 90);
    CHECK(found.counters.unreadable == 1);
  }
}

TEMPLATE_TEST_CASE("a failed step is the failure of the scan", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store);
  EventScan scan({.filter = filter_for_all()});
  REQUIRE(scan.next().ok());
  const Reply failed{Status(Code::kUnavailable, "busy"), {}, {}};
  CHECK(scan.next(failed).status().code() == Code::kUnavailable);
}

TEMPLATE_TEST_CASE("the extent is that of events, and of rollups to the hour", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Extent extent;
  REQUIRE(run(store.executor(), find_extent(&extent)).ok());
  CHECK(extent.empty());
  prepare(store);
  REQUIRE(run(store.executor(), find_extent(&extent)).ok());
  CHECK(extent.oldest_ms == kSampleHourMs);
  CHECK(extent.newest_ms == kSampleHourMs + 99'000);
  RollupProgress progress;
  REQUIRE(run(store.executor(), advance_rollups(kSampleHourMs + kDayMs, {}, &progress)).ok());
  REQUIRE(run(store.executor(), find_extent(&extent)).ok());
  CHECK(extent.newest_ms == kSampleHourMs + kHourMs - 1);
}

}  // namespace
}  // namespace weir
