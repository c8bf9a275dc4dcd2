// Collecting events for a segment: checks, bounds and the size estimate. encode_content() does the
// rest.
#include <algorithm>
#include <bit>

#include "column.h"
#include "event_columns.h"
#include "segment_content.h"
#include "segment_head.h"
#include "weir/segment.h"

namespace weir {
namespace {

// What one of each adds to the content at most, besides its text.
constexpr size_t kNameBytesMax = 5;  // two column entries and its bits of the bloom filter
constexpr size_t kQuestionBytesMax = 5;
constexpr size_t kTraitBytesMax = 9;
constexpr size_t kStringBytesMax = 2;
constexpr size_t kEventBytesInColumnsMax = 20;  // whatever its values are
constexpr size_t kIndexColumns = 3;             // questions, clients, traits
// Head, lengths and checksums of sections, partial blocks of dictionaries.
constexpr size_t kFixedBytesMax = kSegmentHeadBytesMax + 256;
// Of a chunk: lengths, checksum, time, head and padding of the partial blocks.
constexpr size_t kChunkBytesMax = 96;
// Where durations of two outcomes of unlike widths share a block, one of them is patched: 7 bits
// each, or the other is widened, by up to 32 bits each, whichever is less.
constexpr size_t kMeetingBytesMax = 96;

std::string_view client_key(const Client& client, std::array<uint8_t, kClientKeyBytes>* buffer) {
  (*buffer)[0] = static_cast<uint8_t>(client.kind);
  std::copy(client.bytes.begin(), client.bytes.end(), buffer->begin() + 1);
  return as_text(*buffer);
}

}  // namespace

struct SegmentBuilder::State {
  explicit State(int64_t span) : span_ms(span) {}

  const int64_t span_ms;
  EventColumns events;
  ColumnEstimate steps;
  std::array<ColumnEstimate, kOutcomeCount> durations;
  ColumnEstimate surprises;

  size_t dictionary_bytes_max() const;
  size_t column_bytes() const;
  size_t chunk_bytes_max() const;
  void push(const Event& event);
};

size_t SegmentBuilder::State::dictionary_bytes_max() const {
  const auto strings = [](const OptionalStrings& optional) {
    return optional.strings().text_bytes() + kStringBytesMax * optional.strings().size();
  };
  const size_t chunks = chunks_of(events.count());
  const size_t groups = chunks < 2 ? 0 : chunks / chunks_per_group(chunks) + 1;
  return events.names.text_bytes() + kNameBytesMax * events.names.size() +
         (kQuestionBytesMax + groups / 8 + 1) * events.questions.size() +
         events.clients.text_bytes() + kTraitBytesMax * events.traits.size() +
         strings(events.lists) + strings(events.upstreams);
}

size_t SegmentBuilder::State::column_bytes() const {
  const auto bits = [](size_t most) { return static_cast<size_t>(std::bit_width(most)); };
  const size_t index_bits =
      bits(events.questions.size()) + bits(events.clients.size()) + bits(events.traits.size());
  const size_t blocks = kIndexColumns * (events.count() / kBlockValues + 1);
  size_t bytes = events.count() * index_bits / 8 + blocks * kBlockOverheadBytesMax + steps.bytes() +
                 surprises.bytes();
  for (const ColumnEstimate& outcome : durations) bytes += outcome.bytes();
  return bytes;
}

size_t SegmentBuilder::State::chunk_bytes_max() const {
  const auto outcomes_used = static_cast<size_t>(std::count_if(
      events.outcomes.begin(), events.outcomes.end(), [](uint64_t n) { return n > 0; }));
  return chunks_of(events.count()) * (kChunkBytesMax + kMeetingBytesMax * outcomes_used);
}

void SegmentBuilder::State::push(const Event& event) {
  EventColumns& to = events;
  if (to.count() == 0) to.start_ms = event.time_ms - event.time_ms % span_ms;
  const auto time = static_cast<uint32_t>(event.time_ms - to.start_ms);
  steps.add(to.count() == 0 ? 0 : int64_t{time} - int64_t{to.time.back()});

  bool added = false;
  const uint32_t name = to.names.intern(event.qname);
  const uint32_t question = to.questions.intern(question_key(name, event.qtype), &added);
  if (added) to.question_sizes.push_back(event.response_size);
  const int64_t surprise = int64_t{event.response_size} - int64_t{to.question_sizes[question]};
  surprises.add(static_cast<int64_t>(zigzag(surprise)));

  const Trait trait = {.bits = trait_byte(event.outcome, event.transport, event.ad),
                       .rcode = event.rcode,
                       .list = to.lists.intern(event.list),
                       .upstream = to.upstreams.intern(event.upstream)};
  const auto outcome = static_cast<size_t>(event.outcome);
  durations[outcome].add(event.duration_us);
  ++to.outcomes[outcome];

  std::array<uint8_t, kClientKeyBytes> buffer;
  to.time.push_back(time);
  to.question.push_back(question);
  to.client.push_back(to.clients.intern(client_key(event.client, &buffer)));
  to.trait.push_back(to.traits.intern(trait.key(), &added));
  to.duration.push_back(event.duration_us);
  to.size.push_back(event.response_size);
}

SegmentBuilder::SegmentBuilder(int64_t span_ms) : state_(std::make_unique<State>(span_ms)) {}
SegmentBuilder::~SegmentBuilder() = default;
SegmentBuilder::SegmentBuilder(SegmentBuilder&&) noexcept = default;
SegmentBuilder& SegmentBuilder::operator=(SegmentBuilder&&) noexcept = default;

Status SegmentBuilder::add(const Event& event) {
  WEIR_TRY(check_event(event));
  const EventColumns& events = state_->events;
  const int64_t span_ms = state_->span_ms;
  if (events.count() > 0 && event.time_ms / span_ms != events.start_ms / span_ms) {
    return Status(Code::kConflict, "an event lies in another span of time than its segment");
  }
  const size_t worst_bytes = kFixedBytesMax + state_->dictionary_bytes_max() + kEventBytesMax +
                             kEventBytesInColumnsMax * (events.count() + 1);
  if (events.count() == kSegmentEventsMax || worst_bytes > kSegmentBytesMax) {
    return Status(Code::kFull, "a segment is full");
  }
  state_->push(event);
  return {};
}

size_t SegmentBuilder::count() const { return state_->events.count(); }

size_t SegmentBuilder::bytes_estimate() const {
  return kFixedBytesMax + state_->dictionary_bytes_max() + state_->column_bytes() +
         state_->chunk_bytes_max();
}

Bytes SegmentBuilder::encode(const Options& options) const {
  WEIR_CHECK(!empty());
  const EventColumns& events = state_->events;
  uint32_t content_crc = 0;
  const Bytes content = encode_content(events, &content_crc);
  const auto [first, last] = std::minmax_element(events.time.begin(), events.time.end());
  SegmentHead head;
  head.open = options.open;
  head.log = options.log;
  head.first = options.first;
  head.count = events.count();
  head.first_ms = events.start_ms + *first;
  head.last_ms = events.start_ms + *last;
  head.outcomes = events.outcomes;
  head.ledger = options.ledger;
  head.content_crc = content_crc;
  Bytes out;
  out.reserve(kSegmentHeadBytesMax + content.size());
  append_segment_head(head, content.size(), &out);
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

void SegmentBuilder::clear() { state_ = std::make_unique<State>(state_->span_ms); }

}  // namespace weir
