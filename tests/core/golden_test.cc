// The stored formats, byte for byte: whoever changes them sees it here, and must say so in docs/.
#include "support/golden.h"

#include "catch.h"
#include "support/event_generator.h"
#include "weir/segment.h"
#include "weir/summary.h"

namespace weir {
namespace {

constexpr int64_t kHourStart = 1'790'002'800'000;

std::vector<Event> golden_events(EventGenerator* generator, int count) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) events.push_back(generator->next());
  return events;
}

EventGenerator golden_generator() {
  EventGenerator::Options options;
  options.seed = 42;
  options.made_names = 500;
  options.clients = 12;
  options.start_ms = kHourStart;
  return EventGenerator(options);
}

// An event as a line that a reader in another language can be compared with.
std::string event_line(const Event& event) {
  std::string line = std::to_string(event.time_ms) + '\t' + client_text(event.client);
  for (const std::string_view name :
       {transport_name(event.transport), outcome_name(event.outcome)}) {
    line.append("\t").append(name);
  }
  const uint64_t numbers[] = {event.ad, event.qtype, event.rcode, event.duration_us,
                              event.response_size};
  for (const uint64_t number : numbers) line.append("\t").append(std::to_string(number));
  for (const std::string_view text : {event.qname, event.list, event.upstream}) {
    line.append("\t").append(text);
  }
  return line + '\n';
}

SegmentBuilder::Options golden_head() {
  return {.log = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
          .first = 1000,
          .open = true,
          .ledger = {.offered = 5000, .collapsed = 3, .dropped = {1, 0, 2, 0, 0}}};
}

TEST_CASE("segments keep their bytes, and the stored ones still read back") {
  auto generator = golden_generator();
  const std::vector<Event> events = golden_events(&generator, 5000);
  for (const size_t count : {1U, 600U, 5000U}) {
    SegmentBuilder builder;
    for (size_t i = 0; i < count; ++i) REQUIRE(builder.add(events[i]).ok());
    const std::string name = "segment_v1_" + std::to_string(count) + ".bin";
    check_golden(name, builder.encode(golden_head()));
    const Bytes stored = read_golden(name);
    const auto reader = SegmentReader::open(stored);
    REQUIRE(reader.ok());
    REQUIRE(reader->count() == count);
    for (size_t i = 0; i < count; ++i) REQUIRE(reader->event(i) == events[i]);
  }
}

TEST_CASE("the golden events as text are those of the golden segment") {
  auto generator = golden_generator();
  std::string text;
  for (const Event& event : golden_events(&generator, 600)) text += event_line(event);
  check_golden("segment_v1_600.tsv", std::vector<uint8_t>(text.begin(), text.end()));
}

TEST_CASE("gaps keep their bytes") {
  const SegmentBuilder::Options head = golden_head();
  check_golden("gap_v1.bin",
               encode_gap(head.log, head.first, 2000, GapReason::kBudget, kHourStart, head.ledger));
}

TEST_CASE("summaries keep their bytes, exact and estimated") {
  auto generator = golden_generator();
  const std::vector<Event> events = golden_events(&generator, 5000);
  Summary hour(Summary::Span::kHour, kHourStart);
  for (int i = 0; i < 100; ++i) hour.add(events[static_cast<size_t>(i)]);
  check_golden("summary_v1_exact.bin", hour.encode(kHourRollupBytesMax));
  for (size_t i = 100; i < events.size(); ++i) hour.add(events[i]);
  check_golden("summary_v1_estimated.bin", hour.encode(kHourRollupBytesMax));
  Summary day(Summary::Span::kDay, kHourStart - kHourStart % kDayMs);
  day.merge(hour);
  check_golden("summary_v1_day.bin", day.encode(kDayRollupBytesMax));
}

}  // namespace
}  // namespace weir
