#include "name_dictionary.h"

#include <algorithm>

#include "column.h"
#include "name_text.h"
#include "weir/limits.h"

namespace weir {
namespace {

size_t shared_end(std::string_view left, std::string_view right) {
  const size_t most = std::min(left.size(), right.size());
  size_t shared = 0;
  while (shared < most && left[left.size() - 1 - shared] == right[right.size() - 1 - shared]) {
    ++shared;
  }
  return shared;
}

}  // namespace

bool reversed_less(std::string_view left, std::string_view right) {
  const size_t shared = shared_end(left, right);
  if (shared == left.size() || shared == right.size()) return left.size() < right.size();
  return static_cast<uint8_t>(left[left.size() - 1 - shared]) <
         static_cast<uint8_t>(right[right.size() - 1 - shared]);
}

void encode_names(std::span<const std::string_view> names, std::vector<uint8_t>* out) {
  std::vector<int64_t> shared(names.size());
  std::vector<int64_t> added(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const size_t common = i == 0 ? 0 : shared_end(names[i - 1], names[i]);
    shared[i] = static_cast<int64_t>(common);
    added[i] = static_cast<int64_t>(names[i].size() - common);
  }
  ByteWriter writer(*out);
  writer.varint(names.size());
  encode_column(shared, out);
  encode_column(added, out);
  for (size_t i = 0; i < names.size(); ++i) {
    writer.text(names[i].substr(0, static_cast<size_t>(added[i])));
  }
}

// Appends a name that ends in `shared` bytes of the last one.
bool NameDictionary::append(size_t shared, std::string_view added) {
  const std::string_view before = ends_.empty() ? std::string_view() : (*this)[ends_.size() - 1];
  if (shared > before.size() || text_.size() + added.size() + shared > kSegmentBytesMax) {
    return false;
  }
  const size_t shared_at = text_.size() - shared;
  text_.append(added);
  text_.append(text_, shared_at, shared);
  ends_.push_back(static_cast<uint32_t>(text_.size()));
  return true;
}

bool NameDictionary::is_last_in_order() const {
  const std::string_view name = (*this)[ends_.size() - 1];
  return is_name_text(name) &&
         (ends_.size() == 1 || reversed_less((*this)[ends_.size() - 2], name));
}

bool NameDictionary::decode(ByteReader* reader, size_t count_max, Trust trust) {
  const auto count = static_cast<size_t>(reader->varint_up_to(count_max));
  // Each of the two columns has at least one byte per block, so the count cannot be much larger
  // than the bytes that are there.
  if (count == 0 || count / kBlockValues > reader->remaining()) return false;
  constexpr ColumnRange kLengths = {0, static_cast<int64_t>(kNameTextBytesMax)};
  std::vector<uint16_t> shared(count);
  std::vector<uint16_t> added(count);
  if (!decode_column<uint16_t>(reader, kLengths, shared)) return false;
  if (!decode_column<uint16_t>(reader, kLengths, added)) return false;
  ends_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view own = reader->take_text(added[i]);
    if (!reader->ok() || !append(shared[i], own)) return false;
    if (trust == Trust::kNone && !is_last_in_order()) return false;
  }
  return true;
}

std::optional<size_t> NameDictionary::find(std::string_view name) const {
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (reversed_less((*this)[middle], name)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == size() || (*this)[low] != name) return std::nullopt;
  return low;
}

}  // namespace weir
