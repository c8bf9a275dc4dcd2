// cut_log: a log's events as new segments, whatever the stored ones are.
#include "contract/stores.h"

namespace weir {
namespace {

constexpr int64_t kInHourMs = kSampleHourMs + 1;          // the first hour is not over
constexpr int64_t kAfterMs = kSampleHourMs + 2 * kDayMs;  // every hour is over

// The segments of a body; they must be contiguous from `first` to `end`.
std::vector<SegmentReader> segments_of(const CutResult& result) {
  std::vector<SegmentReader> segments;
  uint64_t end = result.first;
  for (size_t at = 0; at < result.body.size();) {
    const ByteView rest = ByteView(result.body).subspan(at);
    const Result<SegmentHead> head = read_segment_head(rest);
    REQUIRE(head.ok());
    REQUIRE(head->first == end);
    Result<SegmentReader> reader = SegmentReader::open(rest.first(head->total_bytes));
    REQUIRE(reader.ok());
    end = head->end();
    at += head->total_bytes;
    segments.push_back(std::move(reader).value());
  }
  REQUIRE(end == result.end);
  return segments;
}

void check_events(const std::vector<SegmentReader>& segments, uint64_t first, uint64_t end) {
  uint64_t n = first;
  for (const SegmentReader& segment : segments) {
    for (size_t i = 0; i < segment.count(); ++i, ++n) CHECK(segment.event(i) == sample_event(n));
  }
  CHECK(n == end);
}

TEMPLATE_TEST_CASE("small flushes of an hour that is not over become one open segment", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 100);
  const CutResult result = cut(store.executor(), log.log_no, 0, kInHourMs);
  const auto segments = segments_of(result);
  REQUIRE(segments.size() == 1);
  CHECK(segments[0].head().open);
  CHECK(segments[0].head().log == log.log);
  CHECK(result.end == 100);
  CHECK(result.sealed_end == 0);
  CHECK_FALSE(result.more);
  check_events(segments, 0, 100);
}

TEMPLATE_TEST_CASE("the tail is sealed when its hour is over", "", MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 100);
  const int64_t hour_end_ms = kSampleHourMs + kHourMs;
  CHECK(cut(store.executor(), log.log_no, 0, hour_end_ms - 1).sealed_end == 0);
  const CutResult result = cut(store.executor(), log.log_no, 0, hour_end_ms);
  CHECK(result.sealed_end == 100);
  CHECK_FALSE(segments_of(result)[0].head().open);
}

TEMPLATE_TEST_CASE("segments end with their hour, and only the last one is open", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 8000, 500);
  const CutResult result = cut(store.executor(), log.log_no, 10, kInHourMs);
  const auto segments = segments_of(result);
  REQUIRE(segments.size() == 3);
  CHECK(segments[0].head().end() == 3600);
  CHECK(segments[1].head().end() == 7200);
  CHECK_FALSE(segments[1].head().open);
  CHECK(segments[2].head().open);
  CHECK(result.sealed_end == 7200);
  check_events(segments, 10, 8000);
}

TEMPLATE_TEST_CASE("a segment at the limit of events is sealed", "", MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 100);
  const CutLimits limits{.segment_events_max = 50};
  const CutResult result = cut(store.executor(), log.log_no, 0, kInHourMs, limits);
  const auto segments = segments_of(result);
  REQUIRE(segments.size() == 2);
  CHECK(segments[0].count() == 50);
  CHECK_FALSE(segments[1].head().open);
  CHECK(result.sealed_end == 100);
}

TEMPLATE_TEST_CASE("one cut after another gives the whole log at any limit", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 4000, 700);
  const CutLimits limits = GENERATE(CutLimits{.segments_max = 1, .segment_events_max = 900},
                                    CutLimits{.bytes_max = 5000, .segment_events_max = 300},
                                    CutLimits{.segment_bytes_max = 8000},
                                    CutLimits{.segments_max = 2, .segment_events_max = 1});
  uint64_t from = 0;
  bool more = true;
  while (more && from < 4000) {
    const CutResult result = cut(store.executor(), log.log_no, from, kAfterMs, limits);
    const auto segments = segments_of(result);
    REQUIRE(result.end > from);
    CHECK(result.sealed_end == result.end);
    CHECK(result.body.size() <= limits.bytes_max);
    CHECK(segments.size() <= limits.segments_max);
    for (const SegmentReader& segment : segments) {
      CHECK(segment.count() <= limits.segment_events_max);
      CHECK(segment.head().total_bytes <= limits.segment_bytes_max);
    }
    check_events(segments, from, result.end);
    from = result.end;
    more = result.more;
    if (limits.segment_events_max == 1 && from >= 20) return;  // enough of it
  }
  CHECK(from == 4000);
}

TEMPLATE_TEST_CASE("the same events have the same checksum however they were stored", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  TestType other;
  const LogState log = opened(store.executor());
  append_small(store.executor(), log, 100, 7);
  append_small(other.executor(), opened(other.executor()), 100, 33);
  const CutLimits limits{.segments_max = 1, .segment_events_max = 40};
  const auto crc = [&](TestType& from) {
    return segments_of(cut(from.executor(), log.log_no, 20, kAfterMs, limits))[0]
        .head()
        .content_crc;
  };
  CHECK(crc(store) == crc(other));
}

TEMPLATE_TEST_CASE("the counters of the log are those of the moment of the cut", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  LedgerCounters ledger;
  ledger.offered = 13;  // three were dropped before
  ledger.dropped[0] = 3;
  append_ok(store.executor(), log.log_no, {sample_segment({.count = 10, .ledger = ledger})});
  const auto segments =
      segments_of(cut(store.executor(), log.log_no, 0, kAfterMs, {.segment_events_max = 6}));
  REQUIRE(segments.size() == 2);
  CHECK(segments[0].head().ledger.offered == 9);
  CHECK(segments[1].head().ledger == ledger);
}

TEMPLATE_TEST_CASE("a corrupt segment and missing numbers become gaps", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  Executor& executor = store.executor();
  const LogState log = opened(executor);
  append_small(executor, log, 50, 10);
  store.damage(segment_id(log.log_no, 10));
  const int64_t lost = segment_id(log.log_no, 30);
  REQUIRE(
      executor.run_group(Group{{{StatementId::kSegmentRemove, {lost, lost}}}, true}).status.ok());
  const auto segments = segments_of(cut(executor, log.log_no, 0, kAfterMs));
  REQUIRE(segments.size() == 5);
  CHECK(segments[1].head().gap_reason == GapReason::kCorrupt);
  CHECK(segments[1].head().count == 10);
  CHECK(segments[3].head().gap_reason == GapReason::kExpired);
  CHECK(segments[3].head().first == 30);
  CHECK(segments[4].head().first == 40);
}

TEMPLATE_TEST_CASE("stored gaps keep their reason, neighbours of one reason are one", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  const auto gap = [&](uint64_t first, uint64_t end, GapReason reason) {
    return encode_gap(log.log, first, end, reason, kSampleHourMs, {});
  };
  append_ok(store.executor(), log.log_no,
            {gap(0, 5, GapReason::kData), gap(5, 9, GapReason::kData),
             gap(9, 12, GapReason::kBudget), sample_segment({.first = 12})});
  const auto segments = segments_of(cut(store.executor(), log.log_no, 2, kAfterMs));
  REQUIRE(segments.size() == 3);
  CHECK(segments[0].head().end() == 9);
  CHECK(segments[0].head().gap_reason == GapReason::kData);
  CHECK(segments[1].head().gap_reason == GapReason::kBudget);
  CHECK(segments[2].count() == 10);
}

TEMPLATE_TEST_CASE("nothing is cut from the end of a log, or of an empty one", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  const LogState log = opened(store.executor());
  CHECK(cut(store.executor(), log.log_no, 0, kAfterMs).end == 0);
  append_small(store.executor(), log, 10);
  for (uint64_t from : {10U, 11U}) {
    const CutResult result = cut(store.executor(), log.log_no, from, kAfterMs);
    CHECK(result.end == from);
    CHECK(result.body.empty());
    CHECK_FALSE(result.more);
  }
}

TEMPLATE_TEST_CASE("a log that is not there is not found", "", MemoryStore, SqliteStore) {
  TestType store;
  CutResult result;
  CHECK(run(store.executor(), cut_log(7, 0, kAfterMs, {}, &result)).code() == Code::kNotFound);
}

}  // namespace
}  // namespace weir
