// The selection of a scan against Filter::matches, event by event.
#include "query_scan.h"

#include <algorithm>
#include <map>

#include "catch.h"
#include "support/event_generator.h"
#include "support/piece_of.h"

namespace weir {
namespace {

constexpr int64_t kHourStart = 1'790'002'800'000;

// A segment, its row, and the events that are in it.
struct Fixture {
  explicit Fixture(size_t count = 10'000) {
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

  WalkRow row() const {
    WalkRow row;
    row.first = 5;
    row.count = events.size();
    row.bytes = bytes.size();
    row.data = bytes;
    return row;
  }
  // What a scan finds that gets the bytes it asks for, or whatever else `give` answers.
  struct Outcome {
    Status status;
    std::vector<size_t> indexes;
    uint64_t events_decoded = 0;
    size_t reads = 0;
    size_t bytes_read = 0;
  };
  Outcome scan(WalkRow from, SegmentScan::Wanted wanted = {}) const {
    Outcome outcome;
    SegmentScan scan(std::move(from), filter, wanted);
    while (true) {
      const auto at = scan.advance();
      outcome.events_decoded += scan.take_events_decoded();
      outcome.status = at.status();
      if (!at.ok() || *at == SegmentScan::Found::kEnd) return outcome;
      if (*at == SegmentScan::Found::kNeedsBytes) {
        std::vector<Bytes> pieces;
        for (const ByteRange& range : scan.needs()) {
          pieces.push_back(piece_of(bytes, range));
          outcome.bytes_read += pieces.back().size();
        }
        ++outcome.reads;
        scan.supply(std::move(pieces));
        continue;
      }
      for (size_t i = 0; i < scan.matches().size(); ++i) {
        const auto index = static_cast<size_t>(scan.number(i) - 5);
        outcome.indexes.push_back(index);
        REQUIRE(scan.event(i) == events[index]);
      }
    }
  }
  WalkRow row_by_ranges() const {
    WalkRow without = row();
    without.data.clear();
    return without;
  }
  std::vector<size_t> expected() const {
    std::vector<size_t> indexes;
    for (size_t i = 0; i < events.size(); ++i) {
      if (filter.matches(events[i])) indexes.push_back(i);
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
      f.filter.until_ms = f.events[5500].time_ms;
      break;
    default:
      f.filter.contains = {"a", "o"};
      f.filter.types = {1};
      f.filter.outcomes = {Outcome::kForwarded};
      f.filter.until_ms = f.events[7800].time_ms;
  }
  CHECK(!f.expected().empty());
  for (const WalkRow& row : {f.row(), f.row_by_ranges()}) {
    const Fixture::Outcome outcome = f.scan(row);
    REQUIRE(outcome.status.ok());
    CHECK(outcome.indexes == f.expected());
  }
}

TEST_CASE("downwards the chunks come in the other order, with the same matches") {
  Fixture f;
  f.filter.types = {65};
  std::vector<size_t> found =
      f.scan(f.row_by_ranges(), {.order = SegmentScan::Order::kDownwards}).indexes;
  CHECK(found.front() >= 2 * kSegmentChunkEvents);
  CHECK(found.back() < kSegmentChunkEvents);
  std::sort(found.begin(), found.end());
  CHECK(found == f.expected());
}

TEST_CASE("downwards a chunk's events are found in portions, which need few pages at first") {
  Fixture f;
  SegmentScan scan(f.row(), f.filter, {.order = SegmentScan::Order::kDownwards});
  std::vector<size_t> sizes;
  size_t next = f.events.size();
  while (*scan.advance() == SegmentScan::Found::kChunk) {
    sizes.push_back(scan.matches().size());
    for (size_t i = sizes.back(); i > 0; --i) REQUIRE(scan.event(i - 1) == f.events[--next]);
  }
  CHECK(next == 0);
  REQUIRE(sizes.size() > 3);
  CHECK(sizes[0] == 128);
  CHECK(sizes[1] == 256);
  CHECK(*std::max_element(sizes.begin(), sizes.end()) > 2000);
}

TEST_CASE("a scan keeps to the events that are asked for") {
  Fixture f;
  for (const bool filtered : {false, true}) {
    if (filtered) f.filter.types = {28};
    for (const auto& [low, high] : {std::pair(0U, 1U), {4095U, 4097U}, {5000U, 9000U}}) {
      std::vector<size_t> expected = f.expected();
      std::erase_if(expected, [&](size_t i) { return i < low || i >= high; });
      CHECK(f.scan(f.row(), {.low = low, .high = high}).indexes == expected);
    }
    CHECK(f.scan(f.row(), {.low = 7, .high = 7}).indexes.empty());
  }
}

TEST_CASE("a rare name costs the chunk that it is in") {
  Fixture f;
  std::map<std::string_view, std::vector<size_t>> places;
  for (size_t i = 0; i < f.events.size(); ++i) places[f.events[i].qname].push_back(i);
  const auto once = std::find_if(places.begin(), places.end(),
                                 [](const auto& place) { return place.second.size() == 1; });
  REQUIRE(once != places.end());
  f.filter.domains = {std::string(once->first)};
  const Fixture::Outcome outcome = f.scan(f.row_by_ranges());
  CHECK(outcome.indexes == once->second);
  CHECK(outcome.events_decoded <= kSegmentChunkEvents);
  CHECK(outcome.bytes_read < f.bytes.size());
  CHECK(outcome.reads <= 3);  // the bloom filter, the dictionaries, the chunk
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
  const Fixture::Outcome outcome = f.scan(f.row_by_ranges());
  CHECK(outcome.status.ok());
  CHECK(outcome.indexes.empty());
  CHECK(outcome.events_decoded == 0);
}

TEST_CASE("a damaged part is noticed by whoever reads it") {
  Fixture f;
  f.bytes.back() ^= 1;
  f.filter.contains = {"nothing-like-this"};
  CHECK(f.scan(f.row()).status.ok());
  f.filter.contains = {"a"};
  CHECK(f.scan(f.row()).status.code() == Code::kCorrupt);
  CHECK(f.scan(f.row_by_ranges()).status.code() == Code::kCorrupt);
}

TEST_CASE("bytes that are not there end the scan") {
  Fixture f;
  const Bytes whole = f.bytes;
  for (size_t left = 0; left < whole.size(); left += 1 + left / 8) {
    f.bytes.resize(left);
    WalkRow row = f.row_by_ranges();
    row.bytes = whole.size();
    CHECK(f.scan(row).status.code() == Code::kCorrupt);
    f.bytes = whole;
  }
}

TEST_CASE("a row that announces another segment, or has no bytes, is not read") {
  Fixture f;
  WalkRow row = f.row();
  row.count += 1;
  CHECK_FALSE(f.scan(row).status.ok());
  row = f.row();
  row.first += 1;
  CHECK_FALSE(f.scan(row).status.ok());
  row = f.row();
  row.corrupt = true;
  CHECK_FALSE(f.scan(row).status.ok());
  row = f.row_by_ranges();
  row.bytes = 0;
  CHECK_FALSE(f.scan(row).status.ok());
}

}  // namespace
}  // namespace weir
