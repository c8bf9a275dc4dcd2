// A random-subdomain attack on the real query log: a million names in an hour, of 100,000 clients,
// among them one name that everybody asks for. (What it does to the writer's parts without threads
// is in log_fault_test.cc.)
#include <fstream>

#include "native/running_log.h"
#include "native/store/fsck.h"

namespace weir {
namespace {

constexpr uint64_t kNames = 1'000'000;
constexpr uint64_t kClients = 100'000;
constexpr uint64_t kPopularEvery = 20;  // one event of so many is for the name that is asked often

uint64_t resident_mib() {
  std::ifstream pages("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  pages >> size >> resident;
  return (resident * 4096) >> 20;
}

Client client_of(uint64_t number) {
  return {Client::Kind::kV4,
          {10, static_cast<uint8_t>(number >> 16), static_cast<uint8_t>(number >> 8),
           static_cast<uint8_t>(number)}};
}

struct Flood : RunningLog {
  uint64_t offered = 0;
  int64_t hour_ms = kTestWallMs / kHourMs * kHourMs;

  // Offers events no faster than the writer takes them.
  void offer_names(uint64_t first, uint64_t end) {
    for (uint64_t n = first; n < end; ++n) {
      if (n % 1000 == 0) wait_for([this] { return log->stats().held < log->stats().capacity / 2; });
      // Not in order, as an attacker's names are not.
      const std::string name = std::to_string(n * 2654435761 % 4294967291) + ".victim.example";
      offer(name, n);
      if (n % kPopularEvery == 0) offer("popular.example", n);
    }
  }
  void offer(const std::string& name, uint64_t n) {
    Event event = sample_event(0);
    event.time_ms = hour_ms + static_cast<int64_t>(n % 3'600'000);
    event.qname = name;
    event.client = client_of(n % kClients);
    log->sink(0).offer(event);
    ++offered;
  }
  template <class... Arguments>
  void ask(OperationPtr (*make)(Filter, Arguments...), Arguments... arguments) {
    Filter filter;
    filter.since_ms = hour_ms;
    filter.until_ms = hour_ms + kHourMs;
    auto operation = make(filter, arguments...);
    REQUIRE(log->runner().run(*operation).ok());
  }
};

bool is_within(uint64_t estimate, uint64_t truth, double standard_error) {
  constexpr double kDeviations = 4;
  const double far = kDeviations * standard_error * static_cast<double>(truth);
  return std::abs(static_cast<double>(estimate) - static_cast<double>(truth)) <= far;
}

TEST_CASE("a million names of 100,000 clients: all counted, in bounded memory, in stated bounds") {
  Flood flood;
  constexpr uint64_t kWarm = kNames / 4;
  flood.offer_names(0, kWarm);
  const uint64_t warm_mib = resident_mib();
  flood.offer_names(kWarm, kNames);
  flood.wait_until_stored();
  CHECK(resident_mib() <= warm_mib + 64);  // a bound for what is being merged, not for the names
  const Ledger ledger = flood.ledger();
  CHECK(ledger.offered == flood.offered);
  CHECK(ledger.stored == flood.offered);

  StatisticsResult statistics;
  const QueryBudget budget{.events = 4 * kNames, .bytes = 1 << 30, .statements = 10'000};
  flood.ask<QueryBudget, StatisticsResult*>(find_statistics, budget, &statistics);
  CHECK(statistics.counts.total() == flood.offered);
  CHECK(is_within(statistics.summary.unique_names(), kNames + 1, 0.016));
  CHECK(is_within(statistics.summary.unique_clients(), kClients, 0.023));
  TopResult top;
  flood.ask<Summary::Top, size_t, QueryBudget, TopResult*>(find_top, Summary::Top::kNames, 1,
                                                           budget, &top);
  REQUIRE(top.items.size() == 1);
  constexpr uint64_t kPopular = kNames / kPopularEvery;
  CHECK(top.items[0].key == "popular.example");
  CHECK(top.items[0].count >= kPopular);
  CHECK(top.items[0].count - top.items[0].error <= kPopular);

  REQUIRE(flood.log->stop().ok());
  flood.log.reset();
  auto database = SqliteDatabase::open(flood.path(), {.mode = SqliteDatabase::Mode::kReadOnly});
  REQUIRE(database.ok());
  const auto report = check_database(*database);
  REQUIRE(report.ok());
  CHECK(report->problems() == 0);
  CHECK(report->logs.events == flood.offered);
}

}  // namespace
}  // namespace weir
