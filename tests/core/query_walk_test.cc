#include <climits>
#include <set>

#include "catch.h"
#include "support/event_generator.h"
#include "support/failing_executor.h"
#include "support/log_writer.h"
#include "support/memory_executor.h"
#include "support/short_reads.h"
#include "weir/query.h"

namespace weir {
namespace {

constexpr int64_t kStart = 1'790'000'000'000;

using EventId = std::pair<LogId, uint64_t>;

// Two sites, three logs, generated events whose clocks step back now and then.
class Fixture {
 public:
  Fixture()
      : generator_(
            {.seed = 7, .names = {}, .made_names = 300, .clients = 20, .events_per_second = 1}) {
    for (const char* site : {"home", "office", "home"}) writer_.add_log(site);
    for (int64_t log_no = 1; log_no <= 3; ++log_no) append(log_no, 700);
    filter_.since_ms = 0;
    filter_.until_ms = kTimeMsMax;
  }

  void append(int64_t log_no, size_t count) {
    std::vector<Event> events;
    for (size_t i = 0; i < count; ++i) {
      events.push_back(generator_.next());
      if (i % 50 == 25) events.back().time_ms -= 30'000;
    }
    writer_.append(log_no, events, 64);
  }

  QueriesResult page(size_t limit, const std::string& cursor = {}, QueryBudget budget = {}) {
    QueriesResult result;
    OperationPtr operation = find_queries(filter_, limit, cursor, budget, &result);
    REQUIRE(run_operation(*operation, executor_).ok());
    return result;
  }

  // All pages. `between` runs after each of them.
  template <class Between>
  std::vector<EventId> walk(size_t limit, QueryBudget budget, const Between& between) {
    std::vector<EventId> ids;
    std::string cursor;
    do {
      const QueriesResult found = page(limit, cursor, budget);
      REQUIRE(found.events.size() <= limit);
      REQUIRE((!found.partial || !found.cursor.empty()));
      REQUIRE((found.events.size() == limit || found.partial || found.cursor.empty()));
      for (const FoundEvent& event : found.events) ids.emplace_back(event.log, event.n);
      cursor = found.cursor;
      between();
    } while (!cursor.empty());
    return ids;
  }
  std::vector<EventId> walk(size_t limit, QueryBudget budget = {}) {
    return walk(limit, budget, [] {});
  }

  // What matches, without order.
  std::set<EventId> expected() {
    std::set<EventId> ids;
    for (int64_t log_no = 1; log_no <= writer_.log_count(); ++log_no) {
      const auto& sites = filter_.sites;
      if (!sites.empty() && writer_.site(log_no) != sites.front()) continue;
      for (uint64_t n = 0; n < writer_.end(log_no); ++n) {
        const std::optional<Event>& event = writer_.events(log_no)[n];
        if (event && filter_.matches(*event)) ids.emplace(LogWriter::log_id(log_no), n);
      }
    }
    return ids;
  }

  MemoryExecutor executor_;
  LogWriter writer_{&executor_};
  EventGenerator generator_;
  Filter filter_;
};

std::set<EventId> set_of(const std::vector<EventId>& ids) { return {ids.begin(), ids.end()}; }

TEST_CASE_METHOD(Fixture, "a page holds the newest events of each log in order") {
  const QueriesResult found = page(kQueryLimitMax);
  REQUIRE(found.events.size() == kQueryLimitMax);
  std::map<LogId, uint64_t> last;
  for (const FoundEvent& event : found.events) {
    const auto [seen, is_new] = last.try_emplace(event.log, event.n + 1);
    REQUIRE(event.n + 1 == (is_new ? writer_.end(event.log.bytes[0]) : seen->second));
    seen->second = event.n;
  }
}

TEST_CASE_METHOD(Fixture, "of several logs the one with the latest head comes first") {
  const QueriesResult found = page(kQueryLimitMax);
  std::map<LogId, const FoundEvent*> later;  // the next one of each log, walking from the old end
  for (auto event = found.events.rbegin(); event != found.events.rend(); ++event) {
    for (const auto& [log, next] : later) {
      if (log == event->log) continue;
      REQUIRE(event->event.time_ms >= next->event.time_ms);
    }
    later[event->log] = &*event;
  }
}

TEST_CASE_METHOD(Fixture, "events come back with every field and their site") {
  const QueriesResult found = page(50);
  for (const FoundEvent& event : found.events) {
    const int64_t log_no = event.log.bytes[0];
    REQUIRE(event.event == *writer_.events(log_no)[event.n]);
    REQUIRE(event.site == writer_.site(log_no));
  }
}

TEST_CASE_METHOD(Fixture, "walking the cursor gives every event once, in one order") {
  const std::vector<EventId> whole = walk(kQueryLimitMax);
  CHECK(whole.size() == 2100);
  CHECK(set_of(whole) == expected());
  for (size_t limit : {7u, 64u, 100u, 700u, 999u}) CHECK(walk(limit) == whole);
}

TEST_CASE_METHOD(Fixture, "the last page has no cursor") {
  filter_.sites = {"office"};
  const QueriesResult all = page(700);
  CHECK(all.events.size() == 700);
  CHECK(all.cursor.empty());
  CHECK_FALSE(all.partial);
  const QueriesResult most = page(699);
  CHECK_FALSE(most.cursor.empty());
  CHECK(page(700, most.cursor).events.size() == 1);
}

TEST_CASE_METHOD(Fixture, "filters are answered as the events themselves would") {
  filter_.domains = {std::string(writer_.events(1)[5]->qname)};
  CHECK(set_of(walk(10)) == expected());
  filter_.domains = {"*.com"};
  filter_.outcomes = {Outcome::kBlocked, Outcome::kForwarded};
  CHECK(set_of(walk(10)) == expected());
  filter_.sites = {"home"};
  filter_.clients = {{*parse_client("10.0.0.0"), 29}};
  CHECK(set_of(walk(10)) == expected());
  filter_.contains = {"nothing-like-this"};
  CHECK(walk(10).empty());
}

TEST_CASE_METHOD(Fixture, "a window prunes and includes its begin only") {
  const int64_t middle = writer_.events(2)[350]->time_ms;
  filter_.since_ms = middle;
  filter_.until_ms = middle + 60'000;
  CHECK(expected().size() > 10);
  CHECK(set_of(walk(9)) == expected());
  filter_.since_ms = middle + 1;
  CHECK(expected().count({LogWriter::log_id(2), 350}) == 0);
  CHECK(set_of(walk(9)) == expected());
}

TEST_CASE_METHOD(Fixture, "a walk goes on while the logs grow, without what is new") {
  filter_.until_ms = writer_.events(3).back()->time_ms;
  const std::set<EventId> before = expected();
  CHECK(before.size() > 2000);
  const std::vector<EventId> ids = walk(100, {}, [&] {
    append(1, 20);
    append(2, 3);
  });
  CHECK(ids.size() == before.size());
  CHECK(set_of(ids) == before);
}

TEST_CASE_METHOD(Fixture, "a walk goes on while the oldest events expire") {
  const std::set<EventId> before = expected();
  bool expired = false;
  const std::vector<EventId> ids = walk(100, {}, [&] {
    if (!expired) writer_.expire(2, 0, 64);
    expired = true;
  });
  CHECK(ids.size() == before.size() - 64);
  CHECK(set_of(ids) == expected());
}

TEST_CASE_METHOD(Fixture, "a walk goes on while segments are merged") {
  const int64_t hour = hour_of(writer_.events(1)[0]->time_ms);
  uint64_t end = 0;  // of the first whole segments of the log's first hour
  while (end + 64 < 700 && hour_of(writer_.events(1)[end + 63]->time_ms) == hour) end += 64;
  REQUIRE(end >= 128);
  bool merged = false;
  const std::vector<EventId> ids = walk(1900, {}, [&] {
    if (!merged) writer_.merge(1, 0, end);
    merged = true;
  });
  CHECK(ids.size() == 2100);
  CHECK(set_of(ids) == expected());
}

TEST_CASE_METHOD(Fixture, "gaps are passed over") {
  writer_.append_gap(1, 1000);
  append(1, 10);
  CHECK(set_of(walk(100)) == expected());
}

TEST_CASE_METHOD(Fixture, "a damaged segment is counted and everything else found") {
  SegmentHead head;
  head.first = writer_.end(2);
  head.count = 5;
  head.first_ms = head.last_ms = kStart;
  writer_.put_segment(2, head.first, RowKind::kEvents, head, Bytes{1, 2, 3});
  const int64_t fourth = writer_.add_log("home");
  writer_.put_segment(fourth, 0, RowKind::kCorrupt, head, Bytes{});
  const int64_t fifth = writer_.add_log("home");
  writer_.put_segment(fifth, 0, RowKind::kEvents, head, Null{});
  const QueriesResult found = page(1000);
  CHECK(found.events.size() == 1000);
  QueriesResult rest = page(1000, found.cursor);
  rest.unreadable.segments += found.unreadable.segments;
  rest.unreadable.segments += page(1000, rest.cursor).unreadable.segments;
  CHECK(rest.unreadable.segments == 3);
  CHECK(set_of(walk(100)) == expected());
}

TEST_CASE_METHOD(Fixture, "rows that go between listing and reading are listed again") {
  QueryBudget by_ranges;
  by_ranges.reply_bytes = 1;
  ShortReads short_reads(&executor_);
  const auto find = [&](int shorten, size_t left) {
    short_reads.shorten = shorten;
    short_reads.left = left;
    QueriesResult result;
    OperationPtr operation = find_queries(filter_, 1000, {}, by_ranges, &result);
    REQUIRE(run_operation(*operation, short_reads).ok());
    return result;
  };
  const size_t left = GENERATE(size_t{0}, size_t{1}, size_t{300});
  const QueriesResult once = find(1, left);
  CHECK(once.unreadable == Unreadable{});
  CHECK(once.events.size() == 1000);
  const QueriesResult always = find(INT_MAX, left);
  CHECK(always.unreadable.segments > 10);  // until the budget is spent
  CHECK(always.events.empty());
}

TEST_CASE_METHOD(Fixture, "small budgets make partial pages that together are the whole") {
  const std::vector<EventId> whole = walk(kQueryLimitMax);
  QueryBudget budget;
  budget.events = 1;
  CHECK(page(100, {}, budget).partial);
  CHECK(walk(100, budget) == whole);
  budget = {};
  budget.bytes = 1;
  CHECK(walk(100, budget) == whole);
  budget = {};
  budget.statements = 2;  // the heads, and one log's segments
  CHECK(walk(100, budget) == whole);
  budget = {};
  budget.reply_bytes = 1;
  CHECK(walk(100, budget) == whole);
}

// Counts what a home counts as statements.
class CountingExecutor final : public Executor {
 public:
  explicit CountingExecutor(Executor& inner) : inner_(inner) {}
  Reply run_group(const Group& group) override {
    statements += group.statements.size();
    return inner_.run_group(group);
  }
  Reply run_read(const Read& read) override {
    statements += read.ranges.size();
    return inner_.run_read(read);
  }

  uint64_t statements = 0;

 private:
  Executor& inner_;
};

TEST_CASE_METHOD(Fixture, "a page keeps to its budget of statements, however many rows it opens") {
  filter_.domains = {"not.there.example"};
  QueryBudget budget;
  budget.reply_bytes = 1;  // no row comes with its bytes
  for (budget.statements = 4; budget.statements < 40; ++budget.statements) {
    CountingExecutor counting(executor_);
    QueriesResult result;
    OperationPtr operation = find_queries(filter_, 10, {}, budget, &result);
    REQUIRE(run_operation(*operation, counting).ok());
    CHECK(counting.statements <= budget.statements + 1);  // a scan's own ranges come in pairs
  }
  CHECK(walk(10, budget).empty());
}

TEST_CASE_METHOD(Fixture, "a filter that little matches ends in bounded partial pages") {
  filter_.contains = {"al"};  // is in every segment; so is this client, but rarely together
  filter_.clients = {{{Client::Kind::kV4, {10, 0, 0, 15}}, 32}};
  QueryBudget budget;
  budget.events = 64;
  size_t pages = 0;
  CHECK(set_of(walk(1000, budget, [&] { ++pages; })) == expected());
  CHECK(pages > 10);
}

TEST_CASE_METHOD(Fixture, "what dictionaries rule out costs no events of the budget") {
  filter_.contains = {"nothing-like-this"};
  QueryBudget budget;
  budget.events = 1;
  size_t pages = 0;
  CHECK(walk(10, budget, [&] { ++pages; }).empty());
  CHECK(pages == 1);
}

TEST_CASE_METHOD(Fixture, "a cursor keeps the window of its first page") {
  filter_.sites = {"office"};
  const std::vector<EventId> whole = walk(1000);
  const QueriesResult first = page(300);
  filter_.since_ms = kTimeMsMax - 1;
  const QueriesResult second = page(1000, first.cursor);
  CHECK(second.events.size() == whole.size() - 300);
}

TEST_CASE_METHOD(Fixture, "a cursor of another filter is refused") {
  const std::string cursor = page(10).cursor;
  filter_.types = {28};
  QueriesResult result;
  OperationPtr operation = find_queries(filter_, 10, cursor, {}, &result);
  CHECK(run_operation(*operation, executor_).code() == Code::kInvalid);
}

TEST_CASE_METHOD(Fixture, "the failure of any step of the walk is the operation's, and no answer") {
  FailingExecutor failing(&executor_);
  uint64_t step = 1;
  Status status;
  do {
    failing.arm({.step = step});
    QueriesResult result;
    OperationPtr operation = find_queries(filter_, 1000, {}, {}, &result);
    status = run_operation(*operation, failing);
    CHECK((status.ok() || status.code() == Code::kUnavailable));
    ++step;
  } while (failing.failures() != 0);
  CHECK(status.ok());
  CHECK(step > 3);
}

}  // namespace
}  // namespace weir
