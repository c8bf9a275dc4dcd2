// Which chunks of a segment hold a question, as long as they are few: of most questions they are
// one or two, and who looks for a rare name reads no others. docs/segment_format.md, Places.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weir/limits.h"

namespace weir {

// Of one question, while they are collected.
class QuestionChunks {
 public:
  // Chunks come in ascending order, one as often as it holds the question.
  void add(size_t chunk) {
    if (size_ > kQuestionChunksMax || (size_ > 0 && chunks_[size_ - 1] == chunk)) return;
    if (size_ < kQuestionChunksMax) chunks_[size_] = static_cast<uint8_t>(chunk);
    ++size_;
  }
  // Ascending; none if they are too many to be told.
  std::span<const uint8_t> listed() const {
    return std::span(chunks_).first(size_ <= kQuestionChunksMax ? size_ : 0);
  }

 private:
  static_assert(kSegmentChunksMax - 1 <= UINT8_MAX);
  std::array<uint8_t, kQuestionChunksMax> chunks_{};
  uint8_t size_ = 0;  // one more than kQuestionChunksMax: too many
};

// Of questions, in a segment of at least two chunks.
void encode_question_chunks(std::span<const QuestionChunks> questions, std::vector<uint8_t>* out);

// What they cost per question in a segment of so many chunks at most, without what blocks cost.
constexpr size_t question_chunks_bytes_max(size_t chunks) {
  if (chunks < 2) return 0;
  const size_t listed = chunks < kQuestionChunksMax ? chunks : kQuestionChunksMax;
  const size_t bits = listed * static_cast<size_t>(std::bit_width(chunks - 1)) +
                      static_cast<size_t>(std::bit_width(kQuestionChunksMax));
  return bits / 8 + 1;
}

}  // namespace weir
