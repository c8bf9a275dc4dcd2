#include "question_chunks.h"

#include "column.h"

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

}  // namespace weir
