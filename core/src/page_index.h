// Where the pages of a segment's questions lie, what they must contain, and with which names they
// begin, so that a name is found by reading the page that it is in. docs/segment_format.md, Index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes.h"
#include "question_page.h"
#include "weir/limits.h"
#include "weir/segment.h"

namespace weir {

constexpr size_t pages_of(size_t questions) {
  return (questions + kPageQuestions - 1) / kPageQuestions;
}

// Collects the pages of a segment and writes their index.
class PageIndexWriter {
 public:
  // The next page; the name is its first one and must outlive this.
  void add(ByteView page, std::string_view first_name);
  void encode(std::span<const uint16_t> types, size_t questions, std::vector<uint8_t>* out) const;

 private:
  std::vector<uint32_t> crcs_;
  std::vector<uint32_t> lengths_;
  std::vector<std::string_view> names_;
};

// The index as a reader has it. Borrows the bytes.
class PageIndex {
 public:
  // Of a segment with so many events, whose pages take so many bytes. False if the bytes are no
  // such index.
  bool open(ByteReader* reader, size_t events, size_t pages_bytes);

  size_t question_count() const { return questions_; }
  size_t page_count() const { return pages_of(questions_); }
  size_t questions_in(size_t page) const {
    return page + 1 < page_count() ? kPageQuestions : questions_ - page * kPageQuestions;
  }
  std::span<const uint16_t> types() const { return types_; }
  // Where the pages first … last lie, in the bytes of all.
  ByteRange range(size_t first, size_t last) const {
    return {starts_[first], starts_[last + 1] - starts_[first]};
  }
  uint32_t crc(size_t page) const { return load_le<uint32_t>(crcs_.data() + 4 * page); }
  std::string_view first_name(size_t page) const {
    return texts_.substr(name_starts_[page], name_starts_[page + 1] - name_starts_[page]);
  }
  // The pages [first, second) of which each may hold the name, or names that end in `suffix`, and
  // no others do.
  std::pair<size_t, size_t> pages_of_name(std::string_view name) const;
  std::pair<size_t, size_t> pages_of_suffix(std::string_view suffix) const;

 private:
  // The number of pages whose first name is before the names that are meant.
  template <class IsBefore>
  size_t pages_before(IsBefore is_before) const;

  size_t questions_ = 0;
  std::vector<uint16_t> types_;
  std::vector<uint32_t> starts_;  // and the end of the last one
  ByteView crcs_;
  std::vector<uint32_t> name_starts_;  // in texts_, and the end
  std::string_view texts_;
};

}  // namespace weir
