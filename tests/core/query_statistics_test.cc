#include <string>

#include "catch.h"
#include "support/event_generator.h"
#include "support/log_writer.h"
#include "support/memory_executor.h"
#include "weir/query.h"

namespace weir {
namespace {

constexpr int64_t kDay = 20'000 * kDayMs;  // 2024-10-04T00:00:00Z

Event event_at(int64_t time_ms, Outcome outcome = Outcome::kForwarded,
               std::string_view qname = "example.com") {
  Event event;
  event.time_ms = time_ms;
  event.client = *parse_client("192.0.2.1");
  event.outcome = outcome;
  event.qname = qname;
  event.qtype = 1;
  event.duration_us = 1000;
  if (outcome == Outcome::kBlocked) event.list = "ads";
  return event;
}

Filter window(int64_t since_ms, int64_t until_ms) {
  Filter filter;
  filter.since_ms = since_ms;
  filter.until_ms = until_ms;
  return filter;
}

// One event each 10 minutes for three days, from half past the hour before midnight.
class Fixture {
 public:
  Fixture() : writer_(&executor_), log_(writer_.add_log("home")) {
    for (int64_t i = 0; i < 3 * 144; ++i) {
      events_.push_back(event_at(kDay - kHourMs / 2 + i * 10 * kMinuteMs,
                                 i % 4 == 0 ? Outcome::kBlocked : Outcome::kCached));
    }
    writer_.append(log_, events_, 5);
  }

  StatisticsResult statistics(const Filter& filter, QueryBudget budget = {}) {
    StatisticsResult result;
    OperationPtr operation = find_statistics(filter, budget, &result);
    REQUIRE(run_operation(*operation, executor_).ok());
    return result;
  }
  SeriesResult series(const Filter& filter, int64_t step_ms) {
    SeriesResult result;
    OperationPtr operation = find_series(filter, step_ms, {}, &result);
    REQUIRE(run_operation(*operation, executor_).ok());
    return result;
  }
  uint64_t expected(int64_t since_ms, int64_t until_ms) const {
    return static_cast<uint64_t>(std::count_if(
        events_.begin(), events_.end(),
        [&](const Event& event) { return event.time_ms >= since_ms && event.time_ms < until_ms; }));
  }

  MemoryExecutor executor_;
  LogWriter writer_;
  int64_t log_;
  std::vector<Event> events_;
};

TEST_CASE_METHOD(Fixture, "the tail that no rollup holds is decoded") {
  const StatisticsResult all = statistics(window(kDay - kDayMs, kDay + 4 * kDayMs));
  CHECK(all.counts.total() == events_.size());
  CHECK(all.counts[Outcome::kBlocked] == events_.size() / 4);
  CHECK(all.summary.unique_names() == 1);
}

TEST_CASE_METHOD(Fixture, "rollups and tail together count every event once, wherever they meet") {
  for (uint64_t through : {0u, 1u, 7u, 100u, 431u, 432u}) {
    writer_.roll(log_, through);
    CAPTURE(through);
    CHECK(statistics(window(kDay - kDayMs, kDay + 4 * kDayMs)).counts.total() == events_.size());
  }
}

TEST_CASE_METHOD(Fixture, "the edges of a window are exact to the minute") {
  writer_.roll(log_, 300);
  for (int64_t since_minute : {0, 10, 11, 60, 65, 1440, 1450}) {
    for (int64_t length : {1, 9, 10, 59, 60, 61, 600, 1440, 2880, 2999}) {
      const int64_t since_ms = kDay + since_minute * kMinuteMs;
      const int64_t until_ms = since_ms + length * kMinuteMs;
      CAPTURE(since_minute, length);
      const StatisticsResult found = statistics(window(since_ms, until_ms));
      CHECK(found.counts.total() == expected(since_ms, until_ms));
      CHECK(found.since_ms == since_ms);
      CHECK(found.until_ms == until_ms);
    }
  }
}

TEST_CASE_METHOD(Fixture, "a window within a minute is widened to it and says so") {
  writer_.roll(log_, 300);
  const StatisticsResult found = statistics(window(kDay + 20'000, kDay + 20'001));
  CHECK(found.since_ms == kDay);
  CHECK(found.until_ms == kDay + kMinuteMs);
  CHECK(found.counts.total() == 1);
}

TEST_CASE_METHOD(Fixture, "a series has every bucket and the sum of the total") {
  writer_.roll(log_, 200);
  const Filter filter = window(kDay + 5 * kMinuteMs, kDay + 2 * kDayMs + 7 * kMinuteMs);
  for (int64_t step_ms : {kMinuteMs, 5 * kMinuteMs, kHourMs, kDayMs}) {
    const SeriesResult found = series(filter, step_ms);
    OutcomeCounts sum;
    for (size_t i = 0; i < found.points.size(); ++i) {
      const int64_t time_ms =
          kDay + 5 * kMinuteMs - 5 * kMinuteMs % step_ms + static_cast<int64_t>(i) * step_ms;
      REQUIRE(found.points[i].time_ms == time_ms);
      REQUIRE(found.points[i].counts.total() ==
              expected(std::max(time_ms, filter.since_ms),
                       std::min(time_ms + step_ms, filter.until_ms)));
      sum.add(found.points[i].counts);
    }
    CHECK(found.points.back().time_ms + step_ms >= filter.until_ms);
    CHECK(sum == statistics(filter).counts);
  }
}

TEST_CASE_METHOD(Fixture, "a series has as many points as an answer holds and no more") {
  const auto span_ms = static_cast<int64_t>(kSeriesPointsMax) * kMinuteMs;
  CHECK(series(window(kDay, kDay + span_ms), kMinuteMs).points.size() == kSeriesPointsMax);
  SeriesResult result;
  auto operation = find_series(window(kDay, kDay + span_ms + 1), kMinuteMs, {}, &result);
  CHECK(run_operation(*operation, executor_).code() == Code::kTooLarge);
}

TEST_CASE_METHOD(Fixture, "a filter is answered by a scan to the same minute") {
  writer_.roll(log_, 300);
  Filter filter = window(kDay + 25 * kMinuteMs, kDay + 75 * kMinuteMs);
  filter.outcomes = {Outcome::kBlocked, Outcome::kCached};
  CHECK(statistics(filter).counts.total() == 5);
  filter.outcomes = {Outcome::kBlocked};
  CHECK(statistics(filter).counts.total() == statistics(filter).counts[Outcome::kBlocked]);
}

TEST_CASE_METHOD(Fixture, "a window costs the same answer in many small groups") {
  writer_.roll(log_, 300);
  QueryBudget small;
  small.reply_bytes = 1;
  small.statements = 1'000'000;
  const Filter filter = window(kDay - kDayMs, kDay + 4 * kDayMs);
  CHECK(statistics(filter, small).counts.total() == events_.size());
  Filter blocked = filter;
  blocked.outcomes = {Outcome::kBlocked};
  CHECK(statistics(blocked, small).counts.total() == events_.size() / 4);
}

TEST_CASE_METHOD(Fixture, "a scan beyond the budget says so") {
  Filter filter = window(kDay - kDayMs, kDay + 4 * kDayMs);
  filter.types = {1};
  auto outcome_with = [&](QueryBudget budget) {
    StatisticsResult result;
    auto operation = find_statistics(filter, budget, &result);
    return run_operation(*operation, executor_).code();
  };
  QueryBudget budget;
  budget.events = events_.size();
  CHECK(outcome_with(budget) == Code::kOk);
  budget.events = events_.size() - 1;
  CHECK(outcome_with(budget) == Code::kExhausted);
  CHECK(outcome_with({.bytes = 100}) == Code::kExhausted);
  CHECK(outcome_with({.statements = 0}) == Code::kExhausted);
}

TEST_CASE_METHOD(Fixture, "sites choose their logs, each event once") {
  const int64_t office = writer_.add_log("office");
  const int64_t again = writer_.add_log("office");  // a second lineage of that site
  writer_.append(office, std::span(events_).first(100));
  writer_.append(again, std::span(events_).subspan(100, 50));
  writer_.roll(office, 60);
  writer_.roll(again, 50);
  writer_.roll(log_, 40);
  Filter filter = window(kDay - kDayMs, kDay + 4 * kDayMs);
  CHECK(statistics(filter).counts.total() == events_.size() + 150);
  filter.sites = {"office"};
  CHECK(statistics(filter).counts.total() == 150);
  filter.sites = {"office", "home"};
  CHECK(statistics(filter).counts.total() == events_.size() + 150);
  filter.sites = {"nowhere"};
  CHECK(statistics(filter).counts.total() == 0);
  filter.types = {1};
  filter.sites = {"office"};
  CHECK(statistics(filter).counts.total() == 150);
}

TEST_CASE("the top names of a scan are exact, also of far more names than a rollup keeps") {
  MemoryExecutor executor;
  LogWriter writer(&executor);
  std::vector<std::string> names;
  for (size_t i = 0; i < 4 * kTopKeysMax; ++i) names.push_back("name" + std::to_string(i));
  std::vector<Event> events;
  for (size_t i = 0; i < 2 * names.size(); ++i) {  // in the second half the last name every time
    const std::string& name = i < names.size() ? names[i] : names.back();
    events.push_back(event_at(kDay + static_cast<int64_t>(i), Outcome::kCached, name));
  }
  writer.append(writer.add_log("home"), events, 500);
  Filter filter = window(kDay, kDay + kHourMs);
  filter.types = {1};
  TopResult result;
  REQUIRE(run_operation(*find_top(filter, Summary::Top::kNames, 2, {}, &result), executor).ok());
  REQUIRE(result.items.size() == 2);
  CHECK(result.items[0].key == names.back());
  CHECK(result.items[0].count == names.size() + 1);
  CHECK(result.items[0].error == 0);
  CHECK(result.items[1].count == 1);
  CHECK(result.items[1].error == 0);
}

}  // namespace
}  // namespace weir
