// The error bounds that docs/summary_format.md states, against exact SQL over the same events: an
// hour and a day with far more names than their lists hold, as rollups keep them.
#include <cmath>

#include "catch.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"
#include "support/event_generator.h"
#include "support/log_samples.h"
#include "weir/query.h"

namespace weir {
namespace {

constexpr int64_t kStartMs = 20'000 * kDayMs;
constexpr uint64_t kEvents = 120'000;  // over four hours
constexpr uint64_t kPerSegment = 5'000;

class RolledUp {
 public:
  explicit RolledUp(uint64_t seed) : database_(open()), executor_(&database_) {
    REQUIRE(migrate(database_).ok());
    REQUIRE(database_
                .execute("CREATE TEMP TABLE q(time_ms, domain, client, upstream, us);"
                         "CREATE INDEX temp.q_domain ON q(domain, time_ms);"
                         "CREATE INDEX temp.q_client ON q(client, time_ms)")
                .ok());
    opened(executor_);
    EventGenerator::Options options;
    options.seed = seed;
    options.clients = 900;
    options.events_per_second = 9;
    options.start_ms = kStartMs;
    EventGenerator generator(options);
    REQUIRE(database_.execute("BEGIN").ok());
    std::vector<Event> events;
    for (uint64_t i = 0; i < kEvents; ++i) {
      events.push_back(generator.next());
      insert(events.back());
    }
    REQUIRE(database_.execute("COMMIT").ok());
    append_all(events);
    RollupProgress progress;
    REQUIRE(run(executor_, advance_rollups(kStartMs + 2 * kDayMs, {}, &progress)).ok());
    REQUIRE(progress.events == kEvents);
  }

  // The first column of the first row.
  int64_t ask(const std::string& sql) {
    Result<SqliteStatement> statement = database_.prepare(sql.c_str());
    INFO(sql);
    REQUIRE(statement.ok());
    REQUIRE(*statement->step());
    return std::stoll(statement->column_text(0));
  }

  Summary summary(int64_t since_ms, int64_t until_ms) {
    Filter filter;
    filter.since_ms = since_ms;
    filter.until_ms = until_ms;
    StatisticsResult result;
    SeriesResult series;
    REQUIRE(run(executor_, find_overview(filter, kHourMs, {}, &result, &series)).ok());
    return std::move(result.summary);
  }

 private:
  static SqliteDatabase open() {
    Result<SqliteDatabase> opened = SqliteDatabase::open(":memory:", {});
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  void insert(const Event& event) {
    std::string sql = "INSERT INTO q VALUES(" + std::to_string(event.time_ms);
    for (const std::string& text :
         {std::string(event.qname), client_text(event.client), std::string(event.upstream)}) {
      sql += ",'" + text + "'";
    }
    REQUIRE(database_.execute((sql + "," + std::to_string(event.duration_us) + ")").c_str()).ok());
  }
  // In segments that each lie in one hour.
  void append_all(const std::vector<Event>& events) {
    SegmentBuilder builder;
    uint64_t first = 0;
    for (uint64_t i = 0; i <= events.size(); ++i) {
      const bool full = builder.count() == kPerSegment;
      if (i == events.size() || full ||
          (!builder.empty() && hour_of(events[i].time_ms) != hour_of(events[i - 1].time_ms))) {
        append_ok(executor_, 1, {builder.encode({sample_log(1), first, false, {}})});
        builder.clear();
        first = i;
      }
      if (i < events.size()) REQUIRE(builder.add(events[i]).ok());
    }
  }

  SqliteDatabase database_;
  SqliteExecutor executor_;
};

struct Window {
  int64_t since_ms;
  int64_t until_ms;

  std::string where() const {
    return " FROM q WHERE time_ms >= " + std::to_string(since_ms) + " AND time_ms < " +
           std::to_string(until_ms);
  }
};
constexpr Window kWindows[] = {{kStartMs + kHourMs, kStartMs + 2 * kHourMs},  // an hour's rollup
                               {kStartMs, kStartMs + kDayMs}};                // a day's

// Five standard errors: a seed in a million fails.
void check_distinct(uint64_t estimate, int64_t truth, double standard_error) {
  const auto exact = static_cast<double>(truth);
  CHECK(std::abs(static_cast<double>(estimate) - exact) <= 5 * standard_error * exact);
}

void check_percentile(RolledUp& log, const Window& window, uint64_t found, int64_t percent) {
  const int64_t total = log.ask("SELECT count(*)" + window.where());
  const int64_t rank = (percent * total + 99) / 100;
  const auto exact = static_cast<double>(log.ask(
      "SELECT us" + window.where() + " ORDER BY us LIMIT 1 OFFSET " + std::to_string(rank - 1)));
  CHECK(std::abs(static_cast<double>(found) - exact) <= exact / 32);
}

// Every listed count is within its error, and what is not listed is at most the floor.
void check_top(RolledUp& log, const Window& window, const Summary& summary, Summary::Top which,
               const std::string& column) {
  std::string listed = "''";
  for (const TopEntry& entry : summary.top(which, kTopKeysMax)) {
    const auto truth = static_cast<uint64_t>(
        log.ask("SELECT count(*)" + window.where() + " AND " + column + " = '" + entry.key + "'"));
    REQUIRE(truth <= entry.count);
    REQUIRE(truth + entry.error >= entry.count);
    listed += ",'" + entry.key + "'";
  }
  const int64_t rest =
      log.ask("SELECT coalesce(max(c), 0) FROM (SELECT count(*) AS c" + window.where() + " AND " +
              column + " NOT IN (" + listed + ") GROUP BY " + column + ")");
  CHECK(static_cast<uint64_t>(rest) <= summary.top_floor(which));
}

TEST_CASE("the sketches of rollups keep the bounds that their format states") {
  RolledUp log(GENERATE(uint64_t{1}, uint64_t{2}));
  for (const Window& window : kWindows) {
    const Summary summary = log.summary(window.since_ms, window.until_ms);
    CHECK(static_cast<int64_t>(summary.counts().total()) ==
          log.ask("SELECT count(*)" + window.where()));
    check_distinct(summary.unique_names(),
                   log.ask("SELECT count(DISTINCT domain)" + window.where()), 0.01625);
    check_distinct(summary.unique_clients(),
                   log.ask("SELECT count(DISTINCT client)" + window.where()), 0.023);
    Latency latency;
    REQUIRE(summary.latency(&latency));
    CHECK(static_cast<int64_t>(latency.mean) ==
          log.ask("SELECT sum(us) / count(*)" + window.where()));
    check_percentile(log, window, latency.p50, 50);
    check_percentile(log, window, latency.p95, 95);
    check_percentile(log, window, latency.p99, 99);
    check_top(log, window, summary, Summary::Top::kUpstreams, "upstream");
  }
}

TEST_CASE("the top lists of rollups keep their bounds where most names are left out") {
  RolledUp log(3);
  for (const Window& window : kWindows) {
    const Summary summary = log.summary(window.since_ms, window.until_ms);
    const int64_t names = log.ask("SELECT count(DISTINCT domain)" + window.where());
    REQUIRE(static_cast<int64_t>(summary.top(Summary::Top::kNames, kTopKeysMax).size()) < names);
    check_top(log, window, summary, Summary::Top::kNames, "domain");
    check_top(log, window, summary, Summary::Top::kClients, "client");
  }
}

}  // namespace
}  // namespace weir
