// The names of a page of questions: distinct, sorted from their ends, with shared ends stored once.
//
// Order is that of the reversed bytes, so names of one domain stand together ("*.x" is one range),
// and each name repeats less of its neighbour than it would from the front, where names of unlike
// hosts begin. Every 16th name shares nothing, so that any name is put together from 16 at most,
// and found without putting together the others.
//
//   varint  number of names, at most kPageQuestions
//   column  bytes at the end of each name that it shares with the one before; 0 for every 16th
//   column  bytes that each name adds in front of them
//   bytes   what the names add, in order
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes.h"
#include "weir/limits.h"

namespace weir {

// How many bytes at their ends are the same.
size_t shared_end(std::string_view left, std::string_view right);
// True if `left` reversed is less than `right` reversed, byte by byte.
bool reversed_less(std::string_view left, std::string_view right);
// The indexes of `texts`, sorted by reversed_less.
std::vector<uint32_t> reversed_order(std::span<const std::string_view> texts);

// At most kPageQuestions names, sorted by reversed_less, distinct, none longer than
// kNameTextBytesMax.
void encode_names(std::span<const std::string_view> names, std::vector<uint8_t>* out);

// A name as it is put together: it ends where the buffer does, and the next one of the order only
// replaces its beginning.
class NameBuffer {
 public:
  NameBuffer() { store_le<uint64_t>(bytes_.data() + kEnd, 0); }

  std::string_view text() const { return as_text(std::span(bytes_).first(kEnd).subspan(start_)); }
  // The name that ends in `shared` bytes of this one and begins with the first `added` of `from`.
  // Precondition: both together fit a name.
  void replace(size_t shared, std::string_view from, size_t added) {
    start_ = kEnd - shared - added;
    uint8_t* const to = bytes_.data() + start_;
    if (from.size() < added + kWord) {
      from.copy(reinterpret_cast<char*>(to), added);
    } else {
      put(as_bytes(from).data(), added, to);
    }
  }

 private:
  static constexpr size_t kWord = sizeof(uint64_t);
  static constexpr size_t kEnd = kNameTextBytesMax;

  // Most names add a few bytes only. These are written by words, the last of which has what stands
  // behind them, too: who reads the name's first bytes finds them written at once.
  static void put(const uint8_t* from, size_t size, uint8_t* to) {
    for (; size > kWord; size -= kWord, from += kWord, to += kWord) {
      store_le(to, load_le<uint64_t>(from));
    }
    const size_t half_bits = 4 * size;
    const uint64_t others = ~uint64_t{0} << half_bits << half_bits;
    const uint64_t behind = load_le<uint64_t>(to + size) << half_bits << half_bits;
    store_le(to, (load_le<uint64_t>(from) & ~others) | behind);
  }

  std::array<uint8_t, kEnd + kWord> bytes_;  // behind the end what is read with the last word
  size_t start_ = kEnd;
};

// A part that names are searched for.
class NamePart {
 public:
  // Borrows the text, which is not empty.
  explicit NamePart(std::string_view text);

  std::string_view text() const { return text_; }
  // Whether two characters stand together in it.
  bool has_pair(char first, char second) const { return pairs_[pair(first, second)]; }

 private:
  static size_t pair(char first, char second) {
    return size_t{static_cast<uint8_t>(first)} << 8 | static_cast<uint8_t>(second);
  }
  std::string_view text_;
  std::bitset<1 << 16> pairs_;
};

// Borrows the bytes that it is decoded from.
class NameDictionary {
 public:
  // Reads the lengths; false if the bytes are no dictionary of 1 to `count_max` names. The form of
  // the names is not looked at. Precondition: count_max <= kPageQuestions.
  bool decode(ByteReader* reader, size_t count_max);
  // Are the names distinct, in order and in text form? For what a stranger sent.
  bool is_well_formed() const;

  size_t size() const { return size_; }
  // Of all names, put together.
  size_t text_bytes() const { return text_bytes_; }
  std::string_view first_name() const { return text_.substr(0, added_[0]); }
  // The name as long as the buffer is not used for another one.
  std::string_view name(size_t index, NameBuffer* buffer) const;
  std::optional<size_t> find(std::string_view name) const;
  // The names [first, second) that end in `suffix`.
  std::pair<size_t, size_t> find_suffix(std::string_view suffix) const;
  // Sets the mark of each name that contains the part; there are size() marks.
  void mark_containing(const NamePart& part, std::span<uint8_t> marks) const;
  // visit(index, name, shared): all names in order, each valid during its call; `shared` is how
  // many bytes at its end are those of the name before.
  template <class Visit>
  void for_each(Visit visit) const {
    NameBuffer buffer;
    size_t at = 0;
    for (size_t i = 0; i < size_; at += added_[i++]) {
      buffer.replace(shared_[i], text_.substr(at), added_[i]);
      visit(i, buffer.text(), size_t{shared_[i]});
    }
  }

 private:
  bool read_starts();
  // The first name for which is_before(name) does not hold; it holds up to some name.
  template <class IsBefore>
  size_t partition_point(IsBefore is_before) const;

  // Of the first size_ names; what is behind them is left as it was.
  std::array<uint16_t, kPageQuestions> shared_;
  std::array<uint16_t, kPageQuestions> added_;
  // In text_, of what every 16th name adds; then the end.
  std::array<uint32_t, kPageQuestions / kNameRestart + 1> starts_;
  size_t size_ = 0;
  std::string_view text_;
  size_t text_bytes_ = 0;
};

}  // namespace weir
