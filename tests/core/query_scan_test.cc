// The selection of a scan against Filter::matches, event by event.
#include "query_scan.h"

#include "catch.h"
#include "support/event_generator.h"

namespace weir {
namespace {

constexpr int64_t kHourStart = 1'790'002'800'000;

// A segment, its row, and the events that are in it.
struct Fixture {
  explicit Fixture(size_t count = 2000) {
    EventGenerator::Options options;
    options.made_names = 400;
    options.start_ms = kHourStart;
    generator = EventGenerator(options);
    SegmentBuilder builder;
    for (size_t i = 0; i < count; ++i) {
      events.push_back(generator.next());
      REQUIRE(builder.add(events.back()).ok());
    }
    bytes = builder.encode({.log = {}, .first = 5, .open = false, .ledger = {}});
    filter.until_ms = kTimeMsMax;
  }

  WalkRow row(ByteView data) const {
    WalkRow row;
    row.first = 5;
    row.count = events.size();
    row.data = data;
    return row;
  }
  std::vector<size_t> expected() const {
    std::vector<size_t> indexes;
    for (size_t i = 0; i < events.size(); ++i) {
      if (filter.matches(events[i])) indexes.push_back(i);
    }
    return indexes;
  }
  std::vector<size_t> found() const {
    const auto scan = SegmentScan::open(row(bytes), filter);
    REQUIRE(scan.has_value());
    std::vector<size_t> indexes;
    for (const uint32_t at : scan->matches_from(0)) {
      indexes.push_back(at);
      REQUIRE(scan->event(at) == events[at]);
    }
    return indexes;
  }

  EventGenerator generator;
  std::vector<Event> events;
  Bytes bytes;
  Filter filter;
};

TEST_CASE("a scan selects what the filter matches, whatever it asks for") {
  Fixture f;
  const Event& sample = f.events[700];
  const int which = GENERATE(range(0, 10));
  const std::string name(sample.qname);
  switch (which) {
    case 0:
      break;
    case 1:
      f.filter.domains = {name};
      break;
    case 2:
      f.filter.domains = {"*." + name.substr(name.rfind('.') + 1)};
      break;
    case 3:
      f.filter.contains = {name.substr(1, 3)};
      break;
    case 4:
      f.filter.clients = {{sample.client, 32}};
      break;
    case 5:
      f.filter.types = {sample.qtype};
      break;
    case 6:
      f.filter.outcomes = {Outcome::kBlocked, Outcome::kFailed};
      break;
    case 7:
      f.filter.upstreams = {"tls://192.0.2.54"};
      break;
    case 8:
      f.filter.since_ms = f.events[300].time_ms;
      f.filter.until_ms = f.events[1500].time_ms;
      break;
    default:
      f.filter.contains = {"a", "o"};
      f.filter.types = {1};
      f.filter.outcomes = {Outcome::kForwarded};
      f.filter.until_ms = f.events[1800].time_ms;
  }
  CHECK(!f.expected().empty());
  CHECK(f.found() == f.expected());
}

TEST_CASE("a scan goes backwards as it goes forwards") {
  Fixture f;
  f.filter.types = {65};
  const auto scan = SegmentScan::open(f.row(f.bytes), f.filter);
  REQUIRE(scan.has_value());
  std::vector<size_t> backwards;
  for (auto at = scan->last_below(f.events.size()); at; at = scan->last_below(*at)) {
    backwards.insert(backwards.begin(), *at);
  }
  CHECK(backwards == f.expected());
}

TEST_CASE("matches from a place on are the rest of all matches") {
  Fixture f;
  for (const bool filtered : {false, true}) {
    if (filtered) f.filter.types = {28};
    const auto scan = SegmentScan::open(f.row(f.bytes), f.filter);
    REQUIRE(scan.has_value());
    const std::vector<uint32_t> all = scan->matches_from(0);
    const uint32_t middle = all[all.size() / 2];
    const std::vector<uint32_t> rest(all.begin() + std::ptrdiff_t(all.size() / 2), all.end());
    CHECK(scan->matches_from(middle) == rest);
    CHECK(scan->first_from(middle) == middle);
    CHECK(scan->first_from(middle + 1) == rest[1]);
    CHECK_FALSE(scan->first_from(f.events.size()).has_value());
    CHECK(scan->matches_from(f.events.size()).empty());
  }
}

TEST_CASE("dictionaries alone rule out what no entry matches") {
  Fixture f;
  const int which = GENERATE(range(0, 5));
  switch (which) {
    case 0:
      f.filter.domains = {"not-there.example"};
      break;
    case 1:
      f.filter.contains = {"nothing-like-this"};
      break;
    case 2:
      f.filter.clients = {{{Client::Kind::kV4, {9, 9, 9, 9}}, 32}};
      break;
    case 3:
      f.filter.types = {999};
      break;
    default:
      f.filter.lists = {"no-such-list"};
  }
  const auto scan = SegmentScan::open(f.row(f.bytes), f.filter);
  REQUIRE(scan.has_value());
  CHECK_FALSE(scan->any());
  CHECK_FALSE(scan->was_read());
}

TEST_CASE("what a scan does not need may be missing, and what it needs may not") {
  Fixture f;
  f.filter.contains = {"nothing-like-this"};
  const ByteView front = ByteView(f.bytes).first(f.bytes.size() * 3 / 4);
  CHECK(SegmentScan::open(f.row(front), f.filter).has_value());
  f.filter.contains.clear();
  CHECK_FALSE(SegmentScan::open(f.row(front), f.filter).has_value());
}

TEST_CASE("a damaged part is noticed by whoever reads it") {
  Fixture f;
  f.bytes.back() ^= 1;
  f.filter.contains = {"nothing-like-this"};
  CHECK(SegmentScan::open(f.row(f.bytes), f.filter).has_value());
  f.filter.contains = {"a"};
  CHECK_FALSE(SegmentScan::open(f.row(f.bytes), f.filter).has_value());
}

TEST_CASE("a row that announces another segment is not read") {
  Fixture f;
  WalkRow row = f.row(f.bytes);
  row.count += 1;
  CHECK_FALSE(SegmentScan::open(row, f.filter).has_value());
  row = f.row(f.bytes);
  row.first += 1;
  CHECK_FALSE(SegmentScan::open(row, f.filter).has_value());
  row = f.row(f.bytes);
  row.corrupt = true;
  CHECK_FALSE(SegmentScan::open(row, f.filter).has_value());
}

}  // namespace
}  // namespace weir
