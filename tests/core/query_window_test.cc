#include "query_window.h"

#include <climits>

#include "catch.h"
#include "support/failing_executor.h"
#include "support/log_samples.h"
#include "support/log_writer.h"
#include "support/memory_executor.h"
#include "support/short_reads.h"

namespace weir {
namespace {

constexpr int64_t kDay = 20'000;
constexpr int64_t kHour = kDay * 24;
using Counts = WindowRange::Counts;
using Ranges = std::vector<WindowRange>;

// The plan of a window in minutes from the start of the day.
WindowPlan plan_of(int64_t since_minute, int64_t until_minute, int64_t step_ms, bool summary) {
  Filter filter;
  filter.since_ms = kDay * kDayMs + since_minute * kMinuteMs;
  filter.until_ms = kDay * kDayMs + until_minute * kMinuteMs;
  return *plan_window(filter, step_ms, summary);
}

WindowRange hours(int64_t from, int64_t to, Counts counts, bool sketch) {
  return {RollupLevel::kHour, kHour + from, kHour + to, counts, sketch};
}
WindowRange days(int64_t from, int64_t to, Counts counts, bool sketch) {
  return {RollupLevel::kDay, kHour + 24 * from, kHour + 24 * to, counts, sketch};
}

TEST_CASE("whole days come from day rollups and the rest from hours") {
  CHECK(plan_of(30, 3 * 1440 + 90, 0, true).ranges ==
        Ranges{hours(0, 1, Counts::kMinutes, true), hours(1, 24, Counts::kWhole, true),
               days(1, 3, Counts::kWhole, true), hours(73, 74, Counts::kMinutes, true),
               hours(72, 73, Counts::kWhole, true)});
}

TEST_CASE("a window without a whole day has hours only") {
  CHECK(plan_of(0, 120, 0, true).ranges == Ranges{hours(0, 2, Counts::kWhole, true)});
  CHECK(plan_of(1, 59, 0, true).ranges == Ranges{hours(0, 1, Counts::kMinutes, true)});
  CHECK(plan_of(720, 2160, 0, false).ranges == Ranges{hours(12, 36, Counts::kWhole, false)});
}

TEST_CASE("a series by hour needs no bytes of whole hours") {
  const WindowPlan plan = plan_of(0, 2 * 1440, kHourMs, false);
  CHECK(plan.ranges == Ranges{hours(0, 48, Counts::kWhole, false)});
  CHECK_FALSE(plan.ranges[0].needs_bytes());
}

TEST_CASE("a series by hour beside a summary counts by hour and sketches by day") {
  CHECK(plan_of(0, 2 * 1440, kHourMs, true).ranges ==
        Ranges{hours(0, 48, Counts::kWhole, false), days(0, 2, Counts::kNone, true)});
}

TEST_CASE("a series finer than an hour reads the minutes of every hour") {
  CHECK(plan_of(0, 2 * 1440, kMinuteMs, false).ranges ==
        Ranges{hours(0, 48, Counts::kMinutes, false)});
}

TEST_CASE("a filter reads no rollups and keeps its window to the minute") {
  Filter filter;
  filter.since_ms = kDay * kDayMs + 90'001;
  filter.until_ms = kDay * kDayMs + 150'001;
  filter.types = {1};
  const WindowPlan plan = *plan_window(filter, 0, true);
  CHECK(plan.ranges.empty());
  CHECK(plan.filter.since_ms == kDay * kDayMs + kMinuteMs);
  CHECK(plan.filter.until_ms == kDay * kDayMs + 3 * kMinuteMs);
}

TEST_CASE("a window from the first to the last time there is has bounded keys") {
  Filter filter;
  filter.until_ms = 253402300799999;
  const WindowPlan plan = *plan_window(filter, 0, true);
  for (const WindowRange& range : plan.ranges) {
    CHECK(range.from_hour >= 0);
    CHECK(range.to_hour <= kHourNumberMax);
  }
}

// An executor whose rollups move on before a group, as long as there is something to roll up.
class MovingExecutor final : public Executor {
 public:
  MovingExecutor(Executor* inner, LogWriter* writer) : inner_(*inner), writer_(*writer) {}

  Reply run_group(const Group& group) override {
    ++groups;
    if (groups > 1 && moves > 0) {
      --moves;
      through += 5;
      writer_.roll(1, through);
    }
    return inner_.run_group(group);
  }
  Reply run_read(const Read& read) override { return inner_.run_read(read); }

  int groups = 0;
  int moves = 0;
  uint64_t through = 100;

 private:
  Executor& inner_;
  LogWriter& writer_;
};

class MovingFixture {
 public:
  MovingFixture() {
    writer_.add_log("home");
    std::vector<Event> events;
    for (uint64_t n = 0; n < 400; ++n) events.push_back(sample_event(60 * n));
    writer_.append(1, events, 20);
    writer_.roll(1, 100);
  }

  // The window of all events, read in groups of one row and one segment each.
  Status ask(StatisticsResult* result) {
    Filter filter;
    filter.since_ms = kSampleHourMs + 90'000;
    filter.until_ms = kSampleHourMs + kDayMs;
    QueryBudget budget;
    budget.reply_bytes = 1;
    return run(moving_, find_statistics(filter, budget, result));
  }

  MemoryExecutor executor_;
  LogWriter writer_{&executor_};
  MovingExecutor moving_{&executor_, &writer_};
};

TEST_CASE_METHOD(MovingFixture, "rollups that move on while they are read are read again") {
  StatisticsResult still;
  REQUIRE(ask(&still).ok());
  CHECK(still.counts.total() == 399);
  CHECK(moving_.groups > 3);
  for (int moves = 1; moves <= 3; ++moves) {
    moving_.groups = 0;
    moving_.moves = moves;
    StatisticsResult result;
    REQUIRE(ask(&result).ok());
    CHECK(result.counts == still.counts);
    CHECK(result.summary.unique_names() == still.summary.unique_names());
  }
}

TEST_CASE_METHOD(MovingFixture, "rollups that never stand still end the attempts") {
  moving_.moves = 1000;
  StatisticsResult result;
  CHECK(ask(&result).code() == Code::kUnavailable);
}

TEST_CASE_METHOD(MovingFixture, "a damaged rollup at the edge is counted whole and reported") {
  const int64_t id = rollup_id(RollupLevel::kHour, kAllLogs, hour_of(kSampleHourMs));
  writer_.put_rollup(id, writer_.rollup(id).counts(), Bytes{9});
  StatisticsResult result;
  REQUIRE(ask(&result).ok());
  CHECK(result.counts.total() == 400);
  CHECK(result.unreadable.rollups == 1);
}

TEST_CASE_METHOD(MovingFixture, "a damaged segment is left out and reported") {
  SegmentHead head;
  head.first = 400;
  head.count = 7;
  head.first_ms = head.last_ms = kSampleHourMs + kHourMs;
  writer_.put_segment(1, 400, RowKind::kCorrupt, head, Bytes{1});
  StatisticsResult result;
  REQUIRE(ask(&result).ok());
  CHECK(result.counts.total() == 399);
  CHECK(result.unreadable.segments == 1);
}

// Puts a segment of `count` events, each of another name, into log 1.
void put_names(LogWriter* writer, uint64_t first, size_t count, bool damaged_at_end) {
  SegmentBuilder builder;
  for (size_t i = 0; i < count; ++i) {
    Event event = sample_event(i % 60);
    const std::string name = "n" + std::to_string(i) + ".example";
    event.qname = name;
    REQUIRE(builder.add(event).ok());
  }
  Bytes bytes = builder.encode({sample_log(1), first, false, {}});
  const SegmentHead head = SegmentReader::open(bytes)->head();
  if (damaged_at_end) bytes.back() ^= 1;
  writer->put_segment(1, first, RowKind::kEvents, head, bytes);
}

TEST_CASE("of a segment with damage the chunks before it are counted in all that is told") {
  MemoryExecutor executor;
  LogWriter writer(&executor);
  writer.add_log("home");
  put_names(&writer, 0, kSegmentChunkEvents + 100, true);
  put_names(&writer, kSegmentChunkEvents + 100, 3 * kSegmentChunkEvents, false);
  Filter filter;
  filter.until_ms = kTimeMsMax;
  filter.types = {1, 28};
  QueryBudget budget;
  if (GENERATE(false, true)) budget.reply_bytes = 1;  // then it is read by ranges, and listed again
  StatisticsResult statistics;
  REQUIRE(run(executor, find_statistics(filter, budget, &statistics)).ok());
  CHECK(statistics.unreadable.segments == 1);
  CHECK(statistics.counts.total() == 4 * kSegmentChunkEvents);
  CHECK(statistics.summary.counts() == statistics.counts);
}

TEST_CASE_METHOD(MovingFixture, "segments that go between listing and reading are listed again") {
  ShortReads short_reads(&executor_);
  const auto ask = [&](int shorten) {
    short_reads.shorten = shorten;
    Filter filter;
    filter.until_ms = kTimeMsMax;
    filter.types = {1};
    QueryBudget budget;
    budget.reply_bytes = 1;
    budget.statements = 1000;
    StatisticsResult result;
    REQUIRE(run(short_reads, find_statistics(filter, budget, &result)).ok());
    return result;
  };
  CHECK(ask(0).counts.total() == 400);
  CHECK(ask(1).counts.total() == 400);
  const StatisticsResult never_there = ask(INT_MAX);
  CHECK(never_there.counts.total() == 0);
  CHECK(never_there.unreadable.segments == 20);
}

TEST_CASE_METHOD(MovingFixture,
                 "the failure of any step of a window is the operation's, and no answer") {
  FailingExecutor failing(&executor_);
  uint64_t step = 1;
  Status status;
  do {
    failing.arm({.step = step++});
    StatisticsResult result;
    Filter filter;
    filter.until_ms = kTimeMsMax;
    status = run(failing, find_statistics(filter, {}, &result));
    CHECK((status.ok() || (status.code() == Code::kUnavailable && result.until_ms == 0)));
  } while (failing.failures() != 0);
  CHECK(step > 2);
}

}  // namespace
}  // namespace weir
