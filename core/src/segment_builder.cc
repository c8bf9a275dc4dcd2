// Collecting events for a segment: checks, bounds and the size estimate. segment_encoder.cc does
// the rest.
#include <algorithm>
#include <bit>

#include "column.h"
#include "event_check.h"
#include "event_columns.h"
#include "page_index.h"
#include "segment_content.h"
#include "segment_events.h"
#include "segment_head.h"
#include "weir/segment.h"

namespace weir {
namespace {

// What one of each adds to the content at most, besides its text.
constexpr size_t kNameBytesMax = 5;  // two column entries and its bits of the bloom filter
constexpr size_t kQuestionBytesMax = 5;
// Of a page of questions, besides the whole name that it begins with, and the index once more:
// checksum, lengths, heads and padding of its partial blocks.
constexpr size_t kPageBytesMax = 96;
constexpr size_t kClientBytesMax = 16;
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

Status other_span() {
  return Status(Code::kConflict, "an event lies in another span of time than its segment");
}

}  // namespace

struct SegmentBuilder::State {
  // Of what an event shares with others.
  struct Numbers {
    uint32_t question = 0;
    uint32_t client = 0;
    uint32_t trait = 0;
  };

  explicit State(int64_t span) : span_ms(span) {}

  const int64_t span_ms;
  EventColumns events;
  ColumnEstimate steps;
  std::array<ColumnEstimate, kOutcomeCount> durations;
  ColumnEstimate surprises;
  size_t sure_room = 0;  // events that fit, whatever they are

  // Keeps its memory: the next segment needs about as much.
  void clear();
  // In so many chunks.
  size_t dictionary_bytes_max(size_t chunks) const;
  size_t page_bytes_max(size_t name_bytes_max) const;
  size_t column_bytes() const;
  size_t chunk_bytes_max() const;
  // Whether events from `first_ms` to `last_ms` may follow those that are there.
  bool spans(int64_t first_ms, int64_t last_ms) const {
    const int64_t begin_ms = events.count() > 0 ? events.start_ms : first_ms - first_ms % span_ms;
    return first_ms >= begin_ms && last_ms < begin_ms + span_ms;
  }
  // What the content may take with so many more events that add so many bytes to the dictionaries.
  size_t bytes_max(size_t count, size_t dictionary_bytes) const;
  Status check_room(size_t count, size_t dictionary_bytes) const;
  Status check_room_for_one();

  uint32_t intern_question(std::string_view qname, uint16_t qtype, uint64_t hash, uint32_t size);
  uint32_t intern_trait(const SegmentReader::Trait& trait);
  void push(int64_t time_ms, const Numbers& numbers, Outcome outcome, uint32_t duration_us,
            uint32_t size);
};

void SegmentBuilder::State::clear() {
  events.clear();
  steps = surprises = ColumnEstimate();
  durations.fill(ColumnEstimate());
  sure_room = 0;
}

size_t SegmentBuilder::State::dictionary_bytes_max(size_t chunks) const {
  const auto strings = [](const OptionalStrings& optional) {
    return optional.strings().text_bytes() + kStringBytesMax * optional.strings().size();
  };
  return events.questions.names().text_bytes() + kNameBytesMax * events.questions.names().size() +
         (kQuestionBytesMax + question_chunks_bytes_max(chunks)) * events.questions.size() +
         kClientBytesMax * events.clients.size() + kTraitBytesMax * events.traits.size() +
         strings(events.lists) + strings(events.upstreams);
}

// What pages cost besides their questions, which have names up to so many bytes.
size_t SegmentBuilder::State::page_bytes_max(size_t name_bytes_max) const {
  return pages_of(events.questions.size()) * (kPageBytesMax + 2 * name_bytes_max);
}

size_t SegmentBuilder::State::column_bytes() const {
  const auto bits = [](size_t most) { return static_cast<size_t>(std::bit_width(most)); };
  const size_t index_bits =
      bits(events.questions.size()) + bits(events.clients.size()) + bits(events.traits.size());
  const size_t blocks = kIndexColumns * (events.count() / kBlockValues + 1);
  size_t bytes = events.count() * index_bits / 8 + blocks * kBlockOverheadBytesMax + steps.bytes() +
                 surprises.bytes();
  for (const ColumnEstimate& column : durations) bytes += column.bytes();
  return bytes;
}

size_t SegmentBuilder::State::chunk_bytes_max() const {
  const auto outcomes_used = static_cast<size_t>(std::count_if(
      events.outcomes.begin(), events.outcomes.end(), [](uint64_t n) { return n > 0; }));
  return chunks_of(events.count()) * (kChunkBytesMax + kMeetingBytesMax * outcomes_used);
}

size_t SegmentBuilder::State::bytes_max(size_t count, size_t dictionary_bytes) const {
  return kFixedBytesMax + dictionary_bytes_max(kSegmentChunksMax) +
         page_bytes_max(kNameTextBytesMax) + dictionary_bytes +
         kEventBytesInColumnsMax * (events.count() + count);
}

// Whether these may be added.
Status SegmentBuilder::State::check_room(size_t count, size_t dictionary_bytes) const {
  const bool fits = events.count() + count <= kSegmentEventsMax &&
                    bytes_max(count, dictionary_bytes) <= kSegmentBytesMax;
  return fits ? Status() : Status(Code::kFull, "a segment is full");
}

// There is room for thousands, mostly, so that it is rarely asked how much.
Status SegmentBuilder::State::check_room_for_one() {
  if (sure_room == 0) {
    WEIR_TRY(check_room(1, kEventBytesMax));
    sure_room =
        std::min(kSegmentEventsMax - events.count(),
                 (kSegmentBytesMax - bytes_max(0, 0)) / (kEventBytesMax + kEventBytesInColumnsMax));
  }
  --sure_room;
  return {};
}

uint32_t SegmentBuilder::State::intern_question(std::string_view qname, uint16_t qtype,
                                                uint64_t hash, uint32_t size) {
  bool added = false;
  const uint32_t question = events.questions.intern(qname, qtype, hash, &added);
  if (added) events.question_sizes.push_back(size);
  return question;
}

uint32_t SegmentBuilder::State::intern_trait(const SegmentReader::Trait& trait) {
  bool added = false;
  const Trait numbered = {.bits = trait_byte(trait.outcome, trait.transport, trait.ad),
                          .rcode = trait.rcode,
                          .list = events.lists.intern(trait.list),
                          .upstream = events.upstreams.intern(trait.upstream)};
  return events.traits.intern(numbered.key(), &added);
}

void SegmentBuilder::State::push(int64_t time_ms, const Numbers& numbers, Outcome outcome,
                                 uint32_t duration_us, uint32_t size) {
  EventColumns& to = events;
  if (to.count() == 0) to.start_ms = time_ms - time_ms % span_ms;
  const auto time = static_cast<uint32_t>(time_ms - to.start_ms);
  steps.add(to.count() == 0 ? 0 : int64_t{time} - int64_t{to.time.back()});
  const int64_t surprise = int64_t{size} - int64_t{to.question_sizes[numbers.question]};
  surprises.add(static_cast<int64_t>(zigzag(surprise)));
  durations[static_cast<size_t>(outcome)].add(duration_us);
  ++to.outcomes[static_cast<size_t>(outcome)];

  to.time.push_back(time);
  to.question.push_back(numbers.question);
  to.client.push_back(numbers.client);
  to.trait.push_back(numbers.trait);
  to.duration.push_back(duration_us);
  to.size.push_back(size);
}

namespace {

// The numbers that entries of a reader's dictionary have in the builder, found at first use.
class NumberMap {
 public:
  explicit NumberMap(size_t size) : numbers_(size, kNone) {}
  template <class Intern>
  uint32_t of(uint32_t index, Intern intern) {
    uint32_t& number = numbers_[index];
    if (number == kNone) number = intern();
    return number;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> numbers_;
};

// What the dictionaries of a segment are in a builder's at most, in bytes.
size_t dictionary_bytes_max(const SegmentReader& segment) {
  size_t strings = 0;
  for (size_t i = 0; i < segment.trait_count(); ++i) {
    const SegmentReader::Trait& trait = segment.trait(i);
    strings += trait.list.size() + trait.upstream.size() + 2 * kStringBytesMax + kTraitBytesMax;
  }
  const size_t questions = segment.question_count();  // and as many names at most
  return strings + segment.name_bytes() + pages_of(questions) * (kPageBytesMax + kEventBytesMax) +
         (kNameBytesMax + kQuestionBytesMax + question_chunks_bytes_max(kSegmentChunksMax)) *
             questions +
         kClientBytesMax * segment.client_count();
}

}  // namespace

SegmentBuilder::SegmentBuilder(int64_t span_ms) : state_(std::make_unique<State>(span_ms)) {}
SegmentBuilder::~SegmentBuilder() = default;
SegmentBuilder::SegmentBuilder(SegmentBuilder&&) noexcept = default;
SegmentBuilder& SegmentBuilder::operator=(SegmentBuilder&&) noexcept = default;

// Where the name, its question's slot and that question lie is not known ahead to a processor; what
// does not need them is done while they are loaded.
Status SegmentBuilder::add(const Event& event) {
  State& to = *state_;
  __builtin_prefetch(event.qname.data());
  WEIR_TRY(check_besides_name(event));
  WEIR_TRY(to.check_room_for_one());
  const uint64_t hash = hash64(event.qname);
  to.events.questions.prefetch(event.qtype, hash);
  size_t client = to.events.clients.find(event.client);
  size_t question = to.events.questions.find(event.qname, event.qtype, hash);
  const bool is_new = question == to.events.questions.size();
  if (is_new) {  // others were looked at before
    to.events.questions.prefetch_name(hash);
    WEIR_TRY(check_name(event.qname));
  }
  if (!to.spans(event.time_ms, event.time_ms)) return other_span();
  if (is_new) question = to.intern_question(event.qname, event.qtype, hash, event.response_size);
  if (client == to.events.clients.size()) client = to.events.clients.intern(event.client);
  const State::Numbers numbers = {.question = static_cast<uint32_t>(question),
                                  .client = static_cast<uint32_t>(client),
                                  .trait = to.intern_trait({.outcome = event.outcome,
                                                            .transport = event.transport,
                                                            .ad = event.ad,
                                                            .rcode = event.rcode,
                                                            .list = event.list,
                                                            .upstream = event.upstream})};
  to.push(event.time_ms, numbers, event.outcome, event.duration_us, event.response_size);
  return {};
}

Status SegmentBuilder::add(const SegmentReader& segment) {
  State& to = *state_;
  if (!to.spans(segment.head().first_ms, segment.head().last_ms)) return other_span();
  WEIR_TRY(to.check_room(segment.count(), dictionary_bytes_max(segment)));
  to.sure_room = 0;
  NumberMap questions(segment.question_count());
  NumberMap clients(segment.client_count());
  NumberMap traits(segment.trait_count());
  for_each_chunk(segment, 0, ColumnSet::all(), [&](const SegmentChunk& chunk, size_t) {
    for (size_t i = 0; i < chunk.count; ++i) {
      const uint32_t question = chunk.questions[i];
      const SegmentReader::Trait& trait = segment.trait(chunk.traits[i]);
      const State::Numbers numbers = {
          .question = questions.of(question,
                                   [&] {
                                     const auto [name, qtype] = segment.question(question);
                                     return to.intern_question(name, qtype, hash64(name),
                                                               chunk.sizes[i]);
                                   }),
          .client = clients.of(
              chunk.clients[i],
              [&] { return to.events.clients.intern(segment.client(chunk.clients[i])); }),
          .trait = traits.of(chunk.traits[i], [&] { return to.intern_trait(trait); })};
      to.push(chunk.times_ms[i], numbers, trait.outcome, chunk.durations_us[i], chunk.sizes[i]);
    }
    return true;
  });
  return {};
}

size_t SegmentBuilder::count() const { return state_->events.count(); }

Event SegmentBuilder::event(size_t i) const {
  const EventColumns& from = state_->events;
  const uint64_t question = from.questions[from.question[i]];
  const Trait trait = Trait::of_key(from.traits[from.trait[i]]);
  return {.time_ms = from.start_ms + from.time[i],
          .client = from.clients[from.client[i]],
          .transport = trait.transport(),
          .outcome = trait.outcome(),
          .ad = trait.ad(),
          .qtype = static_cast<uint16_t>(question),
          .rcode = trait.rcode,
          .duration_us = from.duration[i],
          .response_size = from.size[i],
          .qname = from.questions.names()[static_cast<size_t>(question >> 16)],
          .list = from.lists.text(trait.list),
          .upstream = from.upstreams.text(trait.upstream)};
}

size_t SegmentBuilder::bytes_estimate() const {
  const State& state = *state_;
  return kFixedBytesMax + state.dictionary_bytes_max(chunks_of(count())) +
         state.page_bytes_max(state.events.questions.longest_name()) + state.column_bytes() +
         state.chunk_bytes_max();
}

struct SegmentBuilder::Encoding::State {
  const EventColumns& events;
  Options options;
  ContentEncoder content;
};

SegmentBuilder::Encoding::Encoding(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentBuilder::Encoding::~Encoding() = default;
SegmentBuilder::Encoding::Encoding(Encoding&&) noexcept = default;
SegmentBuilder::Encoding& SegmentBuilder::Encoding::operator=(Encoding&&) noexcept = default;

bool SegmentBuilder::Encoding::step() { return state_->content.step(); }

Bytes SegmentBuilder::Encoding::segment() const {
  const auto& [events, options, content] = *state_;
  uint32_t first = UINT32_MAX;
  uint32_t last = 0;
  for (const uint32_t time : events.time) {
    first = std::min(first, time);
    last = std::max(last, time);
  }
  SegmentHead head;
  head.open = options.open;
  head.log = options.log;
  head.first = options.first;
  head.count = events.count();
  head.first_ms = events.start_ms + first;
  head.last_ms = events.start_ms + last;
  head.outcomes = events.outcomes;
  head.ledger = options.ledger;
  head.content_crc = content.crc();
  Bytes out;
  out.reserve(kSegmentHeadBytesMax + content.size());
  append_segment_head(head, content.size(), &out);
  content.append_to(&out);
  return out;
}

SegmentBuilder::Encoding SegmentBuilder::start_encoding(const Options& options) const {
  WEIR_CHECK(!empty());
  const EventColumns& events = state_->events;
  return Encoding(std::make_unique<Encoding::State>(events, options, ContentEncoder(events)));
}

Bytes SegmentBuilder::encode(const Options& options) const {
  Encoding encoding = start_encoding(options);
  while (encoding.step()) {
  }
  return encoding.segment();
}

void SegmentBuilder::clear() { state_->clear(); }

}  // namespace weir
