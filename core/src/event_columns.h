// Events taken apart into columns of small numbers: what a SegmentBuilder collects and the encoder
// reads.
//
// Numbers are given in order of first sight; the encoder renumbers, so that the bytes depend on the
// events alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "interner.h"
#include "weir/event.h"

namespace weir {

// An index into strings plus one, or 0 for none. Repeats of the last one skip the hash.
class OptionalStrings {
 public:
  uint32_t intern(std::string_view text) {
    if (text.empty()) return 0;
    if (last_ == 0 || !same_text(strings_[last_ - 1], text)) last_ = strings_.intern(text) + 1;
    return last_;
  }
  // Of a number that intern() gave.
  std::string_view text(uint32_t optional) const {
    return optional == 0 ? std::string_view() : strings_[optional - 1];
  }
  const StringInterner& strings() const { return strings_; }
  void clear() {
    strings_.clear();
    last_ = 0;
  }

 private:
  StringInterner strings_;
  uint32_t last_ = 0;
};

// What events have in common besides their question: packed into one number for the interner.
struct Trait {
  uint8_t bits = 0;  // trait_byte()
  uint16_t rcode = 0;
  uint32_t list = 0;  // OptionalStrings
  uint32_t upstream = 0;
  auto operator<=>(const Trait&) const = default;

  Outcome outcome() const { return static_cast<Outcome>(bits & 7); }
  Transport transport() const { return static_cast<Transport>(bits >> 3 & 3); }
  bool ad() const { return bits >> 5 != 0; }
  // 6 + 12 + 21 + 21 bits; a segment has at most 2^20 events, thus strings.
  uint64_t key() const {
    return bits | uint64_t{rcode} << 6 | uint64_t{list} << 18 | uint64_t{upstream} << 39;
  }
  static Trait of_key(uint64_t key) {
    return {.bits = static_cast<uint8_t>(key & 0x3f),
            .rcode = static_cast<uint16_t>(key >> 6 & 0xfff),
            .list = static_cast<uint32_t>(key >> 18 & 0x1fffff),
            .upstream = static_cast<uint32_t>(key >> 39)};
  }
};

constexpr uint64_t question_key(uint32_t name, uint16_t qtype) {
  return uint64_t{name} << 16 | qtype;
}

// Names and types together, so that a question that is there is found with one lookup. hash64 of a
// name comes in, for whoever asks and adds.
class QuestionInterner {
 public:
  void prefetch(uint16_t qtype, uint64_t hash) const { index_.prefetch(mixed(hash, qtype)); }
  // What intern() of a new question reads besides.
  void prefetch_name(uint64_t hash) const { names_.prefetch(hash); }
  // The number of a question that is there, or size().
  size_t find(std::string_view qname, uint16_t qtype, uint64_t hash) const {
    return index_.find(mixed(hash, qtype), [&](uint32_t other) { return is(other, qname, qtype); });
  }
  uint32_t intern(std::string_view qname, uint16_t qtype, uint64_t hash, bool* added) {
    const uint32_t number = index_.intern(
        mixed(hash, qtype), [&](uint32_t other) { return is(other, qname, qtype); }, added);
    if (*added) {
      const uint32_t name = names_.intern(qname, hash);
      longest_name_ = std::max(longest_name_, qname.size());
      questions_.push_back({names_.place(name), name, qtype});
    }
    return number;
  }
  uint64_t operator[](size_t number) const {
    return question_key(questions_[number].name, questions_[number].qtype);
  }
  size_t size() const { return questions_.size(); }
  const StringInterner& names() const { return names_; }
  size_t longest_name() const { return longest_name_; }
  void clear() {
    longest_name_ = 0;
    names_.clear();
    index_.clear();
    questions_.clear();
  }

 private:
  // All that a comparison needs besides the text.
  struct Question {
    StringInterner::Place place;  // of the name
    uint32_t name = 0;
    uint16_t qtype = 0;
  };

  // The hash of a name is mixed already.
  static uint64_t mixed(uint64_t hash, uint16_t qtype) { return hash + spread64(qtype); }
  bool is(size_t number, std::string_view qname, uint16_t qtype) const {
    const Question& question = questions_[number];
    return question.qtype == qtype && same_text(names_.at(question.place), qname);
  }

  StringInterner names_;
  size_t longest_name_ = 0;
  HashIndex index_;
  std::vector<Question> questions_;
};

class ClientInterner {
 public:
  // The number of a client that is there, or size().
  size_t find(const Client& client) const {
    return index_.find(hash_of(client), [&](uint32_t other) { return is(other, client); });
  }
  uint32_t intern(const Client& client) {
    bool added = false;
    const uint32_t number =
        index_.intern(hash_of(client), [&](uint32_t other) { return is(other, client); }, &added);
    if (added) clients_.push_back(client);
    return number;
  }
  const Client& operator[](size_t number) const { return clients_[number]; }
  size_t size() const { return clients_.size(); }
  void clear() {
    index_.clear();
    clients_.clear();
  }

 private:
  static uint64_t low(const Client& client) { return load_le<uint64_t>(client.bytes.data()); }
  static uint64_t high(const Client& client) { return load_le<uint64_t>(client.bytes.data() + 8); }
  static uint64_t hash_of(const Client& client) {
    return mix64(spread64(low(client)) + high(client) + static_cast<uint64_t>(client.kind));
  }
  // As ==, which would call memcmp.
  bool is(size_t number, const Client& client) const {
    const Client& other = clients_[number];
    return other.kind == client.kind && low(other) == low(client) && high(other) == high(client);
  }

  HashIndex index_;
  std::vector<Client> clients_;
};

struct EventColumns {
  QuestionInterner questions;
  std::vector<uint32_t> question_sizes;  // of each question's first answer
  KeyInterner traits;                    // Trait::key()
  OptionalStrings lists;
  OptionalStrings upstreams;
  ClientInterner clients;

  // One entry per event.
  std::vector<uint32_t> time;  // ms since start_ms
  std::vector<uint32_t> question;
  std::vector<uint32_t> client;
  std::vector<uint32_t> trait;
  std::vector<uint32_t> duration;
  std::vector<uint32_t> size;

  int64_t start_ms = 0;  // of the span that all lie in
  std::array<uint64_t, kOutcomeCount> outcomes{};

  size_t count() const { return time.size(); }
  // Forgets everything and keeps its memory.
  void clear() {
    questions.clear();
    traits.clear();
    lists.clear();
    upstreams.clear();
    clients.clear();
    for (auto* const column :
         {&question_sizes, &time, &question, &client, &trait, &duration, &size}) {
      column->clear();
    }
    outcomes.fill(0);
  }
};

// Makes the content of a segment with these events, at least one, in parts of some milliseconds.
class ContentEncoder {
 public:
  // `events` must outlive the encoder and stay as they are.
  explicit ContentEncoder(const EventColumns& events);
  ~ContentEncoder();
  ContentEncoder(ContentEncoder&&) noexcept;
  ContentEncoder& operator=(ContentEncoder&&) noexcept;

  // Does the next part; false if that was the last one.
  bool step();
  // Once step() was false: what the head says of the content, and the content.
  size_t size() const;
  uint32_t crc() const;
  void append_to(std::vector<uint8_t>* out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
