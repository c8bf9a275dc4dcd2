// Interners give equal keys one small number each, in order of first sight.
//
// Open addressing over a flat array of (half of the hash, number) pairs: a lookup touches one cache
// line of the table and, on a match, the key itself. Numbers are dense from 0, so columns can be
// arrays. Thread-compatible.
#pragma once

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
    const auto tag = static_cast<uint32_t>(hash >> 32);
    size_t at = tag & (slots_.size() - 1);
    for (; slots_[at].number_plus_1 != 0; at = (at + 1) & (slots_.size() - 1)) {
      const uint32_t number = slots_[at].number_plus_1 - 1;
      if (slots_[at].tag == tag && equals(number)) {
        *added = false;
        return number;
      }
    }
    *added = true;
    const auto number = static_cast<uint32_t>(size_++);
    slots_[at] = {tag, number + 1};
    if (size_ * 2 > slots_.size()) grow();
    return number;
  }

  // Begins to load what a lookup of this hash reads first: for who can do something else meanwhile.
  void prefetch(uint64_t hash) const {
    __builtin_prefetch(&slots_[static_cast<uint32_t>(hash >> 32) & (slots_.size() - 1)]);
  }
  // The number of a key that is there, or size().
  template <class Equals>
  size_t find(uint64_t hash, Equals equals) const {
    const auto tag = static_cast<uint32_t>(hash >> 32);
    size_t at = tag & (slots_.size() - 1);
    for (; slots_[at].number_plus_1 != 0; at = (at + 1) & (slots_.size() - 1)) {
      const uint32_t number = slots_[at].number_plus_1 - 1;
      if (slots_[at].tag == tag && equals(number)) return number;
    }
    return size_;
  }

 private:
  static constexpr size_t kSlotsMin = 16;  // a power of two, as all sizes
  struct Slot {
    uint32_t tag = 0;  // the upper half of the hash, which also says where to begin
    uint32_t number_plus_1 = 0;
  };

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number_plus_1 == 0) continue;
      size_t at = slot.tag & (slots_.size() - 1);
      while (slots_[at].number_plus_1 != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

// Strings, copied into one arena. Views live until the next intern().
class StringInterner {
 public:
  uint32_t intern(std::string_view text) { return intern(text, hash64(text)); }
  // For who has the hash64 of the text already.
  uint32_t intern(std::string_view text, uint64_t hash) {
    bool added = false;
    const uint32_t number =
        index_.intern(hash, [&](uint32_t other) { return (*this)[other] == text; }, &added);
    if (added) {
      arena_.append(text);
      ends_.push_back(arena_.size());
    }
    return number;
  }
  // The number of a string that is there, or size().
  size_t find(std::string_view text) const {
    return index_.find(hash64(text), [&](uint32_t other) { return (*this)[other] == text; });
  }
  std::string_view operator[](size_t number) const {
    const size_t start = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(arena_).substr(start, ends_[number] - start);
  }
  size_t size() const { return ends_.size(); }
  size_t text_bytes() const { return arena_.size(); }

 private:
  HashIndex index_;
  std::string arena_;
  std::vector<size_t> ends_;
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

 private:
  HashIndex index_;
  std::vector<uint64_t> keys_;
};

}  // namespace weir
