// TopTable: top lists that share keys, as bytes and back. docs/summary_format.md has the layout.
//
// The keys of all lists stand once, sorted by their reversed bytes: neighbours then share their
// domain, and a key costs what it has in front of that. How large the table is with fewer keys in
// each list is known without writing it, so that finding the most keys that fit is cheap.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bytes.h"
#include "space_saving.h"

namespace weir {

class TopTable {
 public:
  static constexpr size_t kListsMax = 2;

  enum class Text : uint8_t { kNames, kBytes };  // of the keys: how they are written

  // At most kListsMax lists, which must outlive the table and stay as they are.
  TopTable(Text text, std::span<const SpaceSaving> lists);

  // The bytes with at most `keys_max` keys in each list.
  size_t bytes(size_t keys_max) const;
  void encode(size_t keys_max, std::vector<uint8_t>* out) const;

 private:
  static constexpr uint32_t kNoRank = UINT32_MAX;
  struct Entry {
    uint32_t rank = kNoRank;  // in its list's order
    uint32_t number = 0;      // in its list
  };
  struct Key {
    std::string_view text;
    size_t shared = 0;  // bytes at the end that are those of the key before
    std::array<Entry, kListsMax> entries;
  };

  void sort();
  // Calls take(key, shared) for each key that is in any list, with what it shares with the one
  // before of those.
  template <class Take>
  void for_kept(size_t keys_max, Take take) const;
  unsigned membership(const Key& key, size_t keys_max) const;
  uint64_t floor(size_t list, size_t keys_max) const;

  Text text_;
  std::span<const SpaceSaving> lists_;
  std::array<std::vector<uint32_t>, kListsMax> ranked_;  // one more than is stored
  std::vector<Key> keys_;                                // by reversed bytes
};

// Reads a table into as many lists as it has; those that are null are passed over.
bool decode_top_table(TopTable::Text text, ByteReader* reader, std::span<SpaceSaving* const> lists);

}  // namespace weir
