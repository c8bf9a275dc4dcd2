// The query engine against SQL: the same events are stored as a log, through the operations that
// every home uses, and as plain rows in a table; seeded random questions must get equal answers.
// Counts, series and lists agree exactly, distinct counts and top lists within their stated errors.
//
// A failure prints the seed of its question; the data are the same in every run.
#include <cmath>
#include <set>

#include "catch.h"
#include "hex.h"
#include "native/store/migrations.h"
#include "native/store/sqlite_executor.h"
#include "support/event_generator.h"
#include "support/log_samples.h"
#include "support/memory_executor.h"
#include "weir/dns_message.h"
#include "weir/query.h"

namespace weir {
namespace {

constexpr int64_t kStart = 20'000 * kDayMs + 10 * kHourMs;
constexpr uint64_t kEventsPerLog = 2500;
constexpr uint64_t kBatch = 100;     // events per append
constexpr int64_t kStepMs = 97'000;  // between two events of a log: 2.8 days in all
constexpr int kQuestions = 40;

SqliteDatabase open_memory() {
  Result<SqliteDatabase> opened = SqliteDatabase::open(":memory:", {});
  REQUIRE(opened.ok());
  return std::move(opened).value();
}

std::string hex_of(const Client& client) {
  return std::to_string(static_cast<int>(client.kind)) +
         to_hex(std::span(client.bytes).first(client.size()));
}

std::string sql_text(std::string_view text) { return "'" + std::string(text) + "'"; }

template <class T, class Condition>
void add_condition(const std::vector<T>& alternatives, const Condition& condition,
                   std::string* sql) {
  if (alternatives.empty()) return;
  std::string any = "0";
  for (const T& alternative : alternatives) any += " OR " + condition(alternative);
  *sql += " AND (" + any + ")";
}

// A top list, what it counts in SQL, and a key of it there.
struct TopList {
  Summary::Top by;
  const char* condition;  // on the events that it counts
  const char* column;
  std::string (*stored)(const std::string& key);
};
constexpr auto kAsItIs = [](const std::string& key) { return sql_text(key); };
constexpr TopList kTopLists[] = {
    {Summary::Top::kNames, "1", "domain", kAsItIs},
    {Summary::Top::kBlockedNames, "outcome = 4", "domain", kAsItIs},
    {Summary::Top::kClients, "1", "client",
     [](const std::string& key) { return sql_text(hex_of(*parse_client(key))); }},
    {Summary::Top::kUpstreams, "upstream <> ''", "upstream", kAsItIs},
    {Summary::Top::kLists, "list <> ''", "list", kAsItIs},
    {Summary::Top::kTypes, "1", "type",
     [](const std::string& key) { return std::to_string(*parse_qtype(key)); }},
};
static_assert(static_cast<int>(Outcome::kBlocked) == 4);

// What a filter means in SQL.
std::string where(const Filter& filter) {
  std::string sql = " WHERE time_ms >= " + std::to_string(filter.since_ms) + " AND time_ms < " +
                    std::to_string(filter.until_ms);
  auto equals = [](const char* column) {
    return [column](const auto& value) { return std::string(column) + " = " + sql_text(value); };
  };
  auto is_number = [](const char* column) {
    return [column](auto value) {
      return std::string(column) + " = " + std::to_string(static_cast<int>(value));
    };
  };
  add_condition(filter.sites, equals("site"), &sql);
  add_condition(
      filter.domains,
      [](const std::string& domain) {
        if (!domain.starts_with("*.")) return "domain = " + sql_text(domain);
        const std::string below = domain.substr(1);
        return "'.' || domain LIKE " + sql_text("%" + below);
      },
      &sql);
  add_condition(
      filter.contains,
      [](const std::string& part) { return "instr(domain, " + sql_text(part) + ") > 0"; }, &sql);
  add_condition(
      filter.clients,
      [](const Filter::Prefix& prefix) {  // bits: a multiple of 4
        const std::string begin = hex_of(prefix.client).substr(0, 1 + prefix.bits / 4);
        return "client LIKE " + sql_text(begin + "%");
      },
      &sql);
  add_condition(filter.types, is_number("type"), &sql);
  add_condition(filter.rcodes, is_number("rcode"), &sql);
  add_condition(filter.outcomes, is_number("outcome"), &sql);
  add_condition(filter.lists, equals("list"), &sql);
  add_condition(filter.upstreams, equals("upstream"), &sql);
  return sql;
}

// The events as rows.
class Table {
 public:
  Table() {
    REQUIRE(database_
                .execute("CREATE TABLE events(log_no INTEGER, n INTEGER, site TEXT, "
                         "time_ms INTEGER, client TEXT, domain TEXT, type INTEGER, "
                         "rcode INTEGER, outcome INTEGER, list TEXT, upstream TEXT)")
                .ok());
  }

  void add(int64_t log_no, uint64_t n, const std::string& site, const Event& event) {
    const std::vector<Value> values = {log_no,
                                       static_cast<int64_t>(n),
                                       site,
                                       event.time_ms,
                                       hex_of(event.client),
                                       std::string(event.qname),
                                       int64_t{event.qtype},
                                       int64_t{event.rcode},
                                       static_cast<int64_t>(event.outcome),
                                       std::string(event.list),
                                       std::string(event.upstream)};
    Result<SqliteStatement> insert =
        database_.prepare("INSERT INTO events VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)");
    REQUIRE(insert.ok());
    for (size_t i = 0; i < values.size(); ++i) {
      REQUIRE(insert->bind(static_cast<int>(i + 1), values[i]).ok());
    }
    REQUIRE(insert->step().ok());
  }

  // Rows of integers.
  std::vector<std::vector<int64_t>> ask(const std::string& columns, const Filter& filter,
                                        const std::string& rest = "") {
    Result<SqliteStatement> select =
        database_.prepare("SELECT " + columns + " FROM events" + where(filter) + rest);
    REQUIRE(select.ok());
    std::vector<std::vector<int64_t>> rows;
    while (*select->step()) {
      rows.emplace_back();
      for (int i = 0; i < select->column_count(); ++i) {
        rows.back().push_back(std::get<int64_t>(*select->column(i)));
      }
    }
    return rows;
  }

  OutcomeCounts counts(const Filter& filter) {
    OutcomeCounts counts;
    for (const auto& row : ask("outcome, count(*)", filter, " GROUP BY outcome")) {
      counts.by_outcome[static_cast<size_t>(row[0])] = static_cast<uint64_t>(row[1]);
    }
    return counts;
  }

 private:
  SqliteDatabase database_ = open_memory();
};

class Trial {
 public:
  explicit Trial(Executor* executor) : executor_(*executor) {
    const char* const kSites[] = {"home", "office", "home"};
    for (uint8_t i = 0; i < 3; ++i) logs_.push_back(opened(executor_, sample_log(i), kSites[i]));
    // All logs grow together; what they have is rolled up now and then, the last events not at all.
    for (uint64_t n = 0; n < kEventsPerLog; n += kBatch) {
      for (const LogState& log : logs_) store(log, n);
      if (n % (3 * kBatch) == 0) roll(time_of(n));
    }
  }

  void ask_all() {
    for (int seed = 1; seed <= kQuestions; ++seed) {
      CAPTURE(seed);
      TestRandom random(static_cast<uint64_t>(seed));
      const Filter filter = draw_filter(random);
      CAPTURE(where(filter));
      ask_statistics(filter);
      ask_series(filter, std::array{5 * kMinuteMs, kHourMs, kDayMs}[random.below(3)]);
      for (const TopList& list : kTopLists) ask_top(filter, list);
      ask_queries(filter, 1 + random.below(900));
    }
  }

 private:
  static int64_t time_of(uint64_t n) { return kStart + static_cast<int64_t>(n) * kStepMs; }

  // The events [begin, begin + kBatch) in segments of at most 25.
  void store(const LogState& log, uint64_t begin) {
    std::vector<Bytes> segments;
    SegmentBuilder builder;
    uint64_t first = begin;
    auto cut = [&](uint64_t end) {
      segments.push_back(builder.encode({log.log, first, false, {}}));
      builder.clear();
      first = end;
    };
    for (uint64_t n = begin; n < begin + kBatch; ++n) {
      Event event = generator_.next();
      event.time_ms = time_of(n) + log.log_no * 7;
      if (n % 40 == 39) event.time_ms -= 3 * kStepMs;  // a clock that steps back
      table_.add(log.log_no, n, log.site, event);
      if (builder.count() == 25) cut(n);
      if (builder.add(event).ok()) continue;
      cut(n);  // another hour
      REQUIRE(builder.add(event).ok());
    }
    cut(begin + kBatch);
    append_ok(executor_, log.log_no, segments);
  }

  void roll(int64_t now_ms) {
    RollupProgress progress;
    REQUIRE(run(executor_, advance_rollups(now_ms, {}, &progress)).ok());
  }

  Filter draw_filter(TestRandom& random) {
    Filter filter;
    const auto span = static_cast<uint64_t>(kEventsPerLog * kStepMs);
    filter.since_ms = kStart + static_cast<int64_t>(random.below(span)) - kHourMs;
    filter.until_ms = filter.since_ms + 1 + static_cast<int64_t>(random.below(span));
    auto often = [&] { return random.chance(4); };
    if (random.chance(2)) filter.sites.push_back(random.chance(2) ? "home" : "office");
    if (random.chance(2)) return filter;  // half of the questions go to the rollups
    const auto& names = generator_.names();
    if (often()) filter.domains.push_back(names[random.below(20)]);
    if (often()) filter.domains.push_back("*." + names[random.below(20)]);
    if (often()) filter.domains.push_back("*.com");
    if (often()) filter.contains.push_back("or");
    if (often()) filter.clients.push_back({*parse_client("10.0.0.0"), 24});
    if (often()) filter.clients.push_back({*parse_client("2001:db8::4"), 128});
    if (often()) filter.types = {1, 65};
    if (often()) filter.rcodes = {3};
    if (often()) filter.outcomes = {Outcome::kBlocked, Outcome::kForwarded};
    if (often()) filter.lists = {"ads"};
    if (often()) filter.upstreams = {"tls://192.0.2.54"};
    return filter;
  }

  static Filter within(Filter filter, int64_t since_ms, int64_t until_ms) {
    filter.since_ms = since_ms;
    filter.until_ms = until_ms;
    return filter;
  }

  static void check_estimate(uint64_t estimate, int64_t truth) {
    const auto exact = static_cast<double>(truth);
    if (truth <= 256) CHECK(static_cast<int64_t>(estimate) == truth);
    CHECK(std::abs(static_cast<double>(estimate) - exact) <= 0.08 * exact);  // 5 standard errors
  }

  void ask_statistics(const Filter& filter) {
    StatisticsResult found;
    REQUIRE(run(executor_, find_statistics(filter, {}, &found)).ok());
    CHECK(found.unreadable == Unreadable{});
    CHECK(found.since_ms == filter.since_ms / kMinuteMs * kMinuteMs);
    CHECK(found.until_ms == (filter.until_ms + kMinuteMs - 1) / kMinuteMs * kMinuteMs);
    CHECK(found.counts == table_.counts(within(filter, found.since_ms, found.until_ms)));
    // The sketches' window: the same for a scan, whole hours for rollups.
    const int64_t unit = filter.only_time_and_site() ? kHourMs : kMinuteMs;
    const Filter outward =
        within(filter, found.since_ms / unit * unit, (found.until_ms + unit - 1) / unit * unit);
    const auto distinct =
        table_.ask("count(DISTINCT domain), count(DISTINCT client)", outward).at(0);
    check_estimate(found.summary.unique_names(), distinct[0]);
    check_estimate(found.summary.unique_clients(), distinct[1]);
  }

  void ask_series(const Filter& filter, int64_t step_ms) {
    SeriesResult found;
    REQUIRE(run(executor_, find_series(filter, step_ms, {}, &found)).ok());
    for (const SeriesPoint& point : found.points) {
      const Filter bucket = within(filter, std::max(point.time_ms, found.since_ms),
                                   std::min(point.time_ms + step_ms, found.until_ms));
      REQUIRE(point.counts == table_.counts(bucket));
    }
  }

  // Every count is within its error, and no key that is not listed has more than the last one.
  void ask_top(const Filter& filter, const TopList& list) {
    constexpr size_t kLimit = 20;
    TopResult found;
    REQUIRE(run(executor_, find_top(filter, list.by, kLimit, {}, &found)).ok());
    const Filter window = within(filter, found.since_ms, found.until_ms);
    const std::string column = list.column;
    const std::string counted = std::string(" AND ") + list.condition + " AND " + column;
    std::string listed;
    uint64_t last = UINT64_MAX;
    for (const TopEntry& item : found.items) {
      const std::string key = list.stored(item.key);
      const std::string rest = counted + " = " + key;
      const auto truth = static_cast<uint64_t>(table_.ask("count(*)", window, rest).at(0).at(0));
      REQUIRE(truth > 0);  // it is one that the filter asks for
      REQUIRE(truth <= item.count);
      REQUIRE(truth + item.error >= item.count);
      REQUIRE(item.count <= last);
      last = item.count;
      listed += (listed.empty() ? "" : ",") + key;
    }
    if (found.items.size() < kLimit) last = 0;
    const std::string others = counted + " NOT IN (" + listed + ")";
    for (const auto& row : table_.ask("count(*)", window, others + " GROUP BY " + column)) {
      REQUIRE(static_cast<uint64_t>(row[0]) <= last);
    }
  }

  void ask_queries(const Filter& filter, size_t limit) {
    std::set<std::vector<int64_t>> ids;
    std::string cursor;
    do {
      QueriesResult page;
      REQUIRE(run(executor_, find_queries(filter, limit, cursor, {}, &page)).ok());
      for (const FoundEvent& event : page.events) {
        const bool is_new =
            ids.insert({event.log.bytes[0] + 1, static_cast<int64_t>(event.n)}).second;
        REQUIRE(is_new);
      }
      cursor = page.cursor;
    } while (!cursor.empty());
    const auto rows = table_.ask("log_no, n", filter);
    CHECK(ids == std::set<std::vector<int64_t>>(rows.begin(), rows.end()));
  }

  Executor& executor_;
  Table table_;
  std::vector<LogState> logs_;
  EventGenerator generator_{[] {
    EventGenerator::Options options;
    options.made_names = 400;
    options.clients = 30;
    return options;
  }()};
};

TEST_CASE("over SQLite every answer agrees with plain SQL") {
  SqliteDatabase database = open_memory();
  REQUIRE(migrate(database).ok());
  SqliteExecutor executor(&database);
  Trial(&executor).ask_all();
}

TEST_CASE("over the memory executor every answer agrees with plain SQL") {
  MemoryExecutor executor;
  Trial(&executor).ask_all();
}

}  // namespace
}  // namespace weir
