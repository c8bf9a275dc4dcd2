// The content of a segment: dictionaries sorted and renumbered, then columns.
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

class ContentEncoder {
 public:
  explicit ContentEncoder(const EventColumns& events);
  Bytes encode(uint32_t* content_crc);

 private:
  // Begins the next section; its bytes are what is appended until the next call.
  void section(Section section);
  void column(const std::vector<int64_t>& values) { encode_column(values, &body_); }
  void column_of_ranks(std::span<const uint32_t> numbers, const Order& order);

  void bloom();
  void names();
  void questions();
  void clients();
  void strings();
  void traits();
  void times();
  void durations();
  void sizes();

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
  Bytes body_;
  ByteWriter writer_;
  std::array<size_t, kSectionCount> starts_{};
};

ContentEncoder::ContentEncoder(const EventColumns& events)
    : events_(events),
      names_(order_of_names(events.names)),
      clients_(order_of_strings(events.clients)),
      lists_(order_of_strings(events.lists.strings())),
      upstreams_(order_of_strings(events.upstreams.strings())),
      writer_(body_) {
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
}

Trait ContentEncoder::ranked_trait(uint32_t number) const {
  Trait trait = Trait::of_key(events_.traits[number]);
  trait.list = optional_rank(trait.list, lists_);
  trait.upstream = optional_rank(trait.upstream, upstreams_);
  return trait;
}

void ContentEncoder::section(Section section) {
  starts_[static_cast<size_t>(section)] = body_.size();
}

void ContentEncoder::column_of_ranks(std::span<const uint32_t> numbers, const Order& order) {
  std::vector<int64_t> values(numbers.size());
  std::transform(numbers.begin(), numbers.end(), values.begin(),
                 [&](uint32_t number) { return int64_t{order.rank[number]}; });
  column(values);
}

void ContentEncoder::bloom() {
  if (events_.count() < kBloomEventsMin) return;
  const size_t bytes = (events_.names.size() * kBloomBitsPerName + 7) / 8;
  body_.resize(bytes);
  for (size_t i = 0; i < events_.names.size(); ++i) {
    probe_bloom(events_.names[i], bytes, [&](size_t byte, uint8_t mask) {
      body_[byte] |= mask;
      return true;
    });
  }
}

void ContentEncoder::names() {
  std::vector<std::string_view> sorted;
  sorted.reserve(names_.size());
  for (const uint32_t number : names_.sorted) sorted.push_back(events_.names[number]);
  encode_names(sorted, &body_);
}

void ContentEncoder::questions() {
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
  writer_.varint(types.size());
  for (const uint32_t number : order.sorted) writer_.varint(types[number]);
  writer_.varint(questions_.size());
  column(steps);
  column_of_ranks(type_numbers, order);
  column(sizes);
}

void ContentEncoder::clients() {
  std::array<uint64_t, kClientKindCount> kinds{};
  for (size_t i = 0; i < clients_.size(); ++i) {
    ++kinds[static_cast<uint8_t>(events_.clients[i][0])];
  }
  for (const uint64_t count : kinds) writer_.varint(count);
  for (const uint32_t number : clients_.sorted) {
    const std::string_view key = events_.clients[number];
    Client client;
    client.kind = static_cast<Client::Kind>(key[0]);
    writer_.text(key.substr(1, client.size()));
  }
}

void ContentEncoder::strings() {
  const auto write = [this](const StringInterner& strings, const Order& order) {
    writer_.varint(order.size());
    for (const uint32_t number : order.sorted) writer_.sized_text(strings[number]);
  };
  write(events_.lists.strings(), lists_);
  write(events_.upstreams.strings(), upstreams_);
}

void ContentEncoder::traits() {
  writer_.varint(traits_.size());
  for (const uint32_t number : traits_.sorted) {
    const Trait trait = ranked_trait(number);
    writer_.u8(trait.bits);
    writer_.varint(trait.rcode);
    writer_.varint(trait.list);
    writer_.varint(trait.upstream);
  }
}

void ContentEncoder::times() {
  std::vector<int64_t> steps(events_.count());
  for (size_t i = 1; i < steps.size(); ++i) {
    steps[i] = int64_t{events_.time[i]} - int64_t{events_.time[i - 1]};
  }
  writer_.varint(static_cast<uint64_t>(events_.hour_ms + events_.time[0]));
  column(steps);
}

// Grouped by outcome, because a cached answer's duration says nothing about a forwarded one's.
void ContentEncoder::durations() {
  std::array<size_t, kOutcomeCount> next{};
  for (size_t i = 1; i < kOutcomeCount; ++i) {
    next[i] = next[i - 1] + static_cast<size_t>(events_.outcomes[i - 1]);
  }
  std::vector<int64_t> values(events_.count());
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t outcome = Trait::of_key(events_.traits[events_.trait[i]]).bits & 7;
    values[next[outcome]++] = events_.duration[i];
  }
  column(values);
}

// Each as its difference from the size of the question's first answer.
void ContentEncoder::sizes() {
  std::vector<int64_t> values(events_.count());
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t expected = events_.question_sizes[events_.question[i]];
    values[i] = static_cast<int64_t>(zigzag(int64_t{events_.size[i]} - expected));
  }
  column(values);
}

Bytes ContentEncoder::encode(uint32_t* content_crc) {
  section(Section::kBloom);
  bloom();
  section(Section::kNames);
  names();
  section(Section::kQuestions);
  questions();
  section(Section::kClients);
  clients();
  section(Section::kStrings);
  strings();
  section(Section::kTraits);
  traits();
  section(Section::kTimes);
  times();
  section(Section::kEventQuestions);
  column_of_ranks(events_.question, questions_);
  section(Section::kEventClients);
  column_of_ranks(events_.client, clients_);
  section(Section::kEventTraits);
  column_of_ranks(events_.trait, traits_);
  section(Section::kDurations);
  durations();
  section(Section::kSizes);
  sizes();
  return make_content(starts_, body_, content_crc);
}

}  // namespace

std::vector<uint8_t> encode_content(const EventColumns& events, uint32_t* content_crc) {
  return ContentEncoder(events).encode(content_crc);
}

}  // namespace weir
