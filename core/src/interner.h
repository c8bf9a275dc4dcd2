// Interners give equal keys one small number each, in order of first sight.
//
// Open addressing over a flat array of (half of the hash, number) pairs: a lookup touches one cache
// line of the table and, on a match, the key itself. Numbers are dense from 0, so columns can be
// arrays. Thread-compatible.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hash.h"

namespace weir {

// The table alone: keys live with its owner.
class HashIndex {
 public:
  HashIndex() : slots_(kSlotsMin) {}

  // The number of the key with this hash for which equals(number) holds; a new key gets size().
  template <class Equals>
  uint32_t intern(uint64_t hash, Equals equals, bool* added) {
    Slot& slot = slots_[slot_of(hash, equals)];
    *added = slot.number_plus_1 == 0;
    if (!*added) return slot.number_plus_1 - 1;
    const auto number = static_cast<uint32_t>(size_++);
    slot = {tag_of(hash), number + 1};
    if (size_ * 2 > slots_.size()) grow();
    return number;
  }

  // Begins to load what a lookup of this hash reads first: for who can do something else meanwhile.
  void prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[first_slot(tag_of(hash))]); }
  // The number of a key that is there, or size().
  template <class Equals>
  size_t find(uint64_t hash, Equals equals) const {
    const Slot& slot = slots_[slot_of(hash, equals)];
    return slot.number_plus_1 == 0 ? size_ : slot.number_plus_1 - 1;
  }
  // Forgets the keys and keeps its memory.
  void clear() {
    std::fill(slots_.begin(), slots_.end(), Slot());
    size_ = 0;
  }

 private:
  static constexpr size_t kSlotsMin = 16;  // a power of two, as all sizes
  struct Slot {
    uint32_t tag = 0;  // the upper half of the hash, which also says where to begin
    uint32_t number_plus_1 = 0;
  };

  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  size_t first_slot(uint32_t tag) const { return tag & (slots_.size() - 1); }
  size_t next_slot(size_t at) const { return (at + 1) & (slots_.size() - 1); }

  // The key's, or the free one where it belongs.
  template <class Equals>
  size_t slot_of(uint64_t hash, Equals equals) const {
    const uint32_t tag = tag_of(hash);
    size_t at = first_slot(tag);
    for (; slots_[at].number_plus_1 != 0; at = next_slot(at)) {
      if (slots_[at].tag == tag && equals(slots_[at].number_plus_1 - 1)) break;
    }
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number_plus_1 == 0) continue;
      size_t at = first_slot(slot.tag);
      while (slots_[at].number_plus_1 != 0) at = next_slot(at);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

// Strings, copied into one arena of less than 4 GiB. Views live until the next intern().
class StringInterner {
 public:
  // Where a string lies, for who keeps that beside what else it knows of the string.
  struct Place {
    uint32_t begin = 0;
    uint32_t bytes = 0;
  };

  uint32_t intern(std::string_view text) { return intern(text, hash64(text)); }
  // For who has the hash64 of the text already.
  uint32_t intern(std::string_view text, uint64_t hash) {
    bool added = false;
    const uint32_t number =
        index_.intern(hash, [&](uint32_t other) { return (*this)[other] == text; }, &added);
    if (added) {
      places_.push_back({static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(text.size())});
      arena_.append(text);
    }
    return number;
  }
  void prefetch(uint64_t hash) const { index_.prefetch(hash); }
  // The number of a string that is there, or size().
  size_t find(std::string_view text) const {
    return index_.find(hash64(text), [&](uint32_t other) { return (*this)[other] == text; });
  }
  std::string_view operator[](size_t number) const { return at(places_[number]); }
  Place place(size_t number) const { return places_[number]; }
  std::string_view at(Place place) const { return {arena_.data() + place.begin, place.bytes}; }
  size_t size() const { return places_.size(); }
  size_t text_bytes() const { return arena_.size(); }
  // Forgets the strings and keeps its memory.
  void clear() {
    index_.clear();
    arena_.clear();
    places_.clear();
  }

 private:
  HashIndex index_;
  std::string arena_;
  std::vector<Place> places_;
};

// 64-bit keys.
class KeyInterner {
 public:
  uint32_t intern(uint64_t key, bool* added) {
    const uint32_t number =
        index_.intern(mix64(key), [&](uint32_t other) { return keys_[other] == key; }, added);
    if (*added) keys_.push_back(key);
    return number;
  }
  uint64_t operator[](size_t number) const { return keys_[number]; }
  size_t size() const { return keys_.size(); }
  // Forgets the keys and keeps its memory.
  void clear() {
    index_.clear();
    keys_.clear();
  }

 private:
  HashIndex index_;
  std::vector<uint64_t> keys_;
};

}  // namespace weir
