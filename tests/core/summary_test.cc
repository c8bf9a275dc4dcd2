#include "weir/summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "bytes.h"
#include "catch.h"
#include "segment_events.h"
#include "support/event_generator.h"

namespace weir {
namespace {

constexpr int64_t kHourStart = 1'790'002'800'000;
constexpr int64_t kDayStart = kHourStart - kHourStart % kDayMs;

EventGenerator generator_with(uint64_t seed, uint64_t events_per_second = 20) {
  EventGenerator::Options options;
  options.seed = seed;
  options.start_ms = kHourStart;
  options.events_per_second = events_per_second;
  return EventGenerator(options);
}

Event plain_event() {
  Event event;
  event.time_ms = kHourStart;
  event.qname = "example.com";
  return event;
}

SegmentReader segment_of(const std::vector<Event>& events, Bytes* bytes) {
  SegmentBuilder builder;
  for (const Event& event : events) REQUIRE(builder.add(event).ok());
  *bytes = builder.encode({});
  return std::move(SegmentReader::open(*bytes)).value();
}

void add_segment(const SegmentReader& segment, Summary* summary) {
  for_each_chunk(segment, 0, ColumnSet::all(), [&](const SegmentChunk& chunk, size_t) {
    summary->add(segment, chunk, indexes(0, chunk.count));
    return true;
  });
  summary->finish(segment);
}

TEST_CASE("an empty summary says so") {
  const Summary summary(Summary::Span::kHour, kHourStart);
  Latency latency;
  CHECK(summary.empty());
  CHECK(summary.unique_names() == 0);
  CHECK_FALSE(summary.latency(&latency));
  CHECK(summary.top(Summary::Top::kNames, 10).empty());
  CHECK(summary.series_size() == 60);
  CHECK(Summary::decode(summary.encode(kHourRollupBytesMax))->empty());
}

TEST_CASE("counts, series, lists and latency agree with exact counting") {
  auto generator = generator_with(1, 5);
  Summary summary(Summary::Span::kHour, kHourStart);
  std::array<uint64_t, kOutcomeCount> outcomes{};
  std::map<uint16_t, uint64_t> types;
  std::map<uint16_t, uint64_t> rcodes;
  std::map<int64_t, uint64_t> minutes;
  std::map<std::string, uint64_t> clients;
  std::set<std::string> names;
  std::vector<uint32_t> durations;
  for (int i = 0; i < 10'000; ++i) {
    const Event event = generator.next();
    summary.add(event);
    ++outcomes[static_cast<size_t>(event.outcome)];
    ++types[event.qtype];
    ++rcodes[event.rcode];
    ++minutes[(event.time_ms - kHourStart) / kMinuteMs];
    ++clients[client_text(event.client)];
    names.emplace(event.qname);
    durations.push_back(event.duration_us);
  }
  CHECK(summary.counts().by_outcome == outcomes);
  CHECK(summary.types() == std::vector<std::pair<uint16_t, uint64_t>>(types.begin(), types.end()));
  CHECK(summary.rcodes() ==
        std::vector<std::pair<uint16_t, uint64_t>>(rcodes.begin(), rcodes.end()));
  for (size_t i = 0; i < 60; ++i) {
    CHECK(summary.series(i).total() == minutes[static_cast<int64_t>(i)]);
  }
  CHECK(summary.unique_clients() == clients.size());
  const auto exact_names = static_cast<double>(names.size());
  CHECK(std::abs(static_cast<double>(summary.unique_names()) - exact_names) < exact_names * 0.05);
  for (const TopEntry& entry : summary.top(Summary::Top::kClients, 100)) {
    CHECK(entry.count == clients[entry.key]);
    CHECK(entry.error == 0);
  }
  std::sort(durations.begin(), durations.end());
  Latency latency;
  REQUIRE(summary.latency(&latency));
  for (const auto& [estimate, rank] : {std::pair{latency.p50, 5000U}, std::pair{latency.p95, 9500U},
                                       std::pair{latency.p99, 9900U}}) {
    const double exact = durations[rank - 1];
    CHECK(std::abs(static_cast<double>(estimate) - exact) <= exact / 32);
  }
}

TEST_CASE("counting a segment is counting its events") {
  auto generator = generator_with(2);
  std::vector<Event> events;
  Summary by_event(Summary::Span::kHour, kHourStart);
  for (int i = 0; i < 20'000; ++i) {
    events.push_back(generator.next());
    by_event.add(events.back());
  }
  Bytes bytes;
  Summary by_segment(Summary::Span::kHour, kHourStart);
  add_segment(segment_of(events, &bytes), &by_segment);
  CHECK(by_segment.counts() == by_event.counts());
  CHECK(by_segment.unique_names() == by_event.unique_names());
  CHECK(by_segment.types() == by_event.types());
  CHECK(by_segment.rcodes() == by_event.rcodes());
  CHECK(by_segment.transports() == by_event.transports());
  for (size_t i = 0; i < 60; ++i) CHECK(by_segment.series(i) == by_event.series(i));
  for (const auto which : {Summary::Top::kUpstreams, Summary::Top::kLists, Summary::Top::kTypes}) {
    const auto left = by_segment.top(which, 10);
    const auto right = by_event.top(which, 10);
    REQUIRE(left.size() == right.size());
    for (size_t i = 0; i < left.size(); ++i) {
      CHECK(left[i].key == right[i].key);
      CHECK(left[i].count == right[i].count);
    }
  }
}

TEST_CASE("what is discarded of a segment was never counted") {
  auto generator = generator_with(3);
  std::vector<Event> events;
  while (events.size() < 6000) events.push_back(generator.next());
  Bytes bytes;
  const SegmentReader segment = segment_of(events, &bytes);
  Summary once(Summary::Span::kHour, kHourStart);
  add_segment(segment, &once);
  Summary again = once;
  SegmentChunk chunk;
  REQUIRE(segment.load_chunk(1, ColumnSet::all(), &chunk).ok());
  again.add(segment, chunk, indexes(0, chunk.count));
  again.discard();
  CHECK(again.encode(kHourRollupBytesMax) == once.encode(kHourRollupBytesMax));
}

// Each segment has names that those before it have not, in front, between and behind; the names of
// a merged summary come in another order.
TEST_CASE("counting many segments is counting their events, also after a merge") {
  Summary by_event(Summary::Span::kAny, kHourStart);
  Summary by_segment(Summary::Span::kAny, kHourStart);
  Summary merged(Summary::Span::kAny, kHourStart);
  uint32_t random = 1;
  for (size_t segment = 0; segment < 12; ++segment) {
    std::vector<Event> events;
    std::vector<std::string> names;
    for (size_t i = 0; i < 600; ++i) {
      random = random * 1664525 + 1013904223;
      names.push_back(std::to_string(random >> 23) + (random % 3 == 0 ? ".net" : ".example.com"));
    }
    for (const std::string& name : names) {
      events.push_back(plain_event());
      events.back().qname = name;
      by_event.add(events.back());
      if (segment == 6) merged.add(events.back());
    }
    Bytes bytes;
    if (segment == 6) {
      by_segment.merge(merged);
    } else {
      add_segment(segment_of(events, &bytes), &by_segment);
    }
  }
  CHECK(by_segment.unique_names() == by_event.unique_names());
  const auto names = by_event.top(Summary::Top::kNames, 2000);
  CHECK(names.size() > 900);
  const auto same = [](const TopEntry& left, const TopEntry& right) {
    return left.key == right.key && left.count == right.count && left.error == right.error;
  };
  CHECK(std::ranges::equal(by_segment.top(Summary::Top::kNames, 2000), names, same));
}

TEST_CASE("counting some events of a segment is counting these events") {
  EventGenerator generator({.seed = 9, .names = {}, .made_names = 300, .start_ms = kHourStart});
  SegmentBuilder builder;
  Summary one_by_one(Summary::Span::kHour, kHourStart);
  std::vector<uint32_t> some;
  for (uint32_t i = 0; i < 6000; ++i) {
    const Event event = generator.next();
    REQUIRE(builder.add(event).ok());
    if (i % 7 != 3 && i > 500) continue;
    some.push_back(i);
    one_by_one.add(event);
  }
  const Bytes bytes = builder.encode({});
  const auto reader = SegmentReader::open(bytes);
  REQUIRE(reader.ok());
  Summary at_once(Summary::Span::kHour, kHourStart);
  for_each_chunk(*reader, 0, ColumnSet::all(), [&](const SegmentChunk& chunk, size_t) {
    std::vector<uint32_t> part;
    for (const uint32_t i : some) {
      if (i / kSegmentChunkEvents == chunk.index) part.push_back(i % kSegmentChunkEvents);
    }
    at_once.add(*reader, chunk, part);
    return true;
  });
  at_once.finish(*reader);
  CHECK(at_once.encode(kHourRollupBytesMax) == one_by_one.encode(kHourRollupBytesMax));
}

TEST_CASE("what a chunk's columns do not tell is not counted") {
  auto generator = generator_with(4);
  std::vector<Event> events;
  for (int i = 0; i < 5000; ++i) events.push_back(generator.next());
  Bytes bytes;
  const SegmentReader reader = segment_of(events, &bytes);
  Summary whole;
  add_segment(reader, &whole);
  Summary names;
  for_each_chunk(reader, 0, {Column::kQuestions}, [&](const SegmentChunk& chunk, size_t) {
    names.add(reader, chunk, indexes(0, chunk.count));
    return true;
  });
  names.finish(reader);
  CHECK(names.unique_names() == whole.unique_names());
  CHECK(names.top(Summary::Top::kNames, 1)[0].count == whole.top(Summary::Top::kNames, 1)[0].count);
  CHECK(names.counts().total() == 0);
  CHECK(names.unique_clients() == 0);
}

TEST_CASE("questions that are left out at the end were never counted") {
  auto generator = generator_with(5);
  std::vector<Event> events;
  while (events.size() < 6000) events.push_back(generator.next());
  Bytes bytes;
  const SegmentReader reader = segment_of(events, &bytes);
  std::vector<uint8_t> kept(reader.question_count());
  for (size_t i = 0; i < kept.size(); i += 3) kept[i] = 1;
  Summary by_question, by_event;
  for_each_chunk(reader, 0, {Column::kQuestions}, [&](const SegmentChunk& chunk, size_t) {
    by_question.add(reader, chunk, indexes(0, chunk.count));
    std::vector<uint32_t> some = indexes(0, chunk.count);
    std::erase_if(some, [&](uint32_t i) { return kept[chunk.questions[i]] == 0; });
    by_event.add(reader, chunk, some);
    return true;
  });
  by_question.finish(reader, kept);
  by_event.finish(reader);
  CHECK(by_question.encode(kHourRollupBytesMax) == by_event.encode(kHourRollupBytesMax));
  CHECK_FALSE(by_event.types().empty());
}

TEST_CASE("any grouping and order of merges gives the same bytes") {
  auto generator = generator_with(3, 60);
  std::vector<Event> events;
  Summary whole(Summary::Span::kDay, kDayStart);
  for (int i = 0; i < 4000; ++i) {
    Event event = generator.next();
    // So few names that no top list overflows: then those are exact too, and all bytes are equal.
    event.qname = generator.names()[static_cast<size_t>(i) % kTopKeysMin];
    events.push_back(event);
    whole.add(event);
  }
  const Bytes expected = whole.encode(kDayRollupBytesMax);
  TestRandom random(4);
  for (int round = 0; round < 100; ++round) {
    std::vector<Summary> parts;
    for (uint64_t i = 0; i <= random.below(9); ++i) {
      parts.push_back(random.chance(2) ? Summary(Summary::Span::kDay, kDayStart)
                                       : Summary(Summary::Span::kHour, kHourStart));
    }
    parts.emplace_back(Summary::Span::kDay, kDayStart);
    for (const Event& event : events) parts[random.below(parts.size())].add(event);
    while (parts.size() > 1) {
      const size_t from = random.below(parts.size() - 1);
      const Summary taken = *Summary::decode(parts[from].encode(kDayRollupBytesMax));
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(from));
      parts.back().merge(taken);
    }
    REQUIRE((parts[0].encode(kDayRollupBytesMax) == expected));
  }
}

TEST_CASE("top names keep their bounds through storage and merging into a day") {
  std::map<std::string, uint64_t, std::less<>> exact;
  Summary day(Summary::Span::kDay, kDayStart);
  for (uint64_t hour = 0; hour < 24; ++hour) {
    auto generator = generator_with(hour + 10, 1000);
    Summary summary(Summary::Span::kHour, kDayStart + static_cast<int64_t>(hour) * kHourMs);
    for (int i = 0; i < 5000; ++i) {
      const Event event = generator.next();
      summary.add(event);
      auto [at, added] = exact.emplace(event.qname, 0);
      ++at->second;
    }
    const Bytes stored = summary.encode(kHourRollupBytesMax);
    REQUIRE(stored.size() <= kHourRollupBytesMax);
    day.merge(*Summary::decode(stored));
  }
  const Bytes stored = day.encode(kDayRollupBytesMax);
  CHECK(stored.size() <= kDayRollupBytesMax);
  const Summary read = *Summary::decode(stored);
  const auto top = read.top(Summary::Top::kNames, kTopKeysMax);
  REQUIRE(top.size() >= 20);
  std::set<std::string> shown;
  for (const TopEntry& entry : top) {
    REQUIRE(entry.count >= exact[entry.key]);
    REQUIRE(entry.count - entry.error <= exact[entry.key]);
    shown.insert(entry.key);
  }
  for (const auto& [name, count] : exact) {
    if (!shown.contains(name)) REQUIRE(count <= read.top_floor(Summary::Top::kNames));
  }
}

TEST_CASE("an hour of a million events and names fits its bound") {
  Summary summary(Summary::Span::kHour, kHourStart);
  TestRandom random(5);
  std::array<char, 32> buffer;
  for (int i = 0; i < 1'000'000; ++i) {
    Event event = plain_event();
    event.time_ms += static_cast<int64_t>(random.below(kHourMs));
    event.duration_us = static_cast<uint32_t>(random.next() >> (32 + random.below(32)));
    event.qtype = static_cast<uint16_t>(random.next());
    event.rcode = static_cast<uint16_t>(random.below(4096));
    event.outcome = static_cast<Outcome>(random.below(kOutcomeCount));
    event.client.kind = Client::Kind::kV4;
    store_le(event.client.bytes.data(), static_cast<uint32_t>(random.next()));
    const std::string name = std::to_string(random.next()) + ".example";
    std::copy(name.begin(), name.end(), buffer.begin());
    event.qname = std::string_view(buffer.data(), name.size());
    summary.add(event);
  }
  const Bytes stored = summary.encode(kHourRollupBytesMax);
  CHECK(stored.size() <= kHourRollupBytesMax);
  CHECK(stored.size() > kHourRollupBytesMax - 512);  // the lists fill what is left
  CHECK(Summary::decode(stored)->counts() == summary.counts());
}

TEST_CASE("times outside the span are counted at its nearest end") {
  Summary summary(Summary::Span::kHour, kHourStart);
  Event event = plain_event();
  event.time_ms = kHourStart - 1;
  summary.add(event);
  event.time_ms = kHourStart - 2 * kDayMs;
  summary.add(event);
  event.time_ms = kHourStart + kHourMs;
  summary.add(event);
  CHECK(summary.series(0).total() == 2);
  CHECK(summary.series(59).total() == 1);
}

TEST_CASE("an hour is folded into its bucket of the day") {
  Summary hour(Summary::Span::kHour, kHourStart);
  Event event = plain_event();
  event.time_ms = kHourStart + kHourMs - 1;
  hour.add(event);
  Summary day(Summary::Span::kDay, kDayStart);
  day.merge(hour);
  const auto bucket = static_cast<size_t>((kHourStart - kDayStart) / kHourMs);
  CHECK(day.series(bucket).total() == 1);
  CHECK(day.counts().total() == 1);
}

TEST_CASE("numbers that are not in use are counted together") {
  Summary summary;
  Event event = plain_event();
  for (const uint16_t type :
       {uint16_t{1}, uint16_t{65}, uint16_t{255}, uint16_t{1234}, uint16_t{65534}}) {
    event.qtype = type;
    event.rcode = type & 0xfff;
    summary.add(event);
  }
  using Pairs = std::vector<std::pair<uint16_t, uint64_t>>;
  CHECK(summary.types() == Pairs{{1, 1}, {65, 1}, {255, 1}, {Summary::kOther, 2}});
  CHECK(summary.rcodes() == Pairs{{1, 1}, {Summary::kOther, 4}});
  const auto top = summary.top(Summary::Top::kTypes, 2);
  REQUIRE(top.size() == 2);
  CHECK(top[0].key == "other");
  CHECK(top[0].count == 2);
  CHECK(top[1].key == "A");
}

TEST_CASE("clients without an address are no client") {
  Summary summary;
  summary.add(plain_event());
  CHECK(summary.unique_clients() == 0);
  CHECK(summary.top(Summary::Top::kClients, 10).empty());
}

TEST_CASE("top lists that are not asked for are neither read nor merged nor counted") {
  auto generator = generator_with(8);
  std::vector<Event> events;
  Summary hour(Summary::Span::kHour, kHourStart);
  for (int i = 0; i < 500; ++i) hour.add(events.emplace_back(generator.next()));
  Bytes stored = hour.encode(kHourRollupBytesMax);
  const Summary all = *Summary::decode(stored);
  using Top = Summary::Top;
  for (const Top which : {Top::kNames, Top::kBlockedNames, Top::kClients, Top::kLists}) {
    Summary read(Summary::Span::kAny, 0, which);
    read.merge(*Summary::decode(stored, which));
    Summary counted(Summary::Span::kAny, 0, which);
    for (const Event& event : events) counted.add(event);
    CHECK(read.unique_names() == all.unique_names());
    CHECK(read.counts() == all.counts());
    for (const Top other : {Top::kNames, Top::kBlockedNames, Top::kClients, Top::kLists}) {
      const size_t expected = other == which ? all.top(other, 3).size() : 0;
      CHECK(read.top(other, 3).size() == expected);
      CHECK(counted.top(other, 3).size() == expected);
    }
    CHECK(read.top(which, 1).front().key == all.top(which, 1).front().key);
  }
  stored.back() ^= 1;  // the checksum of the last list
  CHECK_FALSE(Summary::decode(stored).ok());
  CHECK(Summary::decode(stored, Summary::TopSet()).ok());
  CHECK_FALSE(Summary::decode(stored, Top::kLists).ok());
}

TEST_CASE("a scan counts names exactly up to its bound, and honestly beyond") {
  Event event = plain_event();
  for (const size_t names : {2 * kScanKeysMax - 1, 2 * kScanKeysMax}) {
    Summary scan;
    for (size_t i = 0; i < names; ++i) {
      const std::string name = std::to_string(i);
      event.qname = name;
      scan.add(event);
    }
    event.qname = "one more";
    scan.add(event);
    scan.add(event);
    const bool exact = names < 2 * kScanKeysMax;
    const TopEntry first = scan.top(Summary::Top::kNames, 1).front();
    CHECK(first.key == "one more");
    CHECK(first.count - first.error <= 2);
    CHECK(first.count >= 2);
    CHECK(scan.top_floor(Summary::Top::kNames) == (exact ? 0 : 1));
  }
}

// What is known of where names stand in the list is of no use once others have their numbers, even
// if there are as many again.
TEST_CASE("a segment is counted rightly after the list of names was pruned and is as long again") {
  const auto names = [](size_t count, const std::string& prefix) {
    std::vector<std::string> all;
    for (size_t i = 0; i < count; ++i) all.push_back(prefix + std::to_string(i));
    return all;
  };
  const auto add = [](const std::string& name, Summary* summary) {
    Event event = plain_event();
    event.qname = name;
    summary->add(event);
  };
  constexpr size_t kSegmentNames = 4096;
  constexpr size_t kNames = kScanKeysMax * 3 / 2;
  std::vector<Event> events(kNames, plain_event());
  const std::vector<std::string> long_names = names(kNames, std::string(50, 'z'));
  for (size_t i = 0; i < kNames; ++i) events[i].qname = long_names[i];
  const auto part = [&](size_t begin, size_t count) {
    const auto from = events.begin() + static_cast<std::ptrdiff_t>(begin);
    return std::vector<Event>(from, from + static_cast<std::ptrdiff_t>(count));
  };
  Bytes bytes;
  Summary scan;
  for (size_t at = 0; at < kNames; at += kSegmentNames) {
    add_segment(segment_of(part(at, kSegmentNames), &bytes), &scan);
  }
  // Until the list is pruned, of which the first names in the alphabet stay, and until it is full.
  const size_t until_pruned = 2 * kScanKeysMax + 1 - kNames;
  const size_t until_as_long = kNames - kScanKeysMax;
  for (const std::string& name : names(until_pruned + until_as_long, "a")) add(name, &scan);

  for (int i = 0; i < 3; ++i) add_segment(segment_of(part(kNames - 3, 3), &bytes), &scan);
  for (const TopEntry& entry : scan.top(Summary::Top::kNames, 3)) {
    CHECK(entry.key.front() == 'z');
    CHECK(entry.count - entry.error == 3);
  }
}

TEST_CASE("copies are independent") {
  Summary one;
  one.add(plain_event());
  Summary two = one;
  two.add(plain_event());
  CHECK(one.counts().total() == 1);
  CHECK(two.counts().total() == 2);
  one = two;
  CHECK(one.counts().total() == 2);
}

TEST_CASE("a flipped bit or a cut anywhere in a summary is found") {
  auto generator = generator_with(7);
  Summary summary(Summary::Span::kHour, kHourStart);
  for (int i = 0; i < 30; ++i) summary.add(generator.next());
  const Bytes bytes = summary.encode(kHourRollupBytesMax);
  REQUIRE(Summary::decode(bytes).ok());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    REQUIRE_FALSE(Summary::decode(damaged).ok());
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_FALSE(Summary::decode(ByteView(bytes).first(size)).ok());
  }
}

TEST_CASE("a newer summary is unsupported, one that does not add up is corrupt") {
  Summary summary;
  summary.add(plain_event());
  Bytes bytes = summary.encode(kDayRollupBytesMax);
  bytes[0] = 2;
  CHECK(Summary::decode(bytes).status().code() == Code::kUnsupported);
  bytes[0] = 0;
  CHECK(Summary::decode(bytes).status().code() == Code::kCorrupt);
  bytes[0] = 1;
  const size_t length = bytes[1];  // of what stands before the lists
  bytes[4] = 2;                    // forwarded events, after span and start
  store_le(bytes.data() + 2 + length, crc32c(ByteView(bytes).subspan(2, length)));
  CHECK(Summary::decode(bytes).status().message() == "a summary does not add up");
}

}  // namespace
}  // namespace weir
