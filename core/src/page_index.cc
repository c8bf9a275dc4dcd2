#include "page_index.h"

#include <algorithm>

#include "column.h"
#include "name_dictionary.h"

namespace weir {
namespace {

// Reads so many lengths from 1 to `most` and makes the ends of what lies one after the other; false
// if these go beyond `all`.
bool read_starts(ByteReader* reader, size_t count, size_t most, size_t all,
                 std::vector<uint32_t>* starts) {
  starts->resize(count + 1);
  const auto lengths = std::span(*starts).subspan(1);
  if (!decode_column<uint32_t>(reader, {1, static_cast<int64_t>(most)}, lengths)) return false;
  uint64_t end = 0;
  for (uint32_t& length : lengths) {
    end += length;
    if (end > all) return false;
    length = static_cast<uint32_t>(end);
  }
  return true;
}

}  // namespace

void PageIndexWriter::add(ByteView page, std::string_view first_name) {
  crcs_.push_back(crc32c(page));
  lengths_.push_back(static_cast<uint32_t>(page.size()));
  names_.push_back(first_name);
}

void PageIndexWriter::encode(std::span<const uint16_t> types, size_t questions,
                             std::vector<uint8_t>* out) const {
  ByteWriter writer(*out);
  writer.varint(questions);
  for (const uint32_t crc : crcs_) writer.u32(crc);
  encode_column(lengths_, out);
  std::vector<uint32_t> name_lengths;
  for (const std::string_view name : names_) {
    name_lengths.push_back(static_cast<uint32_t>(name.size()));
  }
  encode_column(name_lengths, out);
  for (const std::string_view name : names_) writer.text(name);
  writer.varint(types.size());
  for (const uint16_t type : types) writer.varint(type);
}

bool PageIndex::open(ByteReader* reader, size_t events, size_t pages_bytes) {
  questions_ = static_cast<size_t>(reader->varint_up_to(events));
  const size_t pages = page_count();
  crcs_ = reader->take(4 * pages);
  if (!reader->ok() || pages == 0) return false;
  if (!read_starts(reader, pages, kSegmentBytesMax, pages_bytes, &starts_) ||
      starts_[pages] != pages_bytes ||
      !read_starts(reader, pages, kNameTextBytesMax, kSegmentBytesMax, &name_starts_)) {
    return false;
  }
  texts_ = reader->take_text(name_starts_[pages]);
  const uint64_t types = reader->varint_up_to(std::min<size_t>(events, UINT16_MAX + 1));
  if (types > reader->remaining()) return false;
  types_.resize(static_cast<size_t>(types));
  for (uint16_t& type : types_) type = static_cast<uint16_t>(reader->varint_up_to(UINT16_MAX));
  return reader->ok();
}

template <class IsBefore>
size_t PageIndex::pages_before(IsBefore is_before) const {
  size_t low = 0;
  for (size_t high = page_count(); low < high;) {
    const size_t middle = low + (high - low) / 2;
    if (is_before(first_name(middle))) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// The questions of a name may begin at the end of one page and go on in the next.
std::pair<size_t, size_t> PageIndex::pages_of_name(std::string_view name) const {
  const size_t before =
      pages_before([&](std::string_view first) { return reversed_less(first, name); });
  const size_t end =
      pages_before([&](std::string_view first) { return !reversed_less(name, first); });
  return {before - std::min<size_t>(before, 1), end};
}

std::pair<size_t, size_t> PageIndex::pages_of_suffix(std::string_view suffix) const {
  const size_t before =
      pages_before([&](std::string_view first) { return reversed_less(first, suffix); });
  const size_t end = pages_before([&](std::string_view first) {
    return reversed_less(first, suffix) || first.ends_with(suffix);
  });
  return {before - std::min<size_t>(before, 1), end};
}

}  // namespace weir
