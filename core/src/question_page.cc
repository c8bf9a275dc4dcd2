#include "question_page.h"

#include <algorithm>

#include "column.h"

namespace weir {
namespace {

static_assert(kPageQuestions == kBlockValues);

// The block of a column with out.size() values.
template <class T>
bool read_block(ByteReader* reader, int64_t most, std::span<T> out) {
  return decode_column<T>(reader, {0, most}, out);
}

// Makes each value the sum of those up to it, eight at a time; the sums fit a byte.
void add_up(std::array<uint8_t, kPageQuestions>* values) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  uint64_t before = 0;
  for (size_t i = 0; i < values->size(); i += 8) {
    const uint64_t sums = load_le<uint64_t>(values->data() + i) * kOnes + before * kOnes;
    store_le(values->data() + i, sums);
    before = sums >> 56;
  }
}

}  // namespace

void encode_page(const PageContent& content, std::vector<uint8_t>* out) {
  encode_names(content.names, out);
  encode_column(content.name_steps, out);
  encode_column(content.types, out);
  encode_column(content.answer_sizes, out);
  if (!content.chunks.empty()) encode_question_chunks(content.chunks, out);
}

bool QuestionPage::load(Part part, const Frame& frame) {
  using Read = bool (QuestionPage::*)(ByteReader*, const Frame&);
  static constexpr std::array<Read, 3> kReads = {
      &QuestionPage::read_names, &QuestionPage::read_questions, &QuestionPage::read_places};
  while (!has(part)) {
    ByteReader reader(bytes_);
    if (!(this->*kReads[loaded_])(&reader, frame) || !reader.ok()) return false;
    bytes_ = reader.rest();
    ++loaded_;
  }
  return loaded_ < kReads.size() || bytes_.empty();
}

bool QuestionPage::read_names(ByteReader* reader, const Frame& frame) {
  return names_.decode(reader, frame.questions) && names_.first_name() == frame.first_name;
}

bool QuestionPage::read_questions(ByteReader* reader, const Frame& frame) {
  size_ = frame.questions;
  names_of_.fill(0);
  const auto steps = std::span(names_of_).first(size_);
  const auto types = std::span(types_).first(size_);
  if (!read_block(reader, 1, steps) ||
      !read_block(reader, static_cast<int64_t>(frame.types.size()) - 1, types) ||
      !read_block(reader, static_cast<int64_t>(kMessageBytesMax),
                  std::span(answer_sizes_).first(size_))) {
    return false;
  }
  if (steps[0] != 0) return false;
  type_of_index_ = frame.types;
  add_up(&names_of_);
  return names_of_[size_ - 1] + size_t{1} == names_.size();  // each name has a question
}

bool QuestionPage::read_places(ByteReader* reader, const Frame& frame) {
  if (frame.chunks < 2) return true;
  std::array<uint8_t, kPageQuestions> counts;
  const auto listed = std::span(counts).first(size_);
  const size_t most = std::min(frame.chunks, kQuestionChunksMax);
  if (!read_block(reader, static_cast<int64_t>(most), listed)) return false;
  ends_.resize(size_);
  size_t end = 0;
  for (size_t i = 0; i < size_; ++i) ends_[i] = static_cast<uint16_t>(end += listed[i]);
  chunks_.resize(end);
  // A chunk that is not there is found by tells(); here it only has to fit a set.
  return read_block(reader, static_cast<int64_t>(kSegmentChunksMax) - 1, std::span(chunks_));
}

std::span<const uint8_t> QuestionPage::listed(size_t question) const {
  if (ends_.empty()) return {};
  const size_t begin = question == 0 ? 0 : ends_[question - 1];
  return std::span(chunks_).subspan(begin, ends_[question] - begin);
}

void QuestionPage::add_chunks(size_t question, SegmentReader::ChunkSet* chunks) const {
  const std::span<const uint8_t> these = listed(question);
  if (these.empty()) chunks->set();
  for (const uint8_t chunk : these) chunks->set(chunk);
}

bool QuestionPage::tells(std::span<const QuestionChunks> questions) const {
  for (size_t i = 0; i < ends_.size(); ++i) {
    if (!std::ranges::equal(listed(i), questions[i].listed())) return false;
  }
  return true;
}

}  // namespace weir
