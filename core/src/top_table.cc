#include "top_table.h"

#include <algorithm>
#include <string>

#include "interner.h"
#include "name_code.h"
#include "name_dictionary.h"
#include "weir/limits.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {
namespace {

constexpr size_t kKeysMax = TopTable::kListsMax * kTopKeysMax;

// A count and its error: the least bit says whether there is one.
void write_count(uint64_t count, uint64_t error, ByteWriter* writer) {
  writer->varint(count << 1 | (error > 0 ? 1 : 0));
  if (error > 0) writer->varint(error);
}

size_t count_bytes(uint64_t count, uint64_t error) {
  return varint_bytes(count << 1) + (error > 0 ? varint_bytes(error) : 0);
}

template <class Take>
void for_members(unsigned members, Take take) {
  for (size_t list = 0; list < TopTable::kListsMax; ++list) {
    if ((members >> list & 1) != 0) take(list);
  }
}

// The keys of a table, one after the other.
class KeyReader {
 public:
  KeyReader(TopTable::Text text, ByteView bytes) : text_(text), code_(bytes), plain_(bytes) {}

  // The next key has the last `shared` bytes of the one before. False if it cannot be read or does
  // not come after that.
  bool next(size_t shared) {
    if (shared > key_.size() || !read_own() || own_.empty()) return false;
    if (shared + own_.size() > kNameTextBytesMax) return false;
    // Ascending, so that no key is there twice.
    const bool is_after =
        shared == key_.size() ||
        static_cast<uint8_t>(own_.back()) > static_cast<uint8_t>(key_[key_.size() - 1 - shared]);
    key_.replace(0, key_.size() - shared, own_);
    return is_after;
  }
  std::string_view text() const { return key_; }
  bool at_end() const { return text_ == TopTable::Text::kNames ? code_.at_end() : plain_.at_end(); }

 private:
  bool read_own() {
    if (text_ == TopTable::Text::kNames) return code_.text(kNameTextBytesMax, &own_);
    own_ = plain_.take_text(plain_.varint());
    return plain_.ok();
  }

  TopTable::Text text_;
  NameCodeReader code_;
  ByteReader plain_;
  std::string key_, own_;
};

}  // namespace

TopTable::TopTable(Text text, std::span<const SpaceSaving> lists) : text_(text), lists_(lists) {
  WEIR_CHECK(lists.size() <= kListsMax);
  StringInterner texts;
  for (size_t list = 0; list < lists.size(); ++list) {
    // The first one that is left out is needed for the floor.
    ranked_[list] = lists[list].ranked(lists[list].stored_keys_max() + 1);
    for (uint32_t rank = 0; rank < ranked_[list].size(); ++rank) {
      const uint32_t number = ranked_[list][rank];
      const std::string_view key = lists[list].key(number);
      const uint32_t at = texts.intern(key);
      if (at == keys_.size()) keys_.push_back({key, 0, {}});
      keys_[at].entries[list] = {rank, number};
    }
  }
  sort();
}

void TopTable::sort() {
  std::vector<std::string_view> texts;
  texts.reserve(keys_.size());
  for (const Key& key : keys_) texts.push_back(key.text);
  std::vector<Key> sorted;
  sorted.reserve(keys_.size());
  for (const uint32_t at : reversed_order(texts)) {
    sorted.push_back(keys_[at]);
    if (sorted.size() == 1) continue;
    sorted.back().shared = shared_end(sorted[sorted.size() - 2].text, sorted.back().text);
  }
  keys_ = std::move(sorted);
}

unsigned TopTable::membership(const Key& key, size_t keys_max) const {
  unsigned bits = 0;
  for (size_t list = 0; list < lists_.size(); ++list) {
    const bool kept = key.entries[list].rank < std::min(keys_max, lists_[list].stored_keys_max());
    bits |= kept ? 1U << list : 0U;
  }
  return bits;
}

template <class Take>
void TopTable::for_kept(size_t keys_max, Take take) const {
  size_t shared = 0;
  for (const Key& key : keys_) {
    shared = std::min(shared, key.shared);
    const unsigned members = membership(key, keys_max);
    if (members == 0) continue;
    take(key, members, shared);
    shared = SIZE_MAX;
  }
}

uint64_t TopTable::floor(size_t list, size_t keys_max) const {
  const SpaceSaving& from = lists_[list];
  const size_t kept = std::min(keys_max, from.stored_keys_max());
  const bool leaves_out = kept < ranked_[list].size();
  return leaves_out ? std::max(from.floor(), from.count(ranked_[list][kept])) : from.floor();
}

size_t TopTable::bytes(size_t keys_max) const {
  size_t sum = 0;
  for (size_t list = 0; list < lists_.size(); ++list) {
    sum += varint_bytes(lists_[list].total()) + varint_bytes(floor(list, keys_max));
  }
  size_t keys = 0;
  size_t text_bits = 0;
  for_kept(keys_max, [&](const Key& key, unsigned members, size_t shared) {
    ++keys;
    const std::string_view own = key.text.substr(0, key.text.size() - shared);
    text_bits +=
        text_ == Text::kNames ? name_code_bits(own) : 8 * (varint_bytes(own.size()) + own.size());
    sum += varint_bytes(shared << lists_.size() | members);
    for_members(members, [&](size_t list) {
      const uint32_t number = key.entries[list].number;
      sum += count_bytes(lists_[list].count(number), lists_[list].error(number));
    });
  });
  const size_t text_bytes = (text_bits + 7) / 8;
  return sum + varint_bytes(keys) + varint_bytes(text_bytes) + text_bytes;
}

void TopTable::encode(size_t keys_max, std::vector<uint8_t>* out) const {
  std::vector<uint8_t> texts;
  std::vector<uint8_t> entries;
  NameCodeWriter code(&texts);
  ByteWriter plain(texts);
  ByteWriter numbers(entries);
  size_t keys = 0;
  for_kept(keys_max, [&](const Key& key, unsigned members, size_t shared) {
    ++keys;
    const std::string_view own = key.text.substr(0, key.text.size() - shared);
    text_ == Text::kNames ? code.text(own) : plain.sized_text(own);
    numbers.varint(shared << lists_.size() | members);
    for_members(members, [&](size_t list) {
      const uint32_t number = key.entries[list].number;
      write_count(lists_[list].count(number), lists_[list].error(number), &numbers);
    });
  });
  code.finish();
  ByteWriter writer(*out);
  for (size_t list = 0; list < lists_.size(); ++list) {
    writer.varint(lists_[list].total());
    writer.varint(floor(list, keys_max));
  }
  writer.varint(keys);
  writer.varint(texts.size());
  writer.bytes(texts);
  writer.bytes(entries);
}

bool decode_top_table(TopTable::Text text, ByteReader* reader,
                      std::span<SpaceSaving* const> lists) {
  for (SpaceSaving* list : lists) {
    const uint64_t total = reader->varint_up_to(kIntegerMax);
    const uint64_t floor = reader->varint_up_to(kIntegerMax);
    if (list != nullptr) *list = SpaceSaving(total, floor);
  }
  const uint64_t keys = reader->varint_up_to(kKeysMax);
  KeyReader key(text, reader->take(reader->varint()));
  std::array<size_t, TopTable::kListsMax> sizes{};
  for (uint64_t i = 0; i < keys; ++i) {
    const uint64_t head = reader->varint_up_to(kNameTextBytesMax << lists.size() | 3);
    if (!reader->ok() || !key.next(static_cast<size_t>(head >> lists.size()))) return false;
    const auto members = static_cast<unsigned>(head) & ((1U << lists.size()) - 1);
    if (members == 0) return false;
    for_members(members, [&](size_t list) {
      const uint64_t coded = reader->varint_up_to(kIntegerMax << 1 | 1);
      const uint64_t error = (coded & 1) != 0 ? reader->varint_up_to(coded >> 1) : 0;
      if (++sizes[list] > kTopKeysMax || lists[list] == nullptr || !reader->ok()) return;
      lists[list]->set(key.text(), coded >> 1, error);
    });
  }
  const bool too_many =
      std::any_of(sizes.begin(), sizes.end(), [](size_t size) { return size > kTopKeysMax; });
  return reader->ok() && key.at_end() && !too_many;
}

}  // namespace weir
