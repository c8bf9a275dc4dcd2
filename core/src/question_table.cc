#include "question_table.h"

#include <algorithm>
#include <array>

#include "segment_content.h"
#include "weir/limits.h"

namespace weir {
namespace {

// To take one question out of its columns costs as much as to decode so many in a row.
constexpr size_t kLookupCost = 16;

}  // namespace

bool QuestionTable::open(ByteReader* reader, size_t events, size_t names) {
  types_.resize(
      static_cast<size_t>(reader->varint_up_to(std::min<size_t>(events, UINT16_MAX + 1))));
  for (uint16_t& type : types_) type = static_cast<uint16_t>(reader->varint_up_to(UINT16_MAX));
  const auto size = static_cast<size_t>(reader->varint_up_to(events));
  if (!reader->ok() || size == 0) return false;
  const ColumnRange type_range = {0, static_cast<int64_t>(types_.size()) - 1};
  const ColumnRange size_range = {0, static_cast<int64_t>(kMessageBytesMax)};
  if (!steps_.open(reader, {0, 1}, size) || !type_indexes_.open(reader, type_range, size) ||
      !answer_sizes_.open(reader, size_range, size)) {
    return false;
  }
  return steps_.values()[0] == 0 && steps_.total() == names - 1;  // each name has a question
}

QuestionTable::Question QuestionTable::operator[](size_t index) const {
  if (!all_.empty()) return all_[index];
  // Who has looked up so many will look up more.
  if (++lookups_ > size() / kLookupCost) return all()[index];
  return {name_of(index), types_[static_cast<size_t>(type_indexes_[index])]};
}

std::span<const QuestionTable::Question> QuestionTable::all() const {
  if (!all_.empty()) return all_;
  all_.resize(size());
  std::array<uint32_t, kBlockValues> steps;
  std::array<uint32_t, kBlockValues> types;
  uint32_t name = 0;
  for (size_t block = 0; block < type_indexes_.block_count(); ++block) {
    const size_t count = steps_.values().block(block, steps);
    type_indexes_.block(block, types);
    Question* const out = all_.data() + block * kBlockValues;
    for (size_t i = 0; i < count; ++i) {
      name += steps[i];
      out[i] = {name, types_[types[i]]};
    }
  }
  return all_;
}

std::span<const uint16_t> QuestionTable::answer_sizes() const {
  if (!all_answer_sizes_.empty()) return all_answer_sizes_;
  all_answer_sizes_.resize(size());
  std::array<uint32_t, kBlockValues> sizes;
  for (size_t block = 0; block < answer_sizes_.block_count(); ++block) {
    const size_t count = answer_sizes_.block(block, sizes);
    uint16_t* const out = all_answer_sizes_.data() + block * kBlockValues;
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint16_t>(sizes[i]);
  }
  return all_answer_sizes_;
}

size_t QuestionTable::first_of(uint32_t name) const { return steps_.reaching(name); }

}  // namespace weir
