// merge_segments: neighbours that were flushed apart become one segment, and nobody who knows
// events by their numbers can tell.
#include <set>

#include "contract/stores.h"
#include "rollup_delta.h"
#include "weir/check.h"
#include "weir/query.h"

namespace weir {
namespace {

constexpr int64_t kLaterMs = kSampleHourMs + 2 * kDayMs;  // every hour is over

void roll_up(Executor& executor, int64_t now_ms = kLaterMs) {
  RollupProgress progress;
  REQUIRE(run(executor, advance_rollups(now_ms, {}, &progress)).ok());
  REQUIRE(progress.done);
}

MergeProgress merge(Executor& executor, const MergePolicy& policy = {.now_ms = kLaterMs}) {
  MergeProgress progress;
  const Status status = run(executor, merge_segments(policy, &progress));
  INFO(status.message());
  REQUIRE(status.ok());
  return progress;
}

// A log of `end` events, one per second, in segments of `size`, all of it rolled up.
LogState prepare(Executor& executor, uint64_t end, uint64_t size = 7) {
  const LogState log = opened(executor);
  append_small(executor, log, end, size);
  roll_up(executor);
  return log;
}

// The heads of a log's rows.
std::vector<SegmentHead> heads_of(Executor& executor, int64_t log_no) {
  const Rows rows =
      answer_of(executor, {StatementId::kSegmentData,
                           {segment_id(log_no, 0), last_segment_id(log_no), int64_t{100'000}}});
  std::vector<SegmentHead> heads;
  for (size_t row = 0; row < rows.rows.size(); ++row) {
    const Result<SegmentHead> head = read_segment_head(*blob_at(rows, row, 4));
    REQUIRE(head.ok());
    heads.push_back(*head);
  }
  return heads;
}

std::vector<uint64_t> counts_of(Executor& executor, int64_t log_no = 1) {
  std::vector<uint64_t> counts;
  for (const SegmentHead& head : heads_of(executor, log_no)) counts.push_back(head.count);
  return counts;
}

using Counts = std::vector<uint64_t>;

TEMPLATE_TEST_CASE("small segments of a finished hour become one, all but the newest", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 107);
  const MergeProgress progress = merge(store.executor());
  CHECK(progress.done);
  CHECK(progress.merges == 1);
  CHECK(progress.segments == 15);
  CHECK(progress.bytes_after < progress.bytes_before);
  CHECK(counts_of(store.executor()) == Counts{105, 2});
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 107));
}

TEMPLATE_TEST_CASE("the quiet hours of a finished day become one segment", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  prepare(executor, 7320, 60);
  merge(executor);
  CHECK(counts_of(executor) == Counts{3600, 3600, 60, 60});
  const MergePolicy quiet = {
      .now_ms = kLaterMs, .span_ms = kDayMs, .delay_ms = kHourMs, .inputs_max = 3600};
  const int64_t day_end_ms = (kSampleHourMs / kDayMs + 1) * kDayMs;
  MergePolicy early = quiet;
  early.now_ms = day_end_ms + kHourMs - 1;
  CHECK(merge(executor, early).merges == 0);  // the day is not over for long enough
  MergePolicy small = quiet;
  small.inputs_max = 3599;
  CHECK(merge(executor, small).merges == 0);  // these hours are not quiet
  CHECK(merge(executor, quiet).segments == 3);
  CHECK(counts_of(executor) == Counts{7260, 60});
  CHECK(content_of(executor, 1) == sample_lines(0, 7320));
}

TEMPLATE_TEST_CASE("rollups of a day's merged hours are checked and rebuilt hour by hour", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  prepare(executor, 7320, 60);
  const auto rollups = [&] {
    return answer_of(executor, {StatementId::kRollupList, {int64_t{-1}, int64_t{1000}}}).rows;
  };
  const auto before = rollups();
  merge(executor, {.now_ms = kLaterMs, .span_ms = kDayMs});
  REQUIRE(counts_of(executor) == Counts{7260, 60});
  CheckResult checked;
  REQUIRE(run(executor, check_logs({.now_ms = kLaterMs}, &checked)).ok());
  CHECK(checked.findings_count == 0);
  RebuildResult rebuilt;
  REQUIRE(run(executor, rebuild_rollups({}, kLaterMs, &rebuilt)).ok());
  CHECK(rebuilt.hours == 3);
  CHECK(rollups() == before);
}

TEMPLATE_TEST_CASE("a merged segment is the one that a single flush would have made", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  const LedgerCounters ledger = {.offered = 23, .collapsed = 0, .dropped = {3}};
  append_ok(store.executor(), 1, {sample_segment({.first = 0})});
  append_ok(store.executor(), 1, {sample_segment({.first = 10, .ledger = ledger})});
  append_ok(store.executor(), 1, {sample_segment({.first = 20})});
  roll_up(store.executor());
  merge(store.executor());
  const Rows rows = answer_of(store.executor(), {StatementId::kSegmentData,
                                                 {segment_id(1, 0), segment_id(1, 0), int64_t{1}}});
  const ByteView merged = *blob_at(rows, 0, 4);
  const Bytes single = sample_segment({.log = log.log, .count = 20, .ledger = ledger});
  CHECK(std::equal(merged.begin(), merged.end(), single.begin(), single.end()));
}

TEMPLATE_TEST_CASE("hours stay apart", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 8000, 300);
  merge(store.executor());
  CHECK(counts_of(store.executor()) == Counts{3600, 3600, 600, 200});
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 8000));
}

TEMPLATE_TEST_CASE("an hour is left alone until it is over, and the delay after it", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 3700, 1200);
  const int64_t over_ms = kSampleHourMs + kHourMs;
  roll_up(store.executor(), over_ms);
  CHECK(merge(store.executor(), {.now_ms = over_ms + 9, .delay_ms = 10}).merges == 0);
  CHECK(merge(store.executor(), {.now_ms = over_ms + 10, .delay_ms = 10}).merges == 1);
  CHECK(counts_of(store.executor()) == Counts{3600, 100});
}

TEMPLATE_TEST_CASE("what is not rolled up is left alone", "", MemoryStore, SqliteStore) {
  TestType store;
  append_small(store.executor(), opened(store.executor()), 50);
  CHECK(merge(store.executor()).merges == 0);
  roll_up(store.executor());
  CHECK(merge(store.executor()).merges == 1);
}

TEMPLATE_TEST_CASE("what the receiver has not got is left alone where that is asked", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 50, 10);
  REQUIRE(run(store.executor(), set_acked(1, 29)).ok());
  merge(store.executor(), {.now_ms = kLaterMs, .acked_only = true});
  CHECK(counts_of(store.executor()) == Counts{20, 10, 10, 10});
  merge(store.executor());
  CHECK(counts_of(store.executor()) == Counts{40, 10});
}

TEMPLATE_TEST_CASE("a merge goes to the bound of events and not past it", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 60, 10);
  const auto [events_max, counts] =
      GENERATE(std::pair(uint64_t{20}, Counts{20, 20, 10, 10}),
               std::pair(uint64_t{19}, Counts{10, 10, 10, 10, 10, 10}),
               std::pair(uint64_t{49}, Counts{40, 10, 10}));
  merge(store.executor(), {.now_ms = kLaterMs, .events_max = events_max});
  CHECK(counts_of(store.executor()) == counts);
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 60));
}

TEMPLATE_TEST_CASE("no merged segment is larger than the bound of bytes", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 3000, 100);
  const uint64_t bytes_max = GENERATE(2500U, 4000U, 6000U);
  const MergeProgress progress =
      merge(store.executor(), {.now_ms = kLaterMs, .bytes_max = bytes_max});
  CHECK(progress.merges > 1);
  for (const SegmentHead& head : heads_of(store.executor(), 1)) {
    CHECK(head.total_bytes <= bytes_max);
  }
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 3000));
}

// Names that are long and alike: few bytes in a segment, many where each is kept whole.
Bytes segment_of_long_names(const LogState& log, uint64_t first, uint64_t count) {
  std::string tail;
  for (int i = 0; i < 4; ++i) tail += "." + std::string(58, 'x');
  SegmentBuilder builder;
  for (uint64_t i = first; i < first + count; ++i) {
    Event event;
    event.time_ms = kSampleHourMs;
    const std::string name = std::to_string(i) + tail;
    event.qname = name;
    REQUIRE(builder.add(event).ok());
  }
  return builder.encode({.log = log.log, .first = first, .open = false, .ledger = {}});
}

TEMPLATE_TEST_CASE("what does not fit into memory with the rows before ends the merge", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  constexpr uint64_t kNames = 65'536;
  const std::vector<uint64_t> counts = {kNames, 1, kNames, 1, 1};
  uint64_t first = 0;
  for (const uint64_t count : counts) {
    append_ok(executor, log.log_no, {segment_of_long_names(log, first, count)});
    first += count;
  }
  roll_up(executor);
  const MergeProgress progress =
      merge(executor, {.now_ms = kLaterMs, .events_max = 1 << 20, .bytes_max = 64 << 20});
  CHECK(progress.done);
  CHECK(counts_of(executor) == Counts{kNames + 1, kNames + 1, 1});
}

TEMPLATE_TEST_CASE("merged segments are merged again at a higher level", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 3650, 60);
  merge(store.executor(), {.now_ms = kLaterMs, .events_max = 600});
  CHECK(counts_of(store.executor()) == Counts{600, 600, 600, 600, 600, 600, 50});
  merge(store.executor(), {.now_ms = kLaterMs, .events_max = 1200});
  CHECK(counts_of(store.executor()) == Counts{1200, 1200, 1200, 50});
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 3650));
}

TEMPLATE_TEST_CASE("a gap stays a gap and bounds the merge", "", MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 20);
  append_ok(store.executor(), 1,
            {encode_gap(log.log, 20, 25, GapReason::kData, kSampleHourMs, {}),
             sample_segment({.first = 25}), sample_segment({.first = 35}),
             sample_segment({.first = 45})});
  roll_up(store.executor());
  merge(store.executor());
  CHECK(counts_of(store.executor()) == Counts{20, 5, 20, 10});
  CHECK(heads_of(store.executor(), 1)[1].gap_reason == GapReason::kData);
}

TEMPLATE_TEST_CASE("numbers that are missing are not bridged", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 60, 10);
  const int64_t lost = segment_id(1, 20);
  REQUIRE(store.executor()
              .run_group(Group{{{StatementId::kSegmentRemove, {lost, lost}}}, true})
              .status.ok());
  merge(store.executor());
  CHECK(counts_of(store.executor()) == Counts{20, 20, 10});
}

TEMPLATE_TEST_CASE("bytes that fail their checks are left as they are and bound the merge", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 70, 10);
  const int64_t damaged = GENERATE(segment_id(1, 0), segment_id(1, 10), segment_id(1, 30));
  const auto bytes = [&] {
    return answer_of(store.executor(), {StatementId::kSegmentData, {damaged, damaged, int64_t{1}}});
  };
  store.damage(damaged);
  const Rows before = bytes();
  CHECK(merge(store.executor()).unreadable > 0);
  CHECK(bytes().rows == before.rows);
  uint64_t events = 0;
  for (const uint64_t count : counts_of(store.executor())) events += count;
  CHECK(events == 70);
  CHECK(counts_of(store.executor()).size() <= 4);
}

TEMPLATE_TEST_CASE("a run ends at its bound of merges, and the next one goes on", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 3 * 3600 + 1, 900);
  MergeProgress progress;
  const MergePolicy policy{.now_ms = kLaterMs, .merges_max = 1};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(run(store.executor(), merge_segments(policy, &progress)).ok());
    CHECK(progress.merges == 1);
    CHECK_FALSE(progress.done);
  }
  REQUIRE(run(store.executor(), merge_segments(policy, &progress)).ok());
  CHECK(progress.done);
  CHECK(counts_of(store.executor()) == Counts{3600, 3600, 3600, 1});
}

TEMPLATE_TEST_CASE("what comes after many rows without partners is found", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  for (uint64_t hour = 0; hour < 200; ++hour) {  // a segment per hour: nothing to merge
    append_ok(store.executor(), log.log_no,
              {sample_segment(
                  {.first = hour,
                   .count = 1,
                   .start_ms = kSampleHourMs + static_cast<int64_t>(hour) * (kHourMs - 1000)})});
  }
  const int64_t start_ms = kSampleHourMs + 300 * kHourMs;
  for (uint64_t first = 200; first < 230; first += 10) {
    append_ok(store.executor(), 1, {sample_segment({.first = first, .start_ms = start_ms})});
  }
  roll_up(store.executor(), start_ms + kDayMs);
  CHECK(merge(store.executor(), {.now_ms = start_ms + kDayMs}).merges == 1);
  CHECK(counts_of(store.executor()).size() == 202);
}

TEMPLATE_TEST_CASE("each log is merged by itself", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 30, 10);
  const LogState other = opened(store.executor(), sample_log(2));
  for (uint64_t first = 0; first < 30; first += 10) {
    append_ok(store.executor(), other.log_no, {sample_segment({.log = other.log, .first = first})});
  }
  roll_up(store.executor());
  CHECK(merge(store.executor()).merges == 2);
  CHECK(counts_of(store.executor(), 1) == Counts{20, 10});
  CHECK(counts_of(store.executor(), other.log_no) == Counts{20, 10});
}

TEMPLATE_TEST_CASE("whoever merges at the same time finds it done", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 50, 10);
  MergeProgress slow_progress;
  const OperationPtr slow = merge_segments({.now_ms = kLaterMs}, &slow_progress);
  Step step = slow->start();
  while (!std::get<Group>(step).writes) {
    step = slow->resume(store.executor().run_group(std::get<Group>(step)));
  }
  CHECK(merge(store.executor()).merges == 1);
  while (const auto* group = std::get_if<Group>(&step)) {
    step = slow->resume(store.executor().run_group(*group));
  }
  CHECK(std::get<Done>(step).status.ok());
  CHECK(slow_progress.merges == 0);
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 50));
}

// --- Those who go on across a merge ---

TEMPLATE_TEST_CASE("a cursor walked across a merge sees each event once", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 4000, 90);
  const uint64_t merge_at = GENERATE(0U, 350U, 1000U, 3900U);
  Filter everything;
  everything.until_ms = kTimeMsMax;
  std::vector<uint64_t> seen;
  std::string cursor;
  bool merged = false;
  do {
    QueriesResult page;
    REQUIRE(run(store.executor(), find_queries(everything, 100, cursor, {}, &page)).ok());
    for (const FoundEvent& found : page.events) seen.push_back(found.n);
    cursor = page.cursor;
    if (!merged && seen.size() >= merge_at) {
      CHECK(merge(store.executor()).merges == 2);
      merged = true;
    }
  } while (!cursor.empty());
  std::vector<uint64_t> expected(4000);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = expected.size() - 1 - i;
  CHECK(seen == expected);
}

TEMPLATE_TEST_CASE("a cut gives the same bytes before and after a merge", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 4000, 90);
  const auto cut_all = [&] {
    std::vector<Bytes> bodies;
    for (uint64_t from = 1234; from < 4000;
         from = cut(store.executor(), 1, from, kLaterMs, {.segments_max = 1}).end) {
      bodies.push_back(cut(store.executor(), 1, from, kLaterMs, {.segments_max = 1}).body);
    }
    return bodies;
  };
  const std::vector<Bytes> before = cut_all();
  CHECK(merge(store.executor()).merges == 2);
  CHECK(cut_all() == before);
}

TEMPLATE_TEST_CASE("retention removes and counts merged events once", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 4000, 90);
  merge(store.executor());
  RetentionProgress progress;
  REQUIRE(run(store.executor(), retain({.now_ms = kLaterMs + 30 * kDayMs}, &progress)).ok());
  CHECK(progress.events == 3960);
  CHECK(store.ledger()["expired_retention"] == 3960);
  CHECK(content_of(store.executor(), 1) == sample_lines(3960, 4000));
}

TEMPLATE_TEST_CASE("rollups go on where they were", "", MemoryStore, SqliteStore) {
  TestType store;
  prepare(store.executor(), 100, 10);
  merge(store.executor());
  append_ok(store.executor(), 1, {sample_segment({.first = 100, .count = 5})});
  roll_up(store.executor());
  const int64_t id = rollup_id(RollupLevel::kHour, 1, hour_of(kSampleHourMs));
  const Rows rows = answer_of(
      store.executor(), {StatementId::kRollupGet, std::vector<Value>(kRollupGetIds, Value(id))});
  bool sketch_ok = false;
  const Result<Rollup> rollup = rollup_at(rows, 0, &sketch_ok);
  REQUIRE(rollup.ok());
  CHECK(rollup->counts.total() == 105);
  CHECK(state_of(store.executor(), 1).rolled_through == 105);
}

TEMPLATE_TEST_CASE("a tail that begins within a merged segment moves", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  prepare(store.executor(), 100, 10);
  merge(store.executor());
  opened(store.executor(), sample_log(2));
  REQUIRE(run(store.executor(), rehome_log(1, 55, 2, sample_log(2), kLaterMs)).ok());
  CHECK(content_of(store.executor(), 2) == sample_lines(0, 45, kSampleHourMs + 55'000, 55));
}

}  // namespace
}  // namespace weir
