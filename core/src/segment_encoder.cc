// The content of a segment: dictionaries sorted and renumbered, then chunks of columns.
// docs/segment_format.md has the layout; the order here is the order there.
#include <algorithm>
#include <numeric>

#include "column.h"
#include "event_columns.h"
#include "name_dictionary.h"
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

template <class Less>
Order order_of(size_t count, Less less) {
  Order order;
  order.sorted.resize(count);
  std::iota(order.sorted.begin(), order.sorted.end(), 0U);
  std::sort(order.sorted.begin(), order.sorted.end(), less);
  order.rank.resize(count);
  for (size_t i = 0; i < count; ++i) order.rank[order.sorted[i]] = static_cast<uint32_t>(i);
  return order;
}

Order order_of_strings(const StringInterner& strings) {
  return order_of(strings.size(),
                  [&](uint32_t left, uint32_t right) { return strings[left] < strings[right]; });
}

Order order_of_names(const StringInterner& names) {
  // The last eight bytes decide most comparisons without touching the text.
  std::vector<uint64_t> keys(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string_view name = names[i];
    for (size_t k = 0; k < 8; ++k) {
      const uint64_t byte = k < name.size() ? static_cast<uint8_t>(name[name.size() - 1 - k]) : 0;
      keys[i] = keys[i] << 8 | byte;
    }
  }
  return order_of(names.size(), [&](uint32_t left, uint32_t right) {
    if (keys[left] != keys[right]) return keys[left] < keys[right];
    return reversed_less(names[left], names[right]);
  });
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

class ContentEncoder {
 public:
  explicit ContentEncoder(const EventColumns& events);
  Bytes encode(uint32_t* content_crc);

 private:
  Bytes bloom() const;
  Bytes names() const;
  Bytes questions() const;
  Bytes clients() const;
  Bytes strings() const;
  Bytes traits() const;
  std::vector<uint32_t> question_groups() const;

  Bytes chunk(const ChunkBounds& bounds);
  // Each appends a column of the chunk's events.
  void ranks(const ChunkBounds& bounds, std::span<const uint32_t> numbers, const Order& order,
             Bytes* out);
  void times(const ChunkBounds& bounds, Bytes* out);
  void durations(const ChunkBounds& bounds, Bytes* out);
  void sizes(const ChunkBounds& bounds, Bytes* out);

  uint16_t qtype(uint32_t question) const {
    return static_cast<uint16_t>(events_.questions[question]);
  }
  uint32_t name(uint32_t question) const {
    return static_cast<uint32_t>(events_.questions[question] >> 16);
  }
  Trait ranked_trait(uint32_t number) const;

  const EventColumns& events_;
  Order names_;
  Order questions_;
  Order clients_;
  Order lists_;
  Order upstreams_;
  Order traits_;
  std::vector<uint8_t> outcome_of_trait_;  // by number
  std::vector<int64_t> values_;            // of a column under way
};

ContentEncoder::ContentEncoder(const EventColumns& events)
    : events_(events),
      names_(order_of_names(events.names)),
      clients_(order_of_strings(events.clients)),
      lists_(order_of_strings(events.lists.strings())),
      upstreams_(order_of_strings(events.upstreams.strings())) {
  questions_ = order_of(events.questions.size(), [&](uint32_t left, uint32_t right) {
    const uint64_t left_key = question_key(names_.rank[name(left)], qtype(left));
    return left_key < question_key(names_.rank[name(right)], qtype(right));
  });
  // The most used first, so that most events need few bits.
  const std::vector<uint64_t> uses = count_uses(events.trait, events.traits.size());
  std::vector<Trait> ranked;
  for (uint32_t i = 0; i < events.traits.size(); ++i) ranked.push_back(ranked_trait(i));
  traits_ = order_of(events.traits.size(), [&](uint32_t left, uint32_t right) {
    return uses[left] != uses[right] ? uses[left] > uses[right] : ranked[left] < ranked[right];
  });
  for (const Trait& trait : ranked) outcome_of_trait_.push_back(trait.bits & 7);
}

Trait ContentEncoder::ranked_trait(uint32_t number) const {
  Trait trait = Trait::of_key(events_.traits[number]);
  trait.list = optional_rank(trait.list, lists_);
  trait.upstream = optional_rank(trait.upstream, upstreams_);
  return trait;
}

Bytes ContentEncoder::bloom() const {
  if (events_.count() < kBloomEventsMin) return {};
  Bytes out((events_.names.size() * kBloomBitsPerName + 7) / 8);
  for (size_t i = 0; i < events_.names.size(); ++i) {
    probe_bloom(events_.names[i], out.size(), [&](size_t byte, uint8_t mask) {
      out[byte] |= mask;
      return true;
    });
  }
  return out;
}

Bytes ContentEncoder::names() const {
  std::vector<std::string_view> sorted;
  sorted.reserve(names_.size());
  for (const uint32_t number : names_.sorted) sorted.push_back(events_.names[number]);
  Bytes out;
  encode_names(sorted, &out);
  return out;
}

Bytes ContentEncoder::questions() const {
  KeyInterner types;
  std::vector<uint32_t> type_numbers;
  std::vector<int64_t> steps;
  std::vector<int64_t> sizes;
  uint32_t last_name = 0;
  for (const uint32_t number : questions_.sorted) {
    bool added = false;
    type_numbers.push_back(types.intern(qtype(number), &added));
    const uint32_t name_rank = names_.rank[name(number)];
    steps.push_back(name_rank - last_name);
    last_name = name_rank;
    sizes.push_back(events_.question_sizes[number]);
  }
  const std::vector<uint64_t> uses = count_uses(type_numbers, types.size());
  const Order order = order_of(types.size(), [&](uint32_t left, uint32_t right) {
    return uses[left] != uses[right] ? uses[left] > uses[right] : types[left] < types[right];
  });
  Bytes out;
  ByteWriter writer(out);
  writer.varint(types.size());
  for (const uint32_t number : order.sorted) writer.varint(types[number]);
  writer.varint(questions_.size());
  encode_column(steps, &out);
  std::vector<int64_t> type_ranks;
  for (const uint32_t number : type_numbers) type_ranks.push_back(order.rank[number]);
  encode_column(type_ranks, &out);
  encode_column(sizes, &out);
  if (chunks_of(events_.count()) < 2) return out;
  const std::vector<uint32_t> groups = question_groups();
  encode_column(std::vector<int64_t>(groups.begin(), groups.end()), &out);
  return out;
}

// By rank: a bit for each group of chunks that the question occurs in.
std::vector<uint32_t> ContentEncoder::question_groups() const {
  std::vector<uint32_t> groups(questions_.size());
  const size_t events_per_group =
      chunks_per_group(chunks_of(events_.count())) * kSegmentChunkEvents;
  for (size_t i = 0; i < events_.count(); ++i) {
    groups[questions_.rank[events_.question[i]]] |= 1U << (i / events_per_group);
  }
  return groups;
}

Bytes ContentEncoder::clients() const {
  std::array<uint64_t, kClientKindCount> kinds{};
  for (size_t i = 0; i < clients_.size(); ++i) {
    ++kinds[static_cast<uint8_t>(events_.clients[i][0])];
  }
  Bytes out;
  ByteWriter writer(out);
  for (const uint64_t count : kinds) writer.varint(count);
  for (const uint32_t number : clients_.sorted) {
    const std::string_view key = events_.clients[number];
    Client client;
    client.kind = static_cast<Client::Kind>(key[0]);
    writer.text(key.substr(1, client.size()));
  }
  return out;
}

Bytes ContentEncoder::strings() const {
  Bytes out;
  ByteWriter writer(out);
  const auto write = [&writer](const StringInterner& strings, const Order& order) {
    writer.varint(order.size());
    for (const uint32_t number : order.sorted) writer.sized_text(strings[number]);
  };
  write(events_.lists.strings(), lists_);
  write(events_.upstreams.strings(), upstreams_);
  return out;
}

Bytes ContentEncoder::traits() const {
  Bytes out;
  ByteWriter writer(out);
  writer.varint(traits_.size());
  for (const uint32_t number : traits_.sorted) {
    const Trait trait = ranked_trait(number);
    writer.u8(trait.bits);
    writer.varint(trait.rcode);
    writer.varint(trait.list);
    writer.varint(trait.upstream);
  }
  return out;
}

void ContentEncoder::ranks(const ChunkBounds& bounds, std::span<const uint32_t> numbers,
                           const Order& order, Bytes* out) {
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    values_[i - bounds.begin] = order.rank[numbers[i]];
  }
  encode_column(values_, out);
}

void ContentEncoder::times(const ChunkBounds& bounds, Bytes* out) {
  values_[0] = 0;
  for (size_t i = bounds.begin + 1; i < bounds.end; ++i) {
    values_[i - bounds.begin] = int64_t{events_.time[i]} - int64_t{events_.time[i - 1]};
  }
  ByteWriter(*out).varint(static_cast<uint64_t>(events_.start_ms + events_.time[bounds.begin]));
  encode_column(values_, out);
}

// Grouped by outcome, because a cached answer's duration says nothing about a forwarded one's.
void ContentEncoder::durations(const ChunkBounds& bounds, Bytes* out) {
  std::array<size_t, kOutcomeCount + 1> next{};
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    ++next[size_t{outcome_of_trait_[events_.trait[i]]} + 1];
  }
  for (size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    values_[next[outcome_of_trait_[events_.trait[i]]]++] = events_.duration[i];
  }
  encode_column(values_, out);
}

// Each as its difference from the size of the question's first answer.
void ContentEncoder::sizes(const ChunkBounds& bounds, Bytes* out) {
  for (size_t i = bounds.begin; i < bounds.end; ++i) {
    const int64_t expected = events_.question_sizes[events_.question[i]];
    values_[i - bounds.begin] = static_cast<int64_t>(zigzag(int64_t{events_.size[i]} - expected));
  }
  encode_column(values_, out);
}

Bytes ContentEncoder::chunk(const ChunkBounds& bounds) {
  values_.resize(bounds.end - bounds.begin);
  Bytes columns;
  std::array<size_t, kColumnCount> ends{};
  ranks(bounds, events_.question, questions_, &columns);
  ends[0] = columns.size();
  ranks(bounds, events_.client, clients_, &columns);
  ends[1] = columns.size();
  ranks(bounds, events_.trait, traits_, &columns);
  ends[2] = columns.size();
  times(bounds, &columns);
  ends[3] = columns.size();
  durations(bounds, &columns);
  ends[4] = columns.size();
  sizes(bounds, &columns);
  ends[5] = columns.size();
  Bytes out;
  ByteWriter writer(out);
  for (size_t i = 0; i < kColumnCount; ++i) writer.varint(ends[i] - (i == 0 ? 0 : ends[i - 1]));
  writer.bytes(columns);
  return out;
}

Bytes ContentEncoder::encode(uint32_t* content_crc) {
  ContentParts parts;
  parts.sections = {bloom(), names(), questions(), clients(), strings(), traits()};
  const size_t chunks = chunks_of(events_.count());
  for (size_t i = 0; i < chunks; ++i) {
    const size_t begin = i * kSegmentChunkEvents;
    parts.chunks.push_back(chunk({begin, std::min(begin + kSegmentChunkEvents, events_.count())}));
  }
  return make_content(parts, content_crc);
}

}  // namespace

std::vector<uint8_t> encode_content(const EventColumns& events, uint32_t* content_crc) {
  return ContentEncoder(events).encode(content_crc);
}

}  // namespace weir
