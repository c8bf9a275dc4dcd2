// The questions of a segment as a reader has them: checked at first, and taken out of their columns
// one by one, since who reads some events needs few of them. docs/segment_format.md, Questions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "column.h"
#include "weir/segment.h"

namespace weir {

// Borrows the bytes. Thread-compatible: looking up may decode, too.
class QuestionTable {
 public:
  using Question = SegmentReader::Question;

  // Of a segment with so many events and names. False if the bytes are no such section.
  bool open(ByteReader* reader, size_t events, size_t names);

  size_t size() const { return steps_.values().size(); }
  Question operator[](size_t index) const;
  std::span<const Question> all() const;
  // The size of the first answer to each.
  std::span<const uint16_t> answer_sizes() const;
  // The first question of a name or of one behind it; size() if there is none.
  size_t first_of(uint32_t name) const;

 private:
  uint32_t name_of(size_t index) const { return static_cast<uint32_t>(steps_.before(index + 1)); }

  std::vector<uint16_t> types_;
  ColumnSums steps_;  // of the name: the names up to a question's own add up to its index
  ColumnView type_indexes_;
  ColumnView answer_sizes_;
  // Decoded, if somebody needed them.
  mutable std::vector<Question> all_;
  mutable std::vector<uint16_t> all_answer_sizes_;
  mutable size_t lookups_ = 0;
};

}  // namespace weir
