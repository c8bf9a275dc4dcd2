// A page of a segment's questions: up to kPageQuestions of them in their order, with the names that
// they are of, and all that is told of each. It is read, checked and decoded by itself, so that who
// looks for a name, or shows an event, needs few of the pages. docs/segment_format.md, Pages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bytes.h"
#include "name_dictionary.h"
#include "question_chunks.h"
#include "weir/segment.h"

namespace weir {

// What a writer puts into a page.
struct PageContent {
  std::vector<std::string_view> names;  // distinct, in their order
  // Per question: 1 if its name is the next one, else 0; its type's index; the size of the first
  // answer to it.
  std::vector<uint8_t> name_steps;
  std::vector<uint32_t> types;
  std::vector<uint32_t> answer_sizes;
  std::span<const QuestionChunks> chunks;  // empty in a segment of one chunk
};
void encode_page(const PageContent& content, std::vector<uint8_t>* out);

// A page as a reader has it: what is asked for is decoded, in the order of the parts. Borrows the
// bytes.
class QuestionPage {
 public:
  using Part = SegmentReader::PagePart;
  // What the segment tells of the page.
  struct Frame {
    std::string_view first_name;
    size_t questions = 0;             // 1 to kPageQuestions
    std::span<const uint16_t> types;  // of the segment; must outlive the page
    size_t chunks = 0;                // of the segment
  };

  bool is_open() const { return !bytes_.empty() || loaded_ > 0; }
  void open(ByteView bytes) { bytes_ = bytes; }
  bool has(Part part) const { return loaded_ > static_cast<unsigned>(part); }
  // Decodes the parts up to this one. False if the bytes are no such page.
  bool load(Part part, const Frame& frame);

  // Once the part is loaded: of the names,
  const NameDictionary& names() const { return names_; }
  // of the questions,
  size_t size() const { return size_; }
  size_t name_of(size_t question) const { return names_of_[question]; }
  uint16_t qtype(size_t question) const { return type_of_index_[types_[question]]; }
  int64_t answer_size(size_t question) const { return answer_sizes_[question]; }
  // and of the places: adds the chunks that may hold the question, or all if it does not tell.
  void add_chunks(size_t question, SegmentReader::ChunkSet* chunks) const;
  // Whether it tells these, of all its questions.
  bool tells(std::span<const QuestionChunks> questions) const;

 private:
  bool read_names(ByteReader* reader, const Frame& frame);
  bool read_questions(ByteReader* reader, const Frame& frame);
  bool read_places(ByteReader* reader, const Frame& frame);
  // The chunks that a question tells.
  std::span<const uint8_t> listed(size_t question) const;

  ByteView bytes_;       // of the parts that are not loaded
  unsigned loaded_ = 0;  // parts
  size_t size_ = 0;
  NameDictionary names_;
  std::span<const uint16_t> type_of_index_;
  // Of the first size_ questions; what is behind them is left as it was.
  std::array<uint8_t, kPageQuestions> names_of_;
  std::array<uint16_t, kPageQuestions> types_;
  std::array<uint16_t, kPageQuestions> answer_sizes_;
  std::vector<uint16_t> ends_;   // in chunks_, of each question's; empty in a segment of one chunk
  std::vector<uint8_t> chunks_;  // question by question
};

}  // namespace weir
