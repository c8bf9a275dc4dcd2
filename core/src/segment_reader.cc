// Decoding a segment section by section; what is decoded has been checked, so that the accessors
// only look up. open() decodes all of it at once.
//
// The input may come from a stranger. Counts are checked against the events' count, and that
// against the head, before anything is allocated by them; every index is checked against its
// dictionary; the head's times and outcomes must be those of the events.
#include <algorithm>

#include "column.h"
#include "name_dictionary.h"
#include "section_table.h"
#include "segment_content.h"
#include "weir/segment.h"

namespace weir {
namespace {

constexpr int64_t kStepMax = kHourMs;  // between events of one hour
constexpr int64_t kSizeMax = static_cast<int64_t>(kMessageBytesMax);

ColumnRange index_range(size_t size) { return {0, static_cast<int64_t>(size) - 1}; }

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

}  // namespace

struct SegmentReader::State {
  SegmentHead head;
  ByteView content;  // may be cut off
  SectionTable table;
  NameDictionary::Trust trust = NameDictionary::Trust::kStored;
  uint32_t loaded = 0;  // a bit per section
  uint32_t intact = 0;  // a bit per part whose checksum has been compared

  ByteView bloom;
  NameDictionary names;
  std::vector<Question> questions;
  std::vector<uint16_t> question_sizes;
  std::vector<Client> clients;
  std::vector<std::string_view> lists;
  std::vector<std::string_view> upstreams;
  std::vector<Trait> traits;

  // One entry per event.
  std::vector<int64_t> times;
  std::vector<uint32_t> event_questions;
  std::vector<uint32_t> event_clients;
  std::vector<uint32_t> event_traits;
  std::vector<uint32_t> durations;
  std::vector<uint16_t> sizes;

  size_t count() const {
    return head.kind == SegmentKind::kEvents ? static_cast<size_t>(head.count) : 0;
  }
  bool is_loaded(Section section) const {
    return (loaded >> static_cast<unsigned>(section) & 1) != 0;
  }
  Status load(Section section);

 private:
  Status check_part(Section section);
  // Each reads one section, which must be used up.
  bool read_bloom(ByteReader* reader);
  bool read_names(ByteReader* reader) { return names.decode(reader, count(), trust); }
  bool read_questions(ByteReader* reader);
  bool read_clients(ByteReader* reader);
  bool read_strings(ByteReader* reader);
  bool read_traits(ByteReader* reader);
  bool read_trait(ByteReader* reader, Trait* trait);
  bool read_times(ByteReader* reader);
  bool read_event_questions(ByteReader* reader);
  bool read_event_clients(ByteReader* reader);
  bool read_event_traits(ByteReader* reader);
  bool read_durations(ByteReader* reader);
  bool read_sizes(ByteReader* reader);
};

bool SegmentReader::State::read_bloom(ByteReader* reader) {
  bloom = reader->take(reader->remaining());
  return bloom.empty() == (count() < kBloomEventsMin);
}

bool SegmentReader::State::read_questions(ByteReader* reader) {
  std::vector<uint16_t> types(static_cast<size_t>(reader->varint_up_to(count())));
  for (uint16_t& type : types) type = static_cast<uint16_t>(reader->varint_up_to(0xffff));
  const auto size = static_cast<size_t>(reader->varint_up_to(count()));
  if (!reader->ok() || size == 0) return false;
  std::vector<uint16_t> steps(size);
  std::vector<uint32_t> type_indexes(size);
  question_sizes.resize(size);
  if (!decode_column<uint16_t>(reader, {0, 1}, steps)) return false;
  if (!decode_column<uint32_t>(reader, index_range(types.size()), type_indexes)) return false;
  if (!decode_column<uint16_t>(reader, {0, kSizeMax}, question_sizes)) return false;
  if (steps[0] != 0) return false;
  questions.resize(size);
  uint32_t name = 0;
  for (size_t i = 0; i < size; ++i) {
    name += steps[i];
    questions[i] = {name, types[type_indexes[i]]};
  }
  return name == names.size() - 1;  // thus every name has a question
}

bool SegmentReader::State::read_clients(ByteReader* reader) {
  std::array<uint64_t, kClientKindCount> kinds{};
  for (uint64_t& kind_count : kinds) kind_count = reader->varint_up_to(count());
  if (!reader->ok()) return false;
  for (size_t kind = 0; kind < kClientKindCount; ++kind) {
    Client client;
    client.kind = static_cast<Client::Kind>(kind);
    if (kinds[kind] > count() - clients.size()) return false;
    for (uint64_t i = 0; i < kinds[kind]; ++i) {
      const ByteView bytes = reader->take(client.size());
      if (!reader->ok()) return false;
      std::copy(bytes.begin(), bytes.end(), client.bytes.begin());
      clients.push_back(client);
    }
  }
  return !clients.empty();
}

bool SegmentReader::State::read_strings(ByteReader* reader) {
  for (auto* strings : {&lists, &upstreams}) {
    const uint64_t size = reader->varint_up_to(count());
    for (uint64_t i = 0; i < size; ++i) {
      const std::string_view text = reader->take_text(reader->varint_up_to(kEventStringBytesMax));
      if (!reader->ok() || text.empty()) return false;
      strings->push_back(text);
    }
  }
  return true;
}

bool SegmentReader::State::read_trait(ByteReader* reader, Trait* trait) {
  const uint8_t bits = reader->u8();
  if ((bits & 7) >= kOutcomeCount || bits >> 6 != 0) return false;
  trait->outcome = static_cast<Outcome>(bits & 7);
  trait->transport = static_cast<Transport>(bits >> 3 & 3);
  trait->ad = bits >> 5 != 0;
  trait->rcode = static_cast<uint16_t>(reader->varint_up_to(kRcodeMax));
  const auto list = static_cast<size_t>(reader->varint_up_to(lists.size()));
  const auto upstream = static_cast<size_t>(reader->varint_up_to(upstreams.size()));
  if (list > 0) trait->list = lists[list - 1];
  if (upstream > 0) trait->upstream = upstreams[upstream - 1];
  return reader->ok();
}

bool SegmentReader::State::read_traits(ByteReader* reader) {
  const uint64_t size = reader->varint_up_to(count());
  if (size > reader->remaining()) return false;
  traits.resize(static_cast<size_t>(size));
  return std::all_of(traits.begin(), traits.end(),
                     [&](Trait& trait) { return read_trait(reader, &trait); }) &&
         !traits.empty();
}

bool SegmentReader::State::read_times(ByteReader* reader) {
  times.resize(count());
  const auto first_ms = static_cast<int64_t>(reader->varint_up_to(kTimeMsMax));
  std::vector<int32_t> steps(count());
  if (!decode_column<int32_t>(reader, {-kStepMax, kStepMax}, steps)) return false;
  int64_t time = first_ms;
  for (size_t i = 0; i < steps.size(); ++i) {
    time += steps[i];
    times[i] = time;
  }
  const auto [least, most] = std::minmax_element(times.begin(), times.end());
  return *least == head.first_ms && *most == head.last_ms;
}

bool SegmentReader::State::read_event_questions(ByteReader* reader) {
  event_questions.resize(count());
  return decode_column<uint32_t>(reader, index_range(questions.size()), event_questions);
}

bool SegmentReader::State::read_event_clients(ByteReader* reader) {
  event_clients.resize(count());
  return decode_column<uint32_t>(reader, index_range(clients.size()), event_clients);
}

bool SegmentReader::State::read_event_traits(ByteReader* reader) {
  event_traits.resize(count());
  if (!decode_column<uint32_t>(reader, index_range(traits.size()), event_traits)) return false;
  std::array<uint64_t, kOutcomeCount> outcomes{};
  for (const uint32_t trait : event_traits) ++outcomes[static_cast<size_t>(traits[trait].outcome)];
  return outcomes == head.outcomes;
}

// The column is grouped by outcome; within an outcome it keeps the events' order.
bool SegmentReader::State::read_durations(ByteReader* reader) {
  std::vector<uint32_t> grouped(count());
  if (!decode_column<uint32_t>(reader, {0, UINT32_MAX}, grouped)) return false;
  std::array<size_t, kOutcomeCount> next{};
  for (size_t i = 1; i < kOutcomeCount; ++i) {
    next[i] = next[i - 1] + static_cast<size_t>(head.outcomes[i - 1]);
  }
  durations.resize(count());
  for (size_t i = 0; i < count(); ++i) {
    durations[i] = grouped[next[static_cast<size_t>(traits[event_traits[i]].outcome)]++];
  }
  return true;
}

bool SegmentReader::State::read_sizes(ByteReader* reader) {
  std::vector<uint32_t> surprises(count());
  if (!decode_column<uint32_t>(reader, {0, 2 * kSizeMax}, surprises)) return false;
  sizes.resize(count());
  for (size_t i = 0; i < count(); ++i) {
    const int64_t size = question_sizes[event_questions[i]] + unzigzag(surprises[i]);
    if (size < 0 || size > kSizeMax) return false;
    sizes[i] = static_cast<uint16_t>(size);
  }
  return true;
}

Status SegmentReader::State::check_part(Section section) {
  const SectionPart part = section == Section::kBloom  ? SectionPart::kBloom
                           : section < Section::kTimes ? SectionPart::kDictionaries
                                                       : SectionPart::kColumns;
  const uint32_t bit = uint32_t{1} << static_cast<unsigned>(part);
  if ((intact & bit) != 0) return {};
  WEIR_TRY(table.check_part(content, part));
  intact |= bit;
  return {};
}

Status SegmentReader::State::load(Section section) {
  using ReadSection = bool (State::*)(ByteReader*);
  struct Loader {
    ReadSection read;
    std::array<Section, 2> needs;  // the sections that it refers to; itself: none
  };
  using enum Section;
  static constexpr std::array<Loader, kSectionCount> kLoaders = {{
      {&State::read_bloom, {kBloom, kBloom}},
      {&State::read_names, {kNames, kNames}},
      {&State::read_questions, {kNames, kNames}},
      {&State::read_clients, {kClients, kClients}},
      {&State::read_strings, {kStrings, kStrings}},
      {&State::read_traits, {kStrings, kStrings}},
      {&State::read_times, {kTimes, kTimes}},
      {&State::read_event_questions, {kQuestions, kQuestions}},
      {&State::read_event_clients, {kClients, kClients}},
      {&State::read_event_traits, {kTraits, kTraits}},
      {&State::read_durations, {kEventTraits, kEventTraits}},
      {&State::read_sizes, {kQuestions, kEventQuestions}},
  }};
  if (is_loaded(section) || head.kind == SegmentKind::kGap) return {};
  const Loader& loader = kLoaders[static_cast<size_t>(section)];
  for (const Section needed : loader.needs) {
    if (needed != section) WEIR_TRY(load(needed));
  }
  WEIR_TRY(check_part(section));
  ByteReader reader(table.section(content, section));
  if (!(this->*loader.read)(&reader) || !reader.ok() || !reader.at_end()) {
    return corrupt("a segment's content is malformed");
  }
  loaded |= uint32_t{1} << static_cast<unsigned>(section);
  return {};
}

SegmentReader::SegmentReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentReader::~SegmentReader() = default;
SegmentReader::SegmentReader(SegmentReader&&) noexcept = default;
SegmentReader& SegmentReader::operator=(SegmentReader&&) noexcept = default;

Result<SegmentReader> SegmentReader::open(ByteView bytes) {
  WEIR_ASSIGN(SegmentReader reader, open_lazily(bytes));
  if (bytes.size() != reader.head().total_bytes) return corrupt("a segment has another length");
  reader.state_->trust = NameDictionary::Trust::kNone;
  for (size_t i = 0; i < kSectionCount; ++i) WEIR_TRY(reader.load(static_cast<Section>(i)));
  return reader;
}

Result<SegmentReader> SegmentReader::open_lazily(ByteView bytes) {
  auto state = std::make_unique<State>();
  WEIR_ASSIGN(state->head, read_segment_head(bytes));
  const SegmentHead& head = state->head;
  if (bytes.size() > head.total_bytes) return corrupt("a segment has another length");
  if (head.kind == SegmentKind::kGap) return SegmentReader(std::move(state));
  const size_t content_bytes = head.total_bytes - head.head_bytes;
  // Six columns of events have a byte per block at least: a count beyond that is a lie.
  if (head.count / kBlockValues > content_bytes) return corrupt("a segment is too short");
  state->content = bytes.subspan(head.head_bytes);
  WEIR_ASSIGN(state->table, SectionTable::read(state->content, head.content_crc, content_bytes));
  return SegmentReader(std::move(state));
}

Status SegmentReader::load(Section section) { return state_->load(section); }

const SegmentHead& SegmentReader::head() const { return state_->head; }
size_t SegmentReader::count() const { return state_->count(); }

Event SegmentReader::event(size_t i) const {
  const State& state = *state_;
  const Question& question = state.questions[state.event_questions[i]];
  const Trait& trait = state.traits[state.event_traits[i]];
  Event event;
  event.time_ms = state.times[i];
  event.client = state.clients[state.event_clients[i]];
  event.transport = trait.transport;
  event.outcome = trait.outcome;
  event.ad = trait.ad;
  event.qtype = question.qtype;
  event.rcode = trait.rcode;
  event.duration_us = state.durations[i];
  event.response_size = state.sizes[i];
  event.qname = state.names[question.name];
  event.list = trait.list;
  event.upstream = trait.upstream;
  return event;
}

bool SegmentReader::may_contain_name(std::string_view qname) const {
  const ByteView bloom = state_->bloom;
  const auto is_set = [&](size_t byte, uint8_t mask) { return (bloom[byte] & mask) != 0; };
  if (bloom.empty()) return count() > 0;
  return probe_bloom(qname, bloom.size(), is_set);
}

std::optional<size_t> SegmentReader::find_name(std::string_view qname) const {
  return state_->names.find(qname);
}

size_t SegmentReader::name_count() const { return state_->names.size(); }
std::string_view SegmentReader::name(size_t index) const { return state_->names[index]; }
uint32_t SegmentReader::name_index(size_t event) const {
  return state_->questions[state_->event_questions[event]].name;
}
size_t SegmentReader::client_count() const { return state_->clients.size(); }
const Client& SegmentReader::client(size_t index) const { return state_->clients[index]; }
uint32_t SegmentReader::client_index(size_t event) const { return state_->event_clients[event]; }
size_t SegmentReader::question_count() const { return state_->questions.size(); }
const SegmentReader::Question& SegmentReader::question(size_t index) const {
  return state_->questions[index];
}
uint32_t SegmentReader::question_index(size_t event) const {
  return state_->event_questions[event];
}
size_t SegmentReader::trait_count() const { return state_->traits.size(); }
const SegmentReader::Trait& SegmentReader::trait(size_t index) const {
  return state_->traits[index];
}
uint32_t SegmentReader::trait_index(size_t event) const { return state_->event_traits[event]; }
int64_t SegmentReader::time_ms(size_t event) const { return state_->times[event]; }
uint32_t SegmentReader::duration_us(size_t event) const { return state_->durations[event]; }

}  // namespace weir
