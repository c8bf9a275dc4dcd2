// Interners give equal keys one small number each, in order of first sight.
//
// Open addressing over a flat array of small slots, a few bits of the hash beside a number: a
// lookup touches one cache line of the table and, on a match, the key itself. Numbers are dense
// from 0, so columns can be arrays. Strangers choose the names that are interned, and a secret seed
// would have to come from outside; so a table that is probed for long goes over to the other half
// of the hash, in which names that were made to collide do not. Thread-compatible.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hash.h"
#include "weir/status.h"

namespace weir {

// The table alone: keys live with its owner. At most 2^20 of them.
class HashIndex {
 public:
  HashIndex() : slots_(kSlotsMin) {}

  // The number of the key with this hash for which equals(number) holds; a new key gets size().
  template <class Equals>
  uint32_t intern(uint64_t hash, Equals equals, bool* added) {
    const auto [at, slot] = look_up(hash, equals);
    *added = slot == kFree;
    if (!*added) return number_in(slot);
    const auto number = static_cast<uint32_t>(hashes_.size());
    WEIR_CHECK(number < kNumberMask);
    const uint32_t bits = hash_bits(hash);
    slots_[at] = slot_of(bits, number);
    hashes_.push_back(hash);
    if (hashes_.size() * 4 > slots_.size() * 3) {
      rebuild(slots_.size() * 2);
    } else if (probes_from(bits, at) > kProbesMax && shift_ != kLowerHalf) {
      shift_ = kLowerHalf;
      rebuild(slots_.size());
    }
    return number;
  }

  // Begins to load what a lookup of this hash reads first: for who can do something else meanwhile.
  void prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[place_of(hash_bits(hash))]); }
  // The number of a key that is there, or size().
  template <class Equals>
  size_t find(uint64_t hash, Equals equals) const {
    const uint32_t slot = look_up(hash, equals).slot;
    return slot == kFree ? hashes_.size() : number_in(slot);
  }
  // Forgets the keys and keeps its memory.
  void clear() {
    std::fill(slots_.begin(), slots_.end(), kFree);
    hashes_.clear();
    shift_ = kUpperHalf;
  }

 private:
  static constexpr size_t kSlotsMin = 16;  // a power of two, as all sizes
  static constexpr uint32_t kFree = 0;
  // A slot is a tag of 11 bits and 1 + a number.
  static constexpr unsigned kNumberBits = 21;
  static constexpr uint32_t kNumberMask = (1U << kNumberBits) - 1;
  static constexpr unsigned kUpperHalf = 32;
  static constexpr unsigned kLowerHalf = 0;
  // Nearly three times what 2^20 keys of chance need somewhere (Knuth, volume 3, 6.4: ln n / (a - 1
  // - ln a) at a load of a = 3/4).
  static constexpr size_t kProbesMax = 1024;
  struct Found {
    size_t at = 0;  // the key's, or the free one where it belongs
    uint32_t slot = kFree;
  };

  // The tag in the upper ones, the place from the lowest ones on.
  uint32_t hash_bits(uint64_t hash) const { return static_cast<uint32_t>(hash >> shift_); }
  static uint32_t slot_of(uint32_t bits, uint32_t number) {
    return (bits & ~kNumberMask) | (number + 1);
  }
  static uint32_t number_in(uint32_t slot) { return (slot & kNumberMask) - 1; }
  size_t place_of(uint32_t bits) const { return bits & (slots_.size() - 1); }
  size_t next(size_t at) const { return (at + 1) & (slots_.size() - 1); }
  size_t probes_from(uint32_t bits, size_t at) const {
    return (at - place_of(bits)) & (slots_.size() - 1);
  }

  template <class Equals>
  Found look_up(uint64_t hash, Equals equals) const {
    const uint32_t bits = hash_bits(hash);
    for (size_t at = place_of(bits);; at = next(at)) {
      const uint32_t slot = slots_[at];
      if (slot == kFree) return {at, slot};
      if ((slot & ~kNumberMask) == (bits & ~kNumberMask) && equals(number_in(slot))) {
        return {at, slot};
      }
    }
  }

  void rebuild(size_t slots) {
    slots_.assign(slots, kFree);
    for (uint32_t number = 0; number < hashes_.size(); ++number) {
      const uint32_t bits = hash_bits(hashes_[number]);
      size_t at = place_of(bits);
      while (slots_[at] != kFree) at = next(at);
      slots_[at] = slot_of(bits, number);
    }
  }

  std::vector<uint32_t> slots_;
  std::vector<uint64_t> hashes_;  // by number; only to rebuild
  unsigned shift_ = kUpperHalf;   // which half of a hash is used
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
    const uint32_t number = index_.intern(
        hash, [&](uint32_t other) { return same_text((*this)[other], text); }, &added);
    if (added) {
      places_.push_back({static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(text.size())});
      arena_.append(text);
    }
    return number;
  }
  void prefetch(uint64_t hash) const { index_.prefetch(hash); }
  // The number of a string that is there, or size().
  size_t find(std::string_view text, uint64_t hash) const {
    return index_.find(hash, [&](uint32_t other) { return same_text((*this)[other], text); });
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
