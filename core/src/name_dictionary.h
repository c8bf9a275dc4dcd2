// The names of a segment: distinct, sorted from their ends, with shared ends stored once.
//
// Order is that of the reversed bytes, so names of one domain stand together ("*.x" is one range),
// and each name repeats less of its neighbour than it would from the front, where names of unlike
// hosts begin. What a name adds stays plain bytes, one after the other, so they can be searched.
//
//   varint  number of names
//   column  bytes at the end of each name that it shares with the one before; 0 for the first
//   column  bytes that each name adds in front of them
//   bytes   what the names add, in order
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.h"

namespace weir {

// True if `left` reversed is less than `right` reversed, byte by byte.
bool reversed_less(std::string_view left, std::string_view right);

// `names` sorted by reversed_less, distinct, none longer than kNameTextBytesMax.
void encode_names(std::span<const std::string_view> names, std::vector<uint8_t>* out);

class NameDictionary {
 public:
  // Whose bytes they are: a stranger's, or those that were checked before they were stored, and
  // have kept their checksum.
  enum class Trust : uint8_t { kNone, kStored };
  // False if the bytes are no dictionary of 1 to `count_max` names whose bytes add up to at most
  // kSegmentBytesMax; without trust also if they are not distinct, in order and in text form.
  bool decode(ByteReader* reader, size_t count_max, Trust trust = Trust::kNone);

  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t index) const {
    const size_t start = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(text_).substr(start, ends_[index] - start);
  }
  std::optional<size_t> find(std::string_view name) const;

 private:
  bool append(size_t shared, std::string_view added);
  bool is_last_in_order() const;

  std::string text_;  // every name whole, one after the other
  std::vector<uint32_t> ends_;
};

}  // namespace weir
