#include "rollup_delta.h"

#include "catch.h"
#include "support/event_generator.h"
#include "support/resealed.h"
#include "weir/schema.h"
#include "weir/segment.h"

namespace weir {
namespace {

constexpr int64_t kHourStart = 1'790'000'000'000 / kHourMs * kHourMs;
constexpr uint64_t kEvents = 2 * kSegmentChunkEvents;

Bytes segment_of_two_chunks(uint64_t first) {
  EventGenerator::Options options;
  options.seed = first + 1;
  options.events_per_second = 10;
  options.start_ms = kHourStart;
  EventGenerator generator(options);
  SegmentBuilder builder;
  while (builder.count() < kEvents) REQUIRE(builder.add(generator.next()).ok());
  return builder.encode({LogId(), first, false, LedgerCounters()});
}

SegmentBytes row_of(const Bytes& segment) {
  const Result<SegmentHead> head = read_segment_head(segment);
  REQUIRE(head.ok());
  SegmentBytes row;
  row.first = head->first;
  row.count = head->count;
  row.crc = head->content_crc;
  row.bytes = segment;
  return row;
}

// With checksums that are right, and columns of the last chunk that are none.
Bytes malformed(Bytes segment) {
  const auto reader = SegmentReader::open_front(segment);
  REQUIRE(reader.ok());
  const ByteRange rest = reader->range_of_chunks(ChunkPart::kRest, 1, 1);
  std::fill_n(segment.begin() + rest.offset, rest.length, uint8_t{0xff});
  return resealed(std::move(segment));
}

TEST_CASE("a segment that cannot be decoded ends a delta and is in none of its counts") {
  const Bytes sound = segment_of_two_chunks(0);
  const Bytes broken = malformed(segment_of_two_chunks(kEvents));
  RollupDelta expected(0, kHourStart + kHourMs, kDeltaHoursMax);
  REQUIRE(expected.add(row_of(sound)));
  RollupDelta delta(0, kHourStart + kHourMs, kDeltaHoursMax);
  REQUIRE(delta.add(row_of(sound)));
  REQUIRE(delta.add(row_of(broken)));
  REQUIRE(delta.corrupt().has_value());
  CHECK(delta.corrupt()->first == kEvents);
  CHECK(delta.corrupt_events() == kEvents);
  CHECK(delta.events() == kEvents);
  CHECK(delta.watermark() == 2 * kEvents);
  REQUIRE(delta.hours().size() == 1);
  const auto bytes_of = [](const RollupDelta& of) {
    return of.hours().begin()->second.summary.encode(kHourRollupBytesMax);
  };
  CHECK(bytes_of(delta) == bytes_of(expected));
  CHECK_FALSE(delta.add(row_of(sound)));
}

TEST_CASE("a segment that cannot be decoded leaves no hour behind") {
  const Bytes broken = malformed(segment_of_two_chunks(0));
  RollupDelta delta(0, kHourStart + kHourMs, kDeltaHoursMax);
  REQUIRE(delta.add(row_of(broken)));
  CHECK(delta.corrupt().has_value());
  CHECK(delta.hours().empty());
}

}  // namespace
}  // namespace weir
