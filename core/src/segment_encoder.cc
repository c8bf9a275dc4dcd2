// The content of a segment: dictionaries sorted and renumbered, then chunks of columns.
// docs/segment_format.md has the layout; the order here is the order there.
#include <algorithm>
#include <numeric>

#include "column.h"
#include "event_columns.h"
#include "name_dictionary.h"
#include "page_index.h"
#include "question_page.h"
#include "section_table.h"
#include "segment_content.h"

namespace weir {
namespace {

// The numbers of things in sorted order, and the rank of each number in it.
struct Order {
  std::vector<uint32_t> sorted;
  std::vector<uint32_t> rank;

  size_t size() const { return sorted.size(); }
};

Order ranked(std::vector<uint32_t> sorted) {
  Order order;
  order.rank.resize(sorted.size());
  for (size_t i = 0; i < sorted.size(); ++i) order.rank[sorted[i]] = static_cast<uint32_t>(i);
  order.sorted = std::move(sorted);
  return order;
}

template <class Less>
Order order_of(size_t count, Less less) {
  std::vector<uint32_t> sorted(count);
  std::iota(sorted.begin(), sorted.end(), 0U);
  std::sort(sorted.begin(), sorted.end(), less);
  return ranked(std::move(sorted));
}

Order order_of_strings(const StringInterner& strings) {
  return order_of(strings.size(),
                  [&](uint32_t left, uint32_t right) { return strings[left] < strings[right]; });
}

Order order_of_names(const StringInterner& names) {
  std::vector<std::string_view> texts;
  texts.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) texts.push_back(names[i]);
  return ranked(reversed_order(texts));
}

std::vector<uint64_t> count_uses(std::span<const uint32_t> numbers, size_t size) {
  std::vector<uint64_t> uses(size);
  for (const uint32_t number : numbers) ++uses[number];
  return uses;
}

// Rank of an optional string: 0 stays 0.
uint32_t optional_rank(uint32_t optional, const Order& order) {
  return optional == 0 ? 0 : order.rank[optional - 1] + 1;
}

// The events [begin, end) of a chunk.
struct ChunkBounds {
  size_t begin = 0;
  size_t end = 0;
};

constexpr size_t kChunksPerStep = 4;

}  // namespace

struct ContentEncoder::State {
  explicit State(const EventColumns& columns) : events(columns) {}

  // The parts, in order; chunks until there are no more.
  void order_texts();
  void order_combinations();
  void order_types();
  Order order_of_questions() const;
  void encode_dictionaries();
  void encode_pages();
  void encode_chunks();
  size_t chunks_done() const { return parts.chunks[0].size(); }

  Bytes clients() const;
  Bytes strings() const;
  Bytes traits() const;
  Bytes bloom() const;
  PageContent page(std::span<const uint32_t> questions) const;
  std::vector<QuestionChunks> places() const;

  void encode_chunk(const ChunkBounds& bounds);
  // Each appends a column of the chunk's events.
  void ranks(const ChunkBounds& bounds, std::span<const uint32_t> numbers, const Order& order,
             Bytes* out);
  void times(const ChunkBounds& bounds, Bytes* out);
  void durations(const ChunkBounds& bounds, Bytes* out);
  void sizes(const ChunkBounds& bounds, Bytes* out);

  uint16_t qtype(uint32_t question) const {
    return static_cast<uint16_t>(events.questions[question]);
  }
  uint32_t name(uint32_t question) const {
    return static_cast<uint32_t>(events.questions[question] >> 16);
  }
  Trait ranked_trait(uint32_t number) const;

  const EventColumns& events;
  size_t parts_done = 0;
  Order names_order;
  Order questions_order;
  Order clients_order;
  Order lists_order;
  Order upstreams_order;
  Order traits_order;
  std::vector<uint16_t> types;            // by index
  std::vector<uint32_t> type_index;       // by type
  std::vector<uint8_t> outcome_of_trait;  // by number
  std::vector<uint32_t> values;           // of a column under way
  std::vector<int32_t> time_steps;        // likewise
  ContentParts parts;
  Bytes table;  // of them
};

void ContentEncoder::State::order_texts() {
  names_order = order_of_names(events.questions.names());
  clients_order = order_of(events.clients.size(), [&](uint32_t left, uint32_t right) {
    return events.clients[left] < events.clients[right];
  });
  lists_order = order_of_strings(events.lists.strings());
  upstreams_order = order_of_strings(events.upstreams.strings());
}

// By the ranks of their names, which are counted; those of a name, which are few, by type.
Order ContentEncoder::State::order_of_questions() const {
  const size_t size = events.questions.size();
  const auto rank = [this](size_t question) {
    return size_t{names_order.rank[name(static_cast<uint32_t>(question))]};
  };
  std::vector<size_t> begins(names_order.size() + 1);  // at first, where those of each name end
  for (size_t i = 0; i < size; ++i) ++begins[rank(i)];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<uint32_t> sorted(size);
  for (size_t i = 0; i < size; ++i) sorted[--begins[rank(i)]] = static_cast<uint32_t>(i);
  for (size_t i = 0; i + 1 < begins.size(); ++i) {
    std::sort(sorted.data() + begins[i], sorted.data() + begins[i + 1],
              [this](uint32_t left, uint32_t right) { return qtype(left) < qtype(right); });
  }
  return ranked(std::move(sorted));
}

// The most used first.
void ContentEncoder::State::order_types() {
  std::vector<uint32_t> uses(UINT16_MAX + 1);
  for (uint32_t i = 0; i < events.questions.size(); ++i) {
    if (++uses[qtype(i)] == 1) types.push_back(qtype(i));
  }
  std::sort(types.begin(), types.end(), [&](uint16_t left, uint16_t right) {
    return uses[left] != uses[right] ? uses[left] > uses[right] : left < right;
  });
  type_index = std::move(uses);
  for (uint32_t i = 0; i < types.size(); ++i) type_index[types[i]] = i;
}

void ContentEncoder::State::order_combinations() {
  questions_order = order_of_questions();
  order_types();
  // The most used first, so that most events need few bits.
  const std::vector<uint64_t> uses = count_uses(events.trait, events.traits.size());
  std::vector<Trait> traits;
  for (uint32_t i = 0; i < events.traits.size(); ++i) traits.push_back(ranked_trait(i));
  traits_order = order_of(events.traits.size(), [&](uint32_t left, uint32_t right) {
    return uses[left] != uses[right] ? uses[left] > uses[right] : traits[left] < traits[right];
  });
  for (const Trait& trait : traits) outcome_of_trait.push_back(trait.bits & 7);
}

Trait ContentEncoder::State::ranked_trait(uint32_t number) const {
  Trait trait = Trait::of_key(events.traits[number]);
  trait.list = optional_rank(trait.list, lists_order);
  trait.upstream = optional_rank(trait.upstream, upstreams_order);
  return trait;
}

Bytes ContentEncoder::State::bloom() const {
  if (events.count() < kBloomEventsMin) return {};
  const StringInterner& names = events.questions.names();
  Bytes out((names.size() * kBloomBitsPerName + 7) / 8);
  for (size_t i = 0; i < names.size(); ++i) {
    probe_bloom(names[i], out.size(), [&](size_t byte, uint8_t mask) {
      out[byte] |= mask;
      return true;
    });
  }
  return out;
}

Bytes ContentEncoder::State::clients() const {
  std::array<uint64_t, kClientKindCount> kinds{};
  for (size_t i = 0; i < clients_order.size(); ++i) {
    ++kinds[static_cast<size_t>(events.clients[i].kind)];
  }
  Bytes out;
  ByteWriter writer(out);
  for (const uint64_t count : kinds) writer.varint(count);
  for (const uint32_t number : clients_order.sorted) {
    const Client& client = events.clients[number];
    writer.bytes(std::span(client.bytes).first(client.size()));
  }
  return out;
}

Bytes ContentEncoder::State::strings() const {
  Bytes out;
  ByteWriter writer(out);
  const auto write = [&writer](const StringInterner& strings, const Order& order) {
    writer.varint(order.size());
    for (const uint32_t number : order.sorted) writer.sized_text(strings[number]);
  };
  write(events.lists.strings(), lists_order);
  write(events.upstreams.strings(), upstreams_order);
  return out;
}

Bytes ContentEncoder::State::traits() const {
  Bytes out;
  ByteWriter writer(out);
  writer.varint(traits_order.size());
  for (const uint32_t number : traits_order.sorted) {
    const Trait trait = ranked_trait(number);
    writer.u8(trait.bits);
    writer.varint(trait.rcode);
    writer.varint(trait.list);
    writer.varint(trait.upstream);
  }
  return out;
}

// Of the questions in their order; none in a segment of one chunk.
std::vector<QuestionChunks> ContentEncoder::State::places() const {
  std::vector<QuestionChunks> chunks;
  if (chunks_of(events.count()) < 2) return chunks;
  chunks.resize(questions_order.size());
  for (size_t i = 0; i < events.count(); ++i) {
    chunks[questions_order.rank[events.question[i]]].add(i / kSegmentChunkEvents);
  }
  return chunks;
}

PageContent ContentEncoder::State::page(std::span<const uint32_t> questions) const {
  PageContent content;
  uint32_t last_name = UINT32_MAX;
  for (const uint32_t number : questions) {
    const bool is_next = name(number) != last_name;
    content.name_steps.push_back(is_next && !content.names.empty() ? 1 : 0);
    if (is_next) content.names.push_back(events.questions.names()[name(number)]);
    last_name = name(number);
    content.types.push_back(type_index[qtype(number)]);
    content.answer_sizes.push_back(events.question_sizes[number]);
  }
  return content;
}

void ContentEncoder::State::encode_pages() {
  const std::vector<QuestionChunks> chunks = places();
  const std::span<const uint32_t> questions(questions_order.sorted);
  PageIndexWriter index;
  Bytes& pages = parts.sections[static_cast<size_t>(Section::kPages)];
  for (size_t first = 0; first < questions.size(); first += kPageQuestions) {
    const size_t size = std::min(kPageQuestions, questions.size() - first);
    PageContent content = page(questions.subspan(first, size));
    if (!chunks.empty()) content.chunks = std::span(chunks).subspan(first, size);
    const size_t start = pages.size();
    encode_page(content, &pages);
    index.add(ByteView(pages).subspan(start), content.names[0]);
  }
  index.encode(types, questions.size(), &parts.sections[static_cast<size_t>(Section::kIndex)]);
}

void ContentEncoder::State::ranks(const ChunkBounds& bounds, std::span<const uint32_t> numbers,
                                  const Order& order, Bytes* out) {
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    values[i - bounds.begin] = order.rank[numbers[i]];
  }
  encode_column(values, out);
}

void ContentEncoder::State::times(const ChunkBounds& bounds, Bytes* out) {
  time_steps[0] = 0;
  for (size_t i = bounds.begin + 1; i < bounds.end; ++i) {  // within a day, so below 2^31
    time_steps[i - bounds.begin] = static_cast<int32_t>(events.time[i] - events.time[i - 1]);
  }
  ByteWriter(*out).varint(static_cast<uint64_t>(events.start_ms + events.time[bounds.begin]));
  encode_column(time_steps, out);
}

// Grouped by outcome, because a cached answer's duration says nothing about a forwarded one's.
void ContentEncoder::State::durations(const ChunkBounds& bounds, Bytes* out) {
  std::array<size_t, kOutcomeCount + 1> next{};
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    ++next[size_t{outcome_of_trait[events.trait[i]]} + 1];
  }
  for (size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    values[next[outcome_of_trait[events.trait[i]]]++] = events.duration[i];
  }
  encode_column(values, out);
}

// Each as its difference from the size of the question's first answer.
void ContentEncoder::State::sizes(const ChunkBounds& bounds, Bytes* out) {
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    const int64_t expected = events.question_sizes[events.question[i]];
    values[i - bounds.begin] = static_cast<uint32_t>(zigzag(int64_t{events.size[i]} - expected));
  }
  encode_column(values, out);
}

void ContentEncoder::State::encode_chunk(const ChunkBounds& bounds) {
  values.resize(bounds.end - bounds.begin);
  time_steps.resize(values.size());
  auto& [of_questions, of_rest] = parts.chunks;
  ranks(bounds, events.question, questions_order, &of_questions.emplace_back());
  std::array<Bytes, kColumnCount - 1> columns;
  ranks(bounds, events.client, clients_order, &columns[0]);
  ranks(bounds, events.trait, traits_order, &columns[1]);
  times(bounds, &columns[2]);
  durations(bounds, &columns[3]);
  sizes(bounds, &columns[4]);
  ByteWriter writer(of_rest.emplace_back());
  for (const Bytes& column : columns) writer.varint(column.size());
  for (const Bytes& column : columns) writer.bytes(column);
}

void ContentEncoder::State::encode_dictionaries() {
  const auto section = [this](Section which) -> Bytes& {
    return parts.sections[static_cast<size_t>(which)];
  };
  section(Section::kClients) = clients();
  section(Section::kStrings) = strings();
  section(Section::kTraits) = traits();
  section(Section::kBloom) = bloom();
}

void ContentEncoder::State::encode_chunks() {
  const size_t end = std::min(chunks_done() + kChunksPerStep, chunks_of(events.count()));
  while (chunks_done() < end) {
    const size_t begin = chunks_done() * kSegmentChunkEvents;
    encode_chunk({begin, std::min(begin + kSegmentChunkEvents, events.count())});
  }
}

ContentEncoder::ContentEncoder(const EventColumns& events)
    : state_(std::make_unique<State>(events)) {}
ContentEncoder::~ContentEncoder() = default;
ContentEncoder::ContentEncoder(ContentEncoder&&) noexcept = default;
ContentEncoder& ContentEncoder::operator=(ContentEncoder&&) noexcept = default;

bool ContentEncoder::step() {
  using Part = void (State::*)();
  constexpr std::array<Part, 4> kParts = {&State::order_texts, &State::order_combinations,
                                          &State::encode_dictionaries, &State::encode_pages};
  State& state = *state_;
  if (state.parts_done < kParts.size()) {
    (state.*kParts[state.parts_done++])();
    return true;
  }
  if (state.chunks_done() < chunks_of(state.events.count())) {
    state.encode_chunks();
    return true;
  }
  state.table = make_table(state.parts);
  return false;
}

size_t ContentEncoder::size() const {
  size_t size = state_->table.size();
  for (const Bytes& section : state_->parts.sections) size += section.size();
  for (const std::vector<Bytes>& part : state_->parts.chunks) {
    for (const Bytes& chunk : part) size += chunk.size();
  }
  return size;
}

uint32_t ContentEncoder::crc() const { return crc32c(state_->table); }

void ContentEncoder::append_to(Bytes* out) const {
  ByteWriter writer(*out);
  writer.bytes(state_->table);
  for (const Bytes& section : state_->parts.sections) writer.bytes(section);
  for (const std::vector<Bytes>& part : state_->parts.chunks) {
    for (const Bytes& chunk : part) writer.bytes(chunk);
  }
}

}  // namespace weir
