// query: how long does a question to 10 M events take?
//
// Question: the query engine over segments, at level 1 and again at level 2, against SQL over rows
// with indexes (RowTable), warm, on one thread. Weir's log is BenchLog's: a backlog over a day, all
// of it rolled up and merged. The rival holds the first tenth of the same events, because it takes
// minutes to fill: its times are of a table a tenth as large.
//
//   newest      the newest 100
//   rare_name   the newest 100 of a name that has 34 hits
//   substring   the newest 100 of a part of that name that nothing else has
//   group_by    the top 20 names among all events of one type, by scan
//   totals      counts of the whole window; series: per hour; top: the top 20 names of 24 hours
//
// Each value is the median of five repeats, or of as many as fit a tenth of a second.
//
//   query [--smoke] [--json]
#include "weir/query.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "bench_log.h"
#include "bench_names.h"
#include "bench_report.h"
#include "native/runtime/heap.h"
#include "row_table.h"
#include "support/event_generator.h"

namespace weir::bench {
namespace {

constexpr int64_t kStartMs = 1'790'000'000'000 / kDayMs * kDayMs;
constexpr const char* kRareName = "a-name.seen-rarely.example";
constexpr const char* kRarePart = "seen-rarely";
constexpr uint64_t kRareHits = 34;
constexpr uint64_t kRivalShare = 10;
constexpr const char* kRival = "text rows, 4 indexes, a tenth of the events";

// Of `repeats`, or of as many as fit a tenth of a second: what is short is seldom alone.
double median_ms(int repeats, const std::function<void()>& work) {
  work();  // warm
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < repeats || total < 100; ++i) {
    const double begin = seconds_of(CLOCK_MONOTONIC);
    work();
    times.push_back(1000 * (seconds_of(CLOCK_MONOTONIC) - begin));
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// Every question as an operation that must find what it is known to find.
class Asker {
 public:
  Asker(Executor& executor, uint64_t events, int repeats)
      : executor_(executor), events_(events), repeats_(repeats) {
    everything_.since_ms = kStartMs;
    everything_.until_ms = kStartMs + 2 * kDayMs;
    budget_.events = budget_.bytes = budget_.statements = uint64_t{1} << 40;
  }

  double newest() { return find(everything_, 100); }
  double rare_name() {
    Filter filter = everything_;
    filter.domains = {kRareName};
    return find(filter, kRareHits);
  }
  double substring() {
    Filter filter = everything_;
    filter.contains = {kRarePart};
    return find(filter, kRareHits);
  }
  double group_by() {
    Filter filter = everything_;
    filter.types = {1};
    return top(filter);
  }
  double top() { return top(everything_); }
  double totals() {
    return median_ms(repeats_, [this] {
      StatisticsResult result;
      run(find_statistics(everything_, budget_, &result));
      check(result.counts.total() == events_);
    });
  }
  double series() {
    return median_ms(repeats_, [this] {
      SeriesResult result;
      run(find_series(everything_, kHourMs, budget_, &result));
      check(!result.points.empty());
    });
  }

 private:
  double find(const Filter& filter, size_t expected) {
    return median_ms(repeats_, [&] {
      QueriesResult result;
      run(find_queries(filter, 100, {}, budget_, &result));
      check(result.events.size() == expected);
    });
  }
  double top(const Filter& filter) {
    return median_ms(repeats_, [&] {
      TopResult result;
      run(find_top(filter, Summary::Top::kNames, 20, budget_, &result));
      check(result.items.size() == 20);
    });
  }
  void run(const OperationPtr& operation) { require(run_operation(*operation, executor_)); }
  static void check(bool holds) {
    if (!holds) require(Status(Code::kCorrupt, "an answer is not what it must be"));
  }

  Executor& executor_;
  uint64_t events_;
  int repeats_;
  Filter everything_;
  QueryBudget budget_;
};

// Runs SQL to its end.
double sql_ms(SqliteDatabase& database, int repeats, const std::string& sql) {
  return median_ms(repeats, [&] { require(database.execute(sql.c_str())); });
}

struct RivalTimes {
  double newest = 0, rare_name = 0, substring = 0, group_by = 0, totals = 0, series = 0, top = 0;
};

RivalTimes ask_rival(SqliteDatabase& database, int repeats) {
  const std::string rare = kRareName;
  const std::string newest = " ORDER BY id DESC LIMIT 100";
  const std::string top = " GROUP BY domain ORDER BY 2 DESC LIMIT 20";
  const auto ms = [&](const std::string& sql) { return sql_ms(database, repeats, sql); };
  RivalTimes times;
  times.newest = ms("SELECT * FROM queries" + newest);
  times.rare_name = ms("SELECT * FROM queries WHERE domain = '" + rare + "'" + newest);
  times.substring =
      ms(std::string("SELECT * FROM queries WHERE domain LIKE '%") + kRarePart + "%'" + newest);
  times.group_by = ms("SELECT domain, count(*) FROM queries WHERE query_type = 'A'" + top);
  times.totals = ms("SELECT count(*), sum(blocked), sum(cached) FROM queries");
  times.series = ms("SELECT substr(timestamp, 1, 13), count(*) FROM queries GROUP BY 1");
  times.top = ms("SELECT domain, count(*) FROM queries" + top);
  return times;
}

void report_level(const BenchReport& report, const std::string& level, Asker asker,
                  const RivalTimes& rival) {
  const auto row = [&](const char* name, double value, double rival_value) {
    report.row(level + "_" + name, value, "ms", kRival, rival_value);
  };
  row("newest", asker.newest(), rival.newest);
  row("rare_name", asker.rare_name(), rival.rare_name);
  row("substring", asker.substring(), rival.substring);
  row("group_by", asker.group_by(), rival.group_by);
  row("totals", asker.totals(), rival.totals);
  row("series", asker.series(), rival.series);
  row("top", asker.top(), rival.top);
}

void run(const BenchReport& report) {
  const uint64_t count = report.smoke() ? 100'000 : 10'000'000;
  const int repeats = report.smoke() ? 1 : 5;
  EventGenerator::Options options;
  options.names = popular_names();
  options.events_per_second = std::max<uint64_t>(count * 1000 / static_cast<uint64_t>(kDayMs), 1);
  options.start_ms = kStartMs;
  EventGenerator generator(options);

  BenchLog log(kStartMs, BenchLog::Pace::kBacklog);
  Folder folder;
  SqliteDatabase rows = open_database(folder.file("rows.db"));
  RowTable table(rows);
  for (uint64_t i = 0; i < count; ++i) {
    Event event = generator.next();
    if (i % (count / kRareHits) == count / kRareHits / 2) event.qname = kRareName;
    log.add({&event, 1});
    if (i < count / kRivalShare) table.add(event);
  }
  log.finish();
  table.finish();
  const RivalTimes rival = ask_rival(rows, repeats);
  report_level(report, "level1", Asker(log.executor(), count, repeats), rival);
  log.merge_level2();
  report_level(report, "level2", Asker(log.executor(), count, repeats), rival);
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::keep_freed_memory();  // as the binary does
  weir::bench::run(weir::bench::BenchReport("query", argc, argv));
  return 0;
}
