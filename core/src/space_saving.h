// The most frequent keys of a stream in bounded space (Space-Saving, Metwally et al. 2005), with
// merging after Agarwal et al. 2012.
//
// Every key that is kept has a count that is never below the true one, and an error: the largest
// possible overcount. `floor` bounds the true count of every key that is not kept, so a new key
// starts at floor, with that as its error. Pruning keeps the greatest counts and raises the floor
// to the greatest count that it drops. Merging adds counts, a missing key counting as its side's
// floor. From this it follows, after any order of adding, pruning and merging: true ∈ [count −
// error, count], and a key that is missing has true ≤ floor. Merging is commutative; how much is
// pruned on the way decides how tight the bounds are, not whether they hold.
//
// In memory up to twice as many keys are kept between prunings as after them, so that pruning costs
// constant time per key and the answers of a quiet log are exact. A scan keeps many more
// (kScanKeysMax). What is stored grows with the weight: K =
// clamp(total / kTopEventsPerKey, kTopKeysMin, kTopKeysMax) keys (top_table.h).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bytes.h"
#include "interner.h"
#include "weir/limits.h"
#include "weir/summary.h"

namespace weir {

class SpaceSaving {
 public:
  explicit SpaceSaving(uint64_t total = 0, uint64_t floor = 0) : floor_(floor), total_(total) {}

  // Adds weight ≥ 1 to a key.
  void add(std::string_view key, uint64_t weight) { add(key, hash64(key), weight); }
  // For who has the hash64 of the key already. Answers the key's number.
  uint32_t add(std::string_view key, uint64_t hash, uint64_t weight);
  // To a key that is there.
  void add_to(size_t number, uint64_t weight) {
    total_ += weight;
    counts_[number] += weight;
  }
  // As add() of a key that is there, or of one that the next limit() is sure to drop, without
  // taking it in before: at least `keys_max` others have come with more weight, and more than twice
  // as many in all.
  void add_or_drop(std::string_view key, uint64_t hash, uint64_t weight);
  // Prunes to `keys_max` keys if there are more than twice as many. Called after every add of a
  // stream; after many adds whose keys are known to be bounded, once.
  void limit(size_t keys_max = kTopKeysMax);
  void merge(const SpaceSaving& other);

  uint64_t floor() const { return floor_; }
  uint64_t total() const { return total_; }
  size_t size() const { return counts_.size(); }
  // At most `limit` entries, by count descending, then key ascending.
  std::vector<TopEntry> top(size_t limit) const;

  // For storage (top_table.h). How many keys are stored: K.
  size_t stored_keys_max() const;
  // Numbers of the `keys_max` first in the order of top().
  std::vector<uint32_t> ranked(size_t keys_max) const;
  std::string_view key(size_t number) const { return keys_[number]; }
  // Where a key lies, while times_pruned() stays, for who keeps that beside its number.
  StringInterner::Place place(size_t number) const { return keys_.place(number); }
  std::string_view key_at(StringInterner::Place place) const { return keys_.at(place); }
  // Begins to load a key's text and its count.
  void prefetch(size_t number, StringInterner::Place place) const {
    __builtin_prefetch(key_at(place).data());
    __builtin_prefetch(&counts_[number]);
  }
  // How often numbers were given anew.
  uint64_t times_pruned() const { return times_pruned_; }
  uint64_t count(size_t number) const { return counts_[number]; }
  uint64_t error(size_t number) const { return errors_[number]; }
  // A key that is not there yet.
  void set(std::string_view key, uint64_t count, uint64_t error);

 private:
  // The numbers that ranked() gives, in any order.
  std::vector<uint32_t> greatest(size_t keys_max) const;
  // The floor if only these numbers were kept.
  uint64_t floor_without(std::span<const uint32_t> kept) const;
  void prune(size_t keys_max);

  StringInterner keys_;
  std::vector<uint64_t> counts_;
  std::vector<uint64_t> errors_;
  uint64_t floor_;
  uint64_t total_;
  uint64_t times_pruned_ = 0;
  uint64_t dropped_ = 0;  // the greatest count that was not taken in since the last limit()
};

}  // namespace weir
