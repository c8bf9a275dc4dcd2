#include "weir/segment.h"

#include <set>

#include "bytes.h"
#include "catch.h"
#include "page_index.h"
#include "question_page.h"
#include "support/event_generator.h"
#include "support/resealed.h"

namespace weir {
namespace {

const LogId kLog = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
constexpr int64_t kHourStart = 1'790'002'800'000;
static_assert(kHourStart % 3'600'000 == 0);

SegmentBuilder::Options options_at(uint64_t first) {
  return {.log = kLog, .first = first, .open = false, .ledger = {}};
}

EventGenerator generator_at_hour(uint64_t seed) {
  EventGenerator::Options options;
  options.seed = seed;
  options.start_ms = kHourStart;
  return EventGenerator(options);
}

Event plain_event(int64_t time_ms = kHourStart) {
  Event event;
  event.time_ms = time_ms;
  event.qname = "example.com";
  event.qtype = 1;
  return event;
}

void check_reads_back(const std::vector<Event>& events, ByteView segment) {
  const auto reader = SegmentReader::open(segment);
  REQUIRE(reader.ok());
  REQUIRE(reader->count() == events.size());
  for (size_t i = 0; i < events.size(); ++i) REQUIRE(reader->event(i) == events[i]);
}

TEST_CASE("events of every count around a block read back as they were added") {
  auto generator = generator_at_hour(1);
  std::vector<Event> events;
  SegmentBuilder builder;
  for (const size_t count : {1U, 2U, 127U, 128U, 129U, 511U, 512U, 513U, 5000U}) {
    while (events.size() < count) {
      events.push_back(generator.next());
      REQUIRE(builder.add(events.back()).ok());
    }
    check_reads_back(events, builder.encode(options_at(7)));
  }
}

TEST_CASE("the head tells numbers, times, outcomes and the ledger") {
  SegmentBuilder builder;
  Event event = plain_event(kHourStart + 500);
  REQUIRE(builder.add(event).ok());
  event.time_ms = kHourStart + 100;
  event.outcome = Outcome::kBlocked;
  REQUIRE(builder.add(event).ok());
  auto options = options_at(41);
  options.open = true;
  options.ledger = {.offered = 100, .collapsed = 2, .dropped = {1, 2, 3, 4, 5}};
  const Bytes segment = builder.encode(options);
  const SegmentHead head = *read_segment_head(segment);
  CHECK(head.version == 1);
  CHECK(head.kind == SegmentKind::kEvents);
  CHECK(head.open);
  CHECK(head.log == kLog);
  CHECK(head.first == 41);
  CHECK(head.count == 2);
  CHECK(head.end() == 43);
  CHECK(head.first_ms == kHourStart + 100);
  CHECK(head.last_ms == kHourStart + 500);
  CHECK(head.outcomes[static_cast<size_t>(Outcome::kForwarded)] == 1);
  CHECK(head.outcomes[static_cast<size_t>(Outcome::kBlocked)] == 1);
  CHECK(head.ledger == options.ledger);
  CHECK(head.total_bytes == segment.size());
}

TEST_CASE("fields at their bounds round-trip") {
  std::string longest_label;
  for (int i = 0; i < 63; ++i) longest_label += "\\255";
  const std::string longest_name = longest_label + "." + longest_label + "." + longest_label + ".a";
  const std::string longest_string(kEventStringBytesMax, '\xff');
  Event least = plain_event(kHourStart);
  least.qname = ".";
  least.qtype = 0;
  Event most = plain_event(kHourStart + 3'599'999);
  most.client.kind = Client::Kind::kPseudonym;
  std::fill_n(most.client.bytes.begin(), 8, uint8_t{0xff});
  most.transport = Transport::kDoh;
  most.outcome = Outcome::kFailed;
  most.ad = true;
  most.qtype = 0xffff;
  most.rcode = 0xfff;
  most.duration_us = UINT32_MAX;
  most.response_size = kMessageBytesMax;
  most.qname = longest_name;
  most.list = longest_string;
  most.upstream = longest_string;
  std::vector<Event> events;
  SegmentBuilder builder;
  for (int i = 0; i < 300; ++i) {
    events.push_back(i % 7 == 3 ? most : least);
    REQUIRE(builder.add(events.back()).ok());
  }
  check_reads_back(events, builder.encode(options_at(kEventNumberMax - 299)));
}

TEST_CASE("a builder refuses another hour and a bad event, and is unchanged") {
  SegmentBuilder builder;
  REQUIRE(builder.add(plain_event(kHourStart + 3'599'999)).ok());
  const Bytes before = builder.encode(options_at(0));
  CHECK(builder.add(plain_event(kHourStart + 3'600'000)).code() == Code::kConflict);
  CHECK(builder.add(plain_event(kHourStart - 1)).code() == Code::kConflict);
  Event bad = plain_event();
  bad.qname = "Upper.example";
  CHECK(builder.add(bad).code() == Code::kInvalid);
  CHECK(builder.encode(options_at(0)) == before);
}

TEST_CASE("a builder is full at the most events of a segment") {
  SegmentBuilder builder;
  const Event event = plain_event();
  for (size_t i = 0; i < kSegmentEventsMax; ++i) REQUIRE(builder.add(event).ok());
  CHECK(builder.add(event).code() == Code::kFull);
  const Bytes segment = builder.encode(options_at(0));
  CHECK(SegmentReader::open(segment)->count() == kSegmentEventsMax);
}

TEST_CASE("a builder of long distinct names is full before a segment is too large") {
  SegmentBuilder builder;
  Event event = plain_event();
  const std::string label(62, 'x');
  Status status;
  for (uint64_t i = 0; status.ok(); ++i) {
    const std::string name = std::to_string(i) + "." + label + "." + label + "." + label;
    event.qname = name;
    status = builder.add(event);
  }
  CHECK(status.code() == Code::kFull);
  CHECK(builder.count() > 100'000);
  const Bytes segment = builder.encode(options_at(0));
  CHECK(segment.size() <= kSegmentBytesMax);
  CHECK(SegmentReader::open(segment).ok());
}

TEST_CASE("a cleared builder starts over") {
  SegmentBuilder builder;
  REQUIRE(builder.add(plain_event()).ok());
  const Bytes first = builder.encode(options_at(0));
  builder.clear();
  CHECK(builder.empty());
  REQUIRE(builder.add(plain_event()).ok());
  CHECK(builder.encode(options_at(0)) == first);
}

TEST_CASE("the estimate is never below the encoded size") {
  for (const size_t names : {1U, 100U, 20'000U}) {
    EventGenerator::Options options;
    options.start_ms = kHourStart;
    options.made_names = names;
    EventGenerator generator(options);
    SegmentBuilder builder;
    for (size_t count = 1; count <= 20'000; ++count) {
      REQUIRE(builder.add(generator.next()).ok());
      if (count % 1999 != 1) continue;
      const size_t encoded = builder.encode(options_at(0)).size();
      CHECK(encoded <= builder.bytes_estimate());
      if (count > 10'000) CHECK(builder.bytes_estimate() < 2 * encoded);
    }
  }
}

TEST_CASE("the content depends on the events alone") {
  auto generator = generator_at_hour(3);
  SegmentBuilder builder;
  for (int i = 0; i < 1000; ++i) REQUIRE(builder.add(generator.next()).ok());
  const SegmentHead one = *read_segment_head(builder.encode(options_at(0)));
  const SegmentBuilder::Options other = {
      .log = {{9}}, .first = 1'000'000, .open = true, .ledger = {.offered = 5}};
  const Bytes rewritten_by_builder = builder.encode(other);
  const SegmentHead two = *read_segment_head(rewritten_by_builder);
  CHECK(one.content_crc == two.content_crc);
  CHECK(one.head_bytes != two.head_bytes);

  const Bytes rewritten = *rewrite_segment_head(builder.encode(options_at(0)), other);
  CHECK(rewritten == rewritten_by_builder);
}

// What `builder` is after the segments that these events make, `size` each, were added.
void add_in_segments(std::span<const Event> events, size_t size, SegmentBuilder* builder) {
  for (; !events.empty(); events = events.subspan(std::min(size, events.size()))) {
    SegmentBuilder part;
    for (const Event& event : events.first(std::min(size, events.size()))) {
      REQUIRE(part.add(event).ok());
    }
    const Bytes bytes = part.encode(options_at(0));
    const auto reader = SegmentReader::open(bytes);
    REQUIRE(reader.ok());
    REQUIRE(builder->add(*reader).ok());
  }
}

// Adds the generator's next `count` events to an empty builder. Their texts are the generator's.
std::vector<Event> filled(EventGenerator& generator, size_t count, SegmentBuilder* builder) {
  std::vector<Event> events;
  while (events.size() < count) {
    events.push_back(generator.next());
    REQUIRE(builder->add(events.back()).ok());
  }
  return events;
}

TEST_CASE("a builder gives its events back as they were added") {
  auto generator = generator_at_hour(6);
  SegmentBuilder builder;
  const std::vector<Event> events = filled(generator, 3000, &builder);
  for (size_t i = 0; i < events.size(); ++i) REQUIRE(builder.event(i) == events[i]);
}

TEST_CASE("segments added to a builder are their events added one by one") {
  auto generator = generator_at_hour(5);
  SegmentBuilder expected;
  const std::vector<Event> events = filled(generator, 9000, &expected);
  for (const size_t size : {1U, 700U, 4096U, 9000U}) {
    SegmentBuilder builder;
    add_in_segments(events, size, &builder);
    CHECK(builder.count() == events.size());
    const Bytes segment = builder.encode(options_at(7));
    CHECK(segment == expected.encode(options_at(7)));
    CHECK(builder.bytes_estimate() >= segment.size());
  }
}

TEST_CASE("a segment that does not fit a builder leaves it as it was") {
  SegmentBuilder builder;
  REQUIRE(builder.add(plain_event()).ok());
  SegmentBuilder later;
  REQUIRE(later.add(plain_event(kHourStart + kHourMs)).ok());
  const Bytes other_hour = later.encode(options_at(0));
  CHECK(builder.add(*SegmentReader::open(other_hour)).code() == Code::kConflict);
  SegmentBuilder full;
  while (full.count() < kSegmentEventsMax) REQUIRE(full.add(plain_event()).ok());
  const Bytes most = full.encode(options_at(0));
  CHECK(builder.add(*SegmentReader::open(most)).code() == Code::kFull);
  CHECK(builder.count() == 1);
  check_reads_back({plain_event()}, builder.encode(options_at(7)));
}

TEST_CASE("a segment encoded in parts is the same") {
  auto generator = generator_at_hour(6);
  SegmentBuilder builder;
  while (builder.count() < 20'000) REQUIRE(builder.add(generator.next()).ok());
  SegmentBuilder::Encoding encoding = builder.start_encoding(options_at(7));
  size_t parts = 1;
  while (encoding.step()) ++parts;
  CHECK(parts > 4);
  CHECK(encoding.segment() == builder.encode(options_at(7)));
}

TEST_CASE("events that differ in time alone have different content") {
  SegmentBuilder early;
  SegmentBuilder late;
  REQUIRE(early.add(plain_event(kHourStart)).ok());
  REQUIRE(late.add(plain_event(kHourStart + 1)).ok());
  CHECK(read_segment_head(early.encode(options_at(0)))->content_crc !=
        read_segment_head(late.encode(options_at(0)))->content_crc);
}

TEST_CASE("a rewritten head must fit the numbers, and the segment its checksum") {
  SegmentBuilder builder;
  REQUIRE(builder.add(plain_event()).ok());
  Bytes segment = builder.encode(options_at(0));
  CHECK(rewrite_segment_head(segment, options_at(kEventNumberMax)).ok());
  CHECK(rewrite_segment_head(segment, options_at(kEventNumberMax + 1)).status().code() ==
        Code::kInvalid);
  segment.back() ^= 1;
  CHECK(rewrite_segment_head(segment, options_at(0)).status().code() == Code::kCorrupt);
}

TEST_CASE("a gap has a head only") {
  const LedgerCounters ledger = {.offered = 9, .collapsed = 0, .dropped = {}};
  const Bytes gap = encode_gap(kLog, 10, 5'000'000, GapReason::kRejected, kHourStart, ledger);
  const auto reader = SegmentReader::open(gap);
  REQUIRE(reader.ok());
  CHECK(reader->count() == 0);
  CHECK_FALSE(reader->may_contain_name("example.com"));
  CHECK(reader->head().kind == SegmentKind::kGap);
  CHECK(reader->head().gap_reason == GapReason::kRejected);
  CHECK(reader->head().first == 10);
  CHECK(reader->head().end() == 5'000'000);
  CHECK(reader->head().first_ms == kHourStart);
  CHECK(reader->head().ledger == ledger);
  CHECK(reader->head().total_bytes == gap.size());
}

// The questions of a name, by way of the index.
std::vector<size_t> questions_of(const SegmentReader& reader, std::string_view name) {
  std::vector<size_t> found;
  const auto [first, end] = reader.pages().pages_of_name(name);
  for (size_t i = first * kPageQuestions;
       i < std::min(end * kPageQuestions, reader.question_count()); ++i) {
    if (reader.question(i).name == name) found.push_back(i);
  }
  return found;
}

void add_chunks(const SegmentReader& reader, size_t question, SegmentReader::ChunkSet* chunks) {
  reader.page(question / kPageQuestions).add_chunks(question % kPageQuestions, chunks);
}

TEST_CASE("names are found exactly, with and without the bloom filter") {
  for (const int count : {100, 3000}) {
    auto generator = generator_at_hour(5);
    SegmentBuilder builder;
    std::set<std::string_view> names;
    for (int i = 0; i < count; ++i) {
      const Event event = generator.next();
      names.insert(event.qname);
      REQUIRE(builder.add(event).ok());
    }
    const Bytes segment = builder.encode(options_at(0));
    const SegmentReader reader = std::move(SegmentReader::open(segment)).value();
    for (const std::string& name : generator.names()) {
      REQUIRE(!questions_of(reader, name).empty() == names.contains(name));
      REQUIRE((reader.may_contain_name(name) || !names.contains(name)));
    }
  }
}

// 10,000 events: three chunks.
struct Chunked {
  Chunked() {
    auto generator = generator_at_hour(6);
    SegmentBuilder builder;
    for (int i = 0; i < 10'000; ++i) {
      events.push_back(generator.next());
      REQUIRE(builder.add(events.back()).ok());
    }
    bytes = builder.encode(options_at(0));
    names = generator.names();
    generators.push_back(std::move(generator));
  }
  std::vector<EventGenerator> generators;  // the events' strings
  std::vector<Event> events;
  std::vector<std::string> names;
  Bytes bytes;
};

TEST_CASE("chunks and dictionaries lead to the events' fields") {
  const Chunked f;
  const SegmentReader reader = std::move(SegmentReader::open(f.bytes)).value();
  REQUIRE(reader.chunk_count() == 3);
  SegmentChunk chunk;
  for (const size_t index : {2U, 0U, 1U}) {
    REQUIRE(reader.load_chunk(index, ColumnSet::all(), &chunk).ok());
    REQUIRE(chunk.first == index * kSegmentChunkEvents);
    REQUIRE(chunk.count == (index < 2 ? kSegmentChunkEvents : 10'000 - 2 * kSegmentChunkEvents));
    for (size_t i = 0; i < chunk.count; ++i) {
      const Event& event = f.events[chunk.first + i];
      REQUIRE(reader.event(chunk, i) == event);
      const auto question = reader.question(chunk.questions[i]);
      REQUIRE(question.name == event.qname);
      REQUIRE(question.qtype == event.qtype);
      SegmentReader::ChunkSet chunks;
      add_chunks(reader, chunk.questions[i], &chunks);
      REQUIRE(chunks[index]);
      REQUIRE(reader.client(chunk.clients[i]) == event.client);
      const auto& trait = reader.trait(chunk.traits[i]);
      REQUIRE(trait.outcome == event.outcome);
      REQUIRE(trait.rcode == event.rcode);
      REQUIRE(trait.list == event.list);
      REQUIRE(trait.upstream == event.upstream);
      REQUIRE(chunk.times_ms[i] == event.time_ms);
      REQUIRE(chunk.durations_us[i] == event.duration_us);
    }
  }
}

TEST_CASE("a question tells the chunks that it is not in") {
  const Chunked f;
  const SegmentReader reader = std::move(SegmentReader::open(f.bytes)).value();
  std::vector<std::set<uint32_t>> questions(3);
  SegmentChunk chunk;
  for (size_t index = 0; index < 3; ++index) {
    REQUIRE(reader.load_chunk(index, {Column::kQuestions}, &chunk).ok());
    questions[index].insert(chunk.questions.begin(), chunk.questions.end());
  }
  for (uint32_t question = 0; question < reader.question_count(); ++question) {
    SegmentReader::ChunkSet chunks;
    add_chunks(reader, question, &chunks);
    for (size_t index = 0; index < 3; ++index) {
      REQUIRE(chunks[index] == questions[index].contains(question));
    }
  }
}

TEST_CASE("a question tells its chunks up to the bound, and beyond it none") {
  constexpr size_t kChunks = kQuestionChunksMax + 2;
  SegmentBuilder builder;
  EventGenerator generator = generator_at_hour(1);
  Event event = generator.next();
  for (size_t i = 0; i < kChunks * kSegmentChunkEvents; ++i) {
    const size_t chunk = i / kSegmentChunkEvents;
    event.qname = "everywhere.example";
    if (i % kSegmentChunkEvents == 1 && chunk > 1) event.qname = "at-the-bound.example";
    if (i % kSegmentChunkEvents == 2 && chunk > 0) event.qname = "one-past-it.example";
    if (i % kSegmentChunkEvents == 3 && chunk % 13 == 3) event.qname = "rare.example";
    REQUIRE(builder.add(event).ok());
  }
  const Bytes segment = builder.encode(options_at(0));
  const SegmentReader reader = std::move(SegmentReader::open(segment)).value();
  const auto chunks_of_name = [&](std::string_view name) {
    SegmentReader::ChunkSet chunks;
    add_chunks(reader, questions_of(reader, name).at(0), &chunks);
    return chunks;
  };
  CHECK(chunks_of_name("everywhere.example").all());
  CHECK(chunks_of_name("one-past-it.example").all());
  CHECK(chunks_of_name("at-the-bound.example").count() == kQuestionChunksMax);
  CHECK(chunks_of_name("rare.example") == SegmentReader::ChunkSet(1U << 3 | 1U << 16));
}

TEST_CASE("a segment is read from its first bytes and the ranges that are asked for") {
  const Chunked f;
  const ByteView all(f.bytes);
  const auto piece = [&](ByteRange range) {
    const ByteView bytes = all.subspan(range.offset, range.length);
    return Bytes(bytes.begin(), bytes.end());
  };
  SegmentReader reader =
      std::move(SegmentReader::open_front(piece({0, kSegmentFrontBytes}))).value();
  CHECK(reader.count() == 10'000);
  const ByteRange dictionaries = reader.range_of(Section::kIndex, Section::kPages);
  const ByteRange last = reader.range_of_chunks(ChunkPart::kRest, 2, 2);
  const ByteRange last_questions = reader.range_of_chunks(ChunkPart::kQuestions, 2, 2);
  CHECK_FALSE(reader.has(dictionaries));
  CHECK(reader.load(Section::kPages).code() == Code::kCorrupt);
  reader.supply(dictionaries, piece(dictionaries));
  REQUIRE(reader.has(dictionaries));
  SegmentChunk chunk;
  CHECK(reader.load_chunk(2, {Column::kTimes}, &chunk).code() == Code::kCorrupt);
  reader.supply(last, piece(last));
  REQUIRE(reader.load_chunk(2, {Column::kTimes}, &chunk).ok());
  CHECK(reader.load_chunk(2, {Column::kQuestions}, &chunk).code() == Code::kCorrupt);
  reader.supply(last_questions, piece(last_questions));
  REQUIRE(reader.load_chunk(2, ColumnSet::all(), &chunk).ok());
  CHECK(reader.event(chunk, 0) == f.events[2 * kSegmentChunkEvents]);
  // Another chunk takes the place of the last one.
  for (const ChunkPart part : {ChunkPart::kQuestions, ChunkPart::kRest}) {
    const ByteRange first = reader.range_of_chunks(part, 0, 0);
    Bytes damaged = piece(first);
    damaged[damaged.size() / 2] ^= 1;
    reader.supply(first, damaged);
    CHECK(reader.load_chunk(0, ColumnSet::all(), &chunk).code() == Code::kCorrupt);
    reader.supply(first, piece(first));
  }
  CHECK(reader.load_chunk(0, ColumnSet::all(), &chunk).ok());
  CHECK_FALSE(reader.has(last));
  CHECK_FALSE(reader.has(last_questions));
}

TEST_CASE("a segment of a day holds events of its hours, one of an hour does not") {
  SegmentBuilder builder(kDayMs);
  const int64_t day = kHourStart - kHourStart % kDayMs;
  REQUIRE(builder.add(plain_event(day)).ok());
  REQUIRE(builder.add(plain_event(day + kDayMs - 1)).ok());
  CHECK(builder.add(plain_event(day + kDayMs)).code() == Code::kConflict);
  check_reads_back({plain_event(day), plain_event(day + kDayMs - 1)},
                   builder.encode(options_at(0)));
}

TEST_CASE("segments stand back to back: a head is read from longer bytes, a segment is not") {
  SegmentBuilder builder;
  REQUIRE(builder.add(plain_event()).ok());
  Bytes two = builder.encode(options_at(0));
  const size_t size = two.size();
  two.insert(two.end(), two.begin(), two.begin() + static_cast<ptrdiff_t>(size));
  CHECK(read_segment_head(two)->total_bytes == size);
  CHECK(SegmentReader::open(two).status().code() == Code::kCorrupt);
  CHECK(SegmentReader::open(ByteView(two).first(size)).ok());
}

TEST_CASE("a flipped bit anywhere, or a cut anywhere, is found") {
  auto generator = generator_at_hour(8);
  SegmentBuilder builder;
  for (int i = 0; i < 40; ++i) REQUIRE(builder.add(generator.next()).ok());
  const Bytes segment = builder.encode(options_at(3));
  for (size_t bit = 0; bit < segment.size() * 8; ++bit) {
    Bytes damaged = segment;
    damaged[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    REQUIRE_FALSE(SegmentReader::open(damaged).ok());
  }
  for (size_t size = 0; size < segment.size(); ++size) {
    REQUIRE_FALSE(SegmentReader::open(ByteView(segment).first(size)).ok());
  }
}

TEST_CASE("a newer version is unsupported, not corrupt") {
  SegmentBuilder builder;
  REQUIRE(builder.add(plain_event()).ok());
  Bytes segment = builder.encode(options_at(0));
  segment[4] = 2;
  CHECK(read_segment_head(segment).status().code() == Code::kUnsupported);
}

TEST_CASE("version 0, which was never released, is refused") {
  SegmentBuilder builder;
  REQUIRE(builder.add(plain_event()).ok());
  Bytes segment = builder.encode(options_at(0));
  segment[4] = 0;
  CHECK(SegmentReader::open(resealed(std::move(segment))).status().code() == Code::kCorrupt);
}

TEST_CASE("a stranger's filter that misses one of its names is refused") {
  auto generator = generator_at_hour(9);
  SegmentBuilder builder;
  for (int i = 0; i < 600; ++i) REQUIRE(builder.add(generator.next()).ok());
  Bytes segment = builder.encode(options_at(0));
  const auto front = SegmentReader::open_front(segment);
  REQUIRE(front.ok());
  const ByteRange bloom = front->range_of(Section::kBloom, Section::kBloom);
  REQUIRE(bloom.length > 0);
  std::fill_n(segment.begin() + bloom.offset, bloom.length, uint8_t{0});
  CHECK(SegmentReader::open(resealed(std::move(segment))).status().code() == Code::kCorrupt);
}

TEST_CASE("a gap can be declared before the clock is set") {
  for (const int64_t now_ms : {int64_t{-1}, int64_t{0}, int64_t{1} << 60}) {
    const auto head = read_segment_head(encode_gap(kLog, 0, 10, GapReason::kBudget, now_ms, {}));
    REQUIRE(head.ok());
    CHECK(head->count == 10);
  }
}

TEST_CASE("what is changed and sealed again either opens with valid events or is refused") {
  auto generator = generator_at_hour(9);
  SegmentBuilder builder;
  for (int i = 0; i < 600; ++i) REQUIRE(builder.add(generator.next()).ok());
  const Bytes segment = builder.encode(options_at(0));
  TestRandom random(10);
  size_t opened = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes damaged = segment;
    for (uint64_t change = 0; change <= random.below(3); ++change) {
      // The first ten bytes hold magic, kind and the head's length, which resealing needs.
      damaged[10 + random.below(damaged.size() - 10)] = static_cast<uint8_t>(random.next());
    }
    damaged = resealed(std::move(damaged));
    const auto reader = SegmentReader::open(damaged);
    if (!reader.ok()) continue;
    ++opened;
    for (size_t i = 0; i < reader->count(); ++i) REQUIRE(check_event(reader->event(i)).ok());
  }
  CHECK(opened > 0);
  CHECK(opened < 20'000);
}

TEST_CASE("log ids are 32 hex digits") {
  CHECK(log_id_text(kLog) == "0102030405060708090a0b0c0d0e0f10");
  CHECK(*parse_log_id("0102030405060708090A0B0C0D0E0F10") == kLog);
  CHECK_FALSE(parse_log_id("0102030405060708090a0b0c0d0e0f1").ok());
  CHECK_FALSE(parse_log_id("").ok());
}

TEST_CASE("gap and drop reasons have distinct names") {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kGapReasonCount; ++i) {
    names.insert(gap_reason_name(static_cast<GapReason>(i)));
  }
  CHECK(names.size() == kGapReasonCount);
  names.clear();
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    names.insert(drop_reason_name(static_cast<DropReason>(i)));
  }
  CHECK(names.size() == kDropReasonCount);
}

}  // namespace
}  // namespace weir
