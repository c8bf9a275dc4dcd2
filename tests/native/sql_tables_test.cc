// The SQL tables against plain rows: the same events stand in a log and in a table of the test's;
// seeded random statements must get equal answers from both. And what a WHERE clause saves.
#include <algorithm>

#include "native/sql/log_tables.h"
#include "native/sql/read_only.h"
#include "native/store/migrations.h"
#include "support/event_generator.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"
#include "weir/dns_message.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr int64_t kStart = 20'000 * kDayMs + 10 * kHourMs;
constexpr int64_t kStepMs = 61'000;
constexpr uint64_t kEventsPerLog = 1200;
constexpr uint64_t kSegmentEvents = 40;

using Lines = std::vector<std::string>;

// What the virtual table declares, as a real one.
constexpr char kPlainTable[] =
    "CREATE TABLE plain(id INTEGER, timestamp TEXT, client_ip TEXT, domain TEXT, query_type TEXT, "
    "response_code INTEGER, blocked INTEGER, cached INTEGER, response_time_ms REAL, "
    "upstream TEXT, outcome TEXT, rcode TEXT, list TEXT, transport TEXT, ad INTEGER, "
    "response_size INTEGER, duration_us INTEGER, time_ms INTEGER, site TEXT, log_no INTEGER, "
    "n INTEGER)";

Value text_or_null(std::string_view text) {
  if (text.empty()) return Null{};
  return std::string(text);
}

// Two logs and the same events as rows.
class Fixture {
 public:
  Fixture() {
    REQUIRE(migrate(database_).ok());
    REQUIRE(database_.execute(kPlainTable).ok());
    const LogState home = opened(executor_, sample_log(1), "home");
    const LogState office = opened(executor_, sample_log(2), "office");
    REQUIRE(database_.execute("BEGIN").ok());
    for (const LogState& log : {home, office}) make_events(log);
    REQUIRE(database_.execute("COMMIT").ok());
    for (const LogState& log : {home, office}) store(log);
    RollupProgress progress;
    REQUIRE(run(executor_, advance_rollups(kStart + 12 * kHourMs, {}, &progress)).ok());
    REQUIRE(register_log_tables(database_.handle(), work_) == SQLITE_OK);
  }

  // Rows as lines, values separated by bars.
  Lines ask(const std::string& sql) {
    CAPTURE(sql);
    Result<SqliteStatement> statement = database_.prepare(sql);
    INFO(statement.status().message());
    REQUIRE(statement.ok());
    Lines lines;
    while (true) {
      const Result<bool> more = statement->step();
      INFO(more.status().message());
      REQUIRE(more.ok());
      if (!*more) return lines;
      std::string line;
      for (int i = 0; i < statement->column_count(); ++i) line += statement->column_text(i) + "|";
      lines.push_back(std::move(line));
    }
  }
  Status failure(const std::string& sql) {
    Result<SqliteStatement> statement = database_.prepare(sql);
    return statement.ok() ? statement->step().status() : statement.status();
  }
  // How much a statement looks at.
  TableWork work_of(const std::string& sql) {
    *work_ = {};
    ask(sql);
    return *work_;
  }
  // The same question to both tables.
  void compare(const std::string& columns, const std::string& rest) {
    Lines found = ask("SELECT " + columns + " FROM queries " + rest);
    Lines expected = ask("SELECT " + columns + " FROM plain " + rest);
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    CAPTURE(rest);
    CHECK(found == expected);
  }
  TableWork& work() { return *work_; }

 private:
  static SqliteDatabase open() {
    Result<SqliteDatabase> opened = SqliteDatabase::open(":memory:", {});
    REQUIRE(opened.ok());
    return std::move(*opened);
  }

  void make_events(const LogState& log) {
    auto& events = events_[log.log_no];
    for (uint64_t n = 0; n < kEventsPerLog; ++n) {
      Event event = generator_.next();
      event.time_ms = kStart + static_cast<int64_t>(n) * kStepMs / log.log_no;
      if (n % 90 == 89) event.time_ms -= 2 * kStepMs;  // a clock that steps back
      if (n % 50 == 0) event.client = {};
      events.push_back(event);
      add_row(log, n, event);
    }
  }

  void add_row(const LogState& log, uint64_t n, const Event& event) {
    const auto number = [](auto value) { return Value(static_cast<int64_t>(value)); };
    const bool cached = event.outcome == Outcome::kCached || event.outcome == Outcome::kStale;
    const std::vector<Value> values = {segment_id(log.log_no, n),
                                       rfc3339_text(event.time_ms),
                                       text_or_null(client_text(event.client)),
                                       std::string(event.qname),
                                       qtype_text(event.qtype),
                                       number(event.rcode),
                                       number(event.outcome == Outcome::kBlocked),
                                       number(cached),
                                       number(event.duration_us),
                                       text_or_null(event.upstream),
                                       std::string(outcome_name(event.outcome)),
                                       rcode_text(event.rcode),
                                       text_or_null(event.list),
                                       std::string(transport_name(event.transport)),
                                       number(event.ad),
                                       number(event.response_size),
                                       number(event.duration_us),
                                       event.time_ms,
                                       log.site,
                                       log.log_no,
                                       number(n)};
    Result<SqliteStatement> insert = database_.prepare(
        "INSERT INTO plain VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9/1000.0,?10,?11,?12,?13,?14,?15,?16,"
        "?17,?18,?19,?20,?21)");
    REQUIRE(insert.ok());
    for (size_t i = 0; i < values.size(); ++i) {
      REQUIRE(insert->bind(static_cast<int>(i + 1), values[i]).ok());
    }
    REQUIRE(insert->step().ok());
  }

  void store(const LogState& log) {
    SegmentBuilder builder;
    uint64_t first = 0;
    const auto cut = [&](uint64_t end) {
      append_ok(executor_, log.log_no, {builder.encode({log.log, first, false, {}})});
      builder.clear();
      first = end;
    };
    const auto& events = events_[log.log_no];
    for (uint64_t n = 0; n < events.size(); ++n) {
      if (builder.count() == kSegmentEvents) cut(n);
      if (builder.add(events[n]).ok()) continue;
      cut(n);  // another hour
      REQUIRE(builder.add(events[n]).ok());
    }
    cut(events.size());
  }

  EventGenerator generator_{[] {
    EventGenerator::Options options;
    options.made_names = 200;
    options.clients = 12;
    return options;
  }()};
  std::map<int64_t, std::vector<Event>> events_;
  std::shared_ptr<TableWork> work_ = std::make_shared<TableWork>();
  SqliteDatabase database_ = open();
  SqliteExecutor executor_{&database_};
};

// A term of a WHERE clause about rows that are there, or nearly.
std::string draw_term(TestRandom& random) {
  static constexpr const char* kColumns[] = {
      "id",      "timestamp", "client_ip", "domain",      "query_type", "response_code",
      "blocked", "cached",    "upstream",  "outcome",     "list",       "site",
      "time_ms", "log_no",    "n",         "duration_us", "rcode",      "transport"};
  static constexpr const char* kComparisons[] = {"=", "=", "=", "<", "<=", ">", ">=", "<>", "IS"};
  const std::string column = kColumns[random.below(std::size(kColumns))];
  const std::string row = std::to_string(random.below(2 * kEventsPerLog));
  const std::string value = "(SELECT " + column + " FROM plain LIMIT 1 OFFSET " + row + ")";
  if (column == "domain" && random.chance(2)) {
    const std::string part =
        "substr(" + value + ", " + std::to_string(1 + random.below(4)) + ", 4)";
    return "domain LIKE '%' || " + part + " || '%'";
  }
  if (random.chance(6)) return column + " IN (" + value + ", 7, NULL)";
  if (random.chance(9)) return column + " = " + (random.chance(2) ? "NULL" : "'no such'");
  return column + " " + kComparisons[random.below(std::size(kComparisons))] + " " + value;
}

TEST_CASE("every row and column of queries is that of a plain table") {
  Fixture fixture;
  fixture.compare("*", "");
  CHECK(fixture.ask("SELECT count(*) FROM queries") == Lines{"2400|"});
}

TEST_CASE("random statements get the same answers from queries as from a plain table") {
  Fixture fixture;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    TestRandom random(seed);
    std::string where = "WHERE " + draw_term(random);
    for (uint64_t more = random.below(3); more > 0; --more) {
      where += (random.chance(5) ? " OR " : " AND ") + draw_term(random);
    }
    fixture.compare("id, domain, client_ip, outcome", where);
  }
}

TEST_CASE("queries come in the order of ids, both ways, from any id on") {
  Fixture fixture;
  for (const std::string order : {"ASC", "DESC"}) {
    for (const std::string where : {"", "WHERE id > (1 << 40) + 77", "WHERE id <= (2 << 40) + 5",
                                    "WHERE site = 'office'", "WHERE domain LIKE '%a%'"}) {
      const std::string rest = where + " ORDER BY id " + order + " LIMIT 300";
      CAPTURE(rest);
      CHECK(fixture.ask("SELECT id FROM queries " + rest) ==
            fixture.ask("SELECT id FROM plain " + rest));
    }
  }
}

TEST_CASE("a time compares as text the way a plain column does") {
  Fixture fixture;
  const std::string day = rfc3339_text(kStart).substr(0, 10);
  for (const std::string& text : {day, day + "T12", day + "T12:00:00Z", std::string("2"),
                                  std::string("9"), std::string(""), day + " 13:00"}) {
    for (const char* comparison : {"<", "<=", "=", ">=", ">"}) {
      fixture.compare("id", std::string("WHERE timestamp ") + comparison + " '" + text + "'");
    }
  }
}

TEST_CASE("one id, one hour or one name costs few segments, not all") {
  Fixture fixture;
  const uint64_t all = fixture.work_of("SELECT count(*) FROM queries").segments;
  REQUIRE(all >= 60);
  const auto segments = [&](const std::string& where) {
    return fixture.work_of("SELECT domain FROM queries WHERE " + where).segments;
  };
  CHECK(segments("id = (2 << 40) + 500") == 1);
  CHECK(segments("log_no = 2 AND id BETWEEN (2 << 40) + 500 AND (2 << 40) + 501") <= 2);
  const std::string hour = std::to_string(kStart + kHourMs);
  CHECK(segments("time_ms >= " + hour + " AND time_ms < " + hour + " + 3600000") < all / 4);
  CHECK(segments("timestamp < '" + rfc3339_text(kStart + kHourMs) + "'") < all / 4);
  CHECK(segments("client_ip = 'no address'") == 0);
  CHECK(segments("outcome = 'no outcome'") == 0);
  CHECK(fixture.work_of("SELECT id FROM queries ORDER BY id DESC LIMIT 10").segments == 1);
}

TEST_CASE("names, clients and outcomes that a segment has not leave its events undecoded") {
  Fixture fixture;
  const auto events = [&](const std::string& where) {
    return fixture.work_of("SELECT id FROM queries WHERE " + where).events;
  };
  CHECK(events("domain = 'not.there.example'") == 0);
  CHECK(events("domain LIKE '%not there%'") == 0);
  CHECK(events("client_ip = '192.0.2.99'") == 0);
  CHECK(events("outcome = 'refused'") == 0);
  CHECK(events("domain = (SELECT domain FROM plain LIMIT 1 OFFSET 99)") < 2 * kEventsPerLog);
}

TEST_CASE("statistics has a row for each hour, with the counts of plain rows") {
  Fixture fixture;
  const std::string columns =
      "sum(blocked), sum(cached), sum(outcome = 'forwarded'), sum(outcome = 'stale'), "
      "count(DISTINCT domain), count(DISTINCT client_ip)";
  const Lines expected =
      fixture.ask("SELECT strftime('%Y-%m-%dT%H:00:00.000Z', timestamp) AS hour, count(*), " +
                  columns + " FROM plain GROUP BY hour ORDER BY hour");
  CHECK(fixture.ask("SELECT hour, total, blocked, cached, forwarded, stale, unique_domains, "
                    "unique_clients FROM statistics ORDER BY hour") == expected);
  CHECK(expected.size() > 15);
}

TEST_CASE("statistics of some hours are those of all, narrowed") {
  Fixture fixture;
  const std::string from = "'" + rfc3339_text(kStart + 3 * kHourMs) + "'";
  const std::string select = "SELECT hour, total FROM statistics ";
  const Lines all = fixture.ask(select);
  CHECK(fixture.ask(select + "WHERE hour >= " + from) == Lines(all.begin() + 3, all.end()));
  CHECK(fixture.ask(select + "WHERE hour < " + from) == Lines(all.begin(), all.begin() + 3));
  CHECK(fixture.ask(select + "WHERE hour = " + from) == Lines{all[3]});
  CHECK(fixture.ask(select + "WHERE hour_ms = NULL").empty());
}

TEST_CASE("the mean latency of an hour is that of its rows, rounded down") {
  Fixture fixture;
  CHECK(fixture.ask("SELECT CAST(round(avg_response_time_ms * 1000) AS INTEGER) FROM statistics "
                    "ORDER BY hour LIMIT 5") ==
        fixture.ask("SELECT sum(duration_us) / count(*) FROM plain "
                    "GROUP BY time_ms / 3600000 ORDER BY time_ms / 3600000 LIMIT 5"));
}

TEST_CASE("domain_stats counts every name exactly") {
  Fixture fixture;
  const std::string expected =
      "SELECT domain, count(*), max(timestamp), sum(blocked), min(timestamp) FROM plain ";
  const std::string found =
      "SELECT domain, query_count, last_queried, blocked_count, first_queried FROM domain_stats";
  CHECK(fixture.ask(found + " ORDER BY domain") ==
        fixture.ask(expected + "GROUP BY domain ORDER BY domain"));
  CHECK(fixture.ask(found + " WHERE domain LIKE '%.com' ORDER BY domain") ==
        fixture.ask(expected + "WHERE domain LIKE '%.com' GROUP BY domain ORDER BY domain"));
  const std::string since = std::to_string(kStart + kHourMs);
  const std::string until = std::to_string(kStart + 2 * kHourMs);
  CHECK(fixture.ask(found + "(" + since + ", " + until + ") ORDER BY domain") ==
        fixture.ask(expected + "WHERE time_ms >= " + since + " AND time_ms < " + until +
                    " GROUP BY domain ORDER BY domain"));
  CHECK(fixture.failure("SELECT * FROM domain_stats('yesterday')").message().find("time") !=
        std::string::npos);
}

TEST_CASE("the tables join with each other and with themselves") {
  Fixture fixture;
  CHECK(fixture.ask("SELECT count(*) FROM queries AS a JOIN queries AS b ON b.id = a.id + 1 "
                    "WHERE a.domain = b.domain") ==
        fixture.ask("SELECT count(*) FROM plain AS a JOIN plain AS b ON b.id = a.id + 1 "
                    "WHERE a.domain = b.domain"));
}

TEST_CASE("a table cannot be written to") {
  Fixture fixture;
  CHECK_FALSE(fixture.failure("DELETE FROM queries").ok());
  CHECK_FALSE(fixture.failure("INSERT INTO statistics(hour) VALUES ('x')").ok());
}

TEST_CASE("past the bound of events a statement ends with an error, at it it does not") {
  Fixture fixture;
  fixture.work() = {.events_max = 2 * kEventsPerLog};
  CHECK(fixture.failure("SELECT count(*) FROM queries").ok());
  fixture.work() = {.events_max = 2 * kEventsPerLog - 1};
  CHECK_FALSE(fixture.failure("SELECT count(*) FROM queries").ok());
}

}  // namespace
}  // namespace weir
