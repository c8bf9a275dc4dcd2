// The names of a segment: distinct, sorted from their ends, with shared ends stored once.
//
// Order is that of the reversed bytes, so names of one domain stand together ("*.x" is one range),
// and each name repeats less of its neighbour than it would from the front, where names of unlike
// hosts begin. Every 16th name shares nothing, so that any name is put together from 16 at most,
// and found without decoding the others.
//
//   varint  number of names
//   column  bytes at the end of each name that it shares with the one before; 0 for every 16th
//   column  bytes that each name adds in front of them
//   bytes   what the names add, in order
#pragma once

#include <array>
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

// `names` sorted by reversed_less, distinct, none longer than kNameTextBytesMax.
void encode_names(std::span<const std::string_view> names, std::vector<uint8_t>* out);

// A name as it is put together: it ends where the buffer does, and the next one of the order only
// replaces its beginning.
class NameBuffer {
 public:
  std::string_view text() const { return {bytes_.data() + start_, bytes_.size() - start_}; }
  // The name that ends in `shared` bytes of this one. Precondition: both together fit a name.
  void replace(size_t shared, std::string_view added) {
    start_ = bytes_.size() - shared - added.size();
    added.copy(bytes_.data() + start_, added.size());
  }

 private:
  std::array<char, kNameTextBytesMax> bytes_;
  size_t start_ = kNameTextBytesMax;
};

// Borrows the bytes that it is decoded from.
class NameDictionary {
 public:
  // Reads the lengths; false if the bytes are no dictionary of 1 to `count_max` names whose bytes
  // add up to at most kSegmentBytesMax. The form of the names is not looked at.
  bool decode(ByteReader* reader, size_t count_max);
  // Are the names distinct, in order and in text form? For what a stranger sent.
  bool is_well_formed() const;

  size_t size() const { return added_.size(); }
  // Of all names, put together.
  size_t text_bytes() const { return text_bytes_; }
  // The name as long as the buffer is not used for another one.
  std::string_view name(size_t index, NameBuffer* buffer) const;
  std::optional<size_t> find(std::string_view name) const;
  // The names [first, second) that end in `suffix`.
  std::pair<size_t, size_t> find_suffix(std::string_view suffix) const;
  // Sets the mark of each name that contains `part`; there are size() marks.
  void mark_containing(std::string_view part, std::span<uint8_t> marks) const;
  // visit(index, name, shared): all names in order, each valid during its call; `shared` is how
  // many bytes at its end are those of the name before.
  template <class Visit>
  void for_each(Visit visit) const {
    NameBuffer buffer;
    size_t at = 0;
    for (size_t i = 0; i < size(); at += added_[i++]) {
      buffer.replace(shared_[i], text_.substr(at, added_[i]));
      visit(i, buffer.text(), size_t{shared_[i]});
    }
  }

 private:
  // The first name for which is_before(name) does not hold; it holds up to some name.
  template <class IsBefore>
  size_t partition_point(IsBefore is_before) const;

  std::vector<uint16_t> shared_;
  std::vector<uint16_t> added_;
  std::vector<uint32_t> starts_;  // in text_, of what every 16th name adds
  std::string_view text_;
  size_t text_bytes_ = 0;
};

}  // namespace weir
