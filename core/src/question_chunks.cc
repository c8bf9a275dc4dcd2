#include "question_chunks.h"

#include <algorithm>

namespace weir {

void encode_question_chunks(std::span<const QuestionChunks> questions, std::vector<uint8_t>* out) {
  std::vector<uint8_t> listed;
  std::vector<uint8_t> chunks;
  listed.reserve(questions.size());
  chunks.reserve(questions.size());
  for (const QuestionChunks& question : questions) {
    const std::span<const uint8_t> these = question.listed();
    listed.push_back(static_cast<uint8_t>(these.size()));
    chunks.insert(chunks.end(), these.begin(), these.end());
  }
  encode_column(listed, out);
  encode_column(chunks, out);
}

bool QuestionChunksTable::open(ByteReader* reader, size_t questions, size_t chunks) {
  if (chunks < 2) return true;
  const auto most = static_cast<int64_t>(std::min(chunks, kQuestionChunksMax));
  // A chunk that is not there is found by tells(); here it only has to fit a set.
  const auto last = static_cast<int64_t>(kSegmentChunksMax) - 1;
  return listed_.open(reader, {0, most}, questions) &&
         chunks_.open(reader, {0, last}, static_cast<size_t>(listed_.total()));
}

void QuestionChunksTable::add(size_t question, SegmentReader::ChunkSet* chunks) const {
  const ColumnView& listed = listed_.values();
  const size_t count = listed.size() == 0 ? 0 : static_cast<size_t>(listed[question]);
  if (count == 0) {
    chunks->set();
    return;
  }
  const auto first = static_cast<size_t>(listed_.before(question));
  for (size_t i = first; i < first + count; ++i) chunks->set(static_cast<size_t>(chunks_[i]));
}

bool QuestionChunksTable::tells(std::span<const QuestionChunks> questions) const {
  const ColumnView& listed = listed_.values();
  size_t next = 0;
  for (size_t i = 0; i < listed.size(); ++i) {
    const std::span<const uint8_t> these = questions[i].listed();
    if (listed[i] != static_cast<int64_t>(these.size())) return false;
    for (const uint8_t chunk : these) {
      if (chunks_[next++] != chunk) return false;
    }
  }
  return true;
}

}  // namespace weir
