#include "name_dictionary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

#include "column.h"
#include "name_text.h"

namespace weir {

namespace {

// The last eight bytes, the last one the most significant; of a shorter text with zeros in front.
uint64_t last_word(std::string_view text) {
  if (text.size() >= 8) return load_le<uint64_t>(as_bytes(text).data() + text.size() - 8);
  uint64_t word = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    word |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * (8 - text.size() + i));
  }
  return word;
}

// A text and its last word, by which most comparisons are decided.
struct SortEntry {
  uint64_t word = 0;
  uint32_t number = 0;
};

// By words: a byte at a time from the least on (LSD radix sort), since names of few domains make
// comparisons hard to foretell.
void sort_by_words(std::vector<SortEntry>* entries) {
  constexpr size_t kDigits = sizeof(uint64_t);
  constexpr size_t kValues = 256;
  std::array<std::array<uint32_t, kValues>, kDigits> begins{};  // at first how many there are
  for (const SortEntry& entry : *entries) {
    for (size_t digit = 0; digit < kDigits; ++digit) ++begins[digit][entry.word >> 8 * digit & 255];
  }
  std::vector<SortEntry> moved(entries->size());
  for (size_t digit = 0; digit < kDigits; ++digit) {
    uint32_t begin = 0;
    for (uint32_t& value : begins[digit]) begin += std::exchange(value, begin);
    for (const SortEntry& entry : *entries) {
      moved[begins[digit][entry.word >> 8 * digit & 255]++] = entry;
    }
    entries->swap(moved);
  }
}

}  // namespace

size_t shared_end(std::string_view left, std::string_view right) {
  const size_t most = std::min(left.size(), right.size());
  size_t shared = 0;
  for (; shared + 8 <= most; shared += 8) {
    const uint64_t unlike = last_word(left.substr(0, left.size() - shared)) ^
                            last_word(right.substr(0, right.size() - shared));
    if (unlike != 0) return shared + static_cast<size_t>(std::countl_zero(unlike)) / 8;
  }
  while (shared < most && left[left.size() - 1 - shared] == right[right.size() - 1 - shared]) {
    ++shared;
  }
  return shared;
}

bool reversed_less(std::string_view left, std::string_view right) {
  const size_t shared = shared_end(left, right);
  if (shared == left.size() || shared == right.size()) return left.size() < right.size();
  return static_cast<uint8_t>(left[left.size() - 1 - shared]) <
         static_cast<uint8_t>(right[right.size() - 1 - shared]);
}

std::vector<uint32_t> reversed_order(std::span<const std::string_view> texts) {
  constexpr size_t kFew = 256;  // are compared sooner than counted
  std::vector<SortEntry> order;
  order.reserve(texts.size());
  for (const std::string_view text : texts) {
    order.push_back({last_word(text), static_cast<uint32_t>(order.size())});
  }
  if (order.size() > kFew) sort_by_words(&order);
  // Few are compared as a whole, of many those that words do not tell apart.
  const auto end_of_run = [&](auto begin) {
    if (order.size() <= kFew) return order.end();
    return std::find_if(begin, order.end(),
                        [&](const SortEntry& entry) { return entry.word != begin->word; });
  };
  for (auto begin = order.begin(); begin != order.end();) {
    const auto end = end_of_run(begin);
    std::sort(begin, end, [&](const SortEntry& left, const SortEntry& right) {
      if (left.word != right.word) return left.word < right.word;
      return reversed_less(texts[left.number], texts[right.number]);
    });
    begin = end;
  }
  std::vector<uint32_t> numbers;
  numbers.reserve(order.size());
  for (const SortEntry& entry : order) numbers.push_back(entry.number);
  return numbers;
}

void encode_names(std::span<const std::string_view> names, std::vector<uint8_t>* out) {
  std::vector<int64_t> shared(names.size());
  std::vector<int64_t> added(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const size_t common = i % kNameRestart == 0 ? 0 : shared_end(names[i - 1], names[i]);
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

NamePart::NamePart(std::string_view text) : text_(text) {
  for (size_t i = 1; i < text.size(); ++i) pairs_.set(pair(text[i - 1], text[i]));
}

bool NameDictionary::decode(ByteReader* reader, size_t count_max) {
  size_ = static_cast<size_t>(reader->varint_up_to(count_max));
  if (size_ == 0) return false;
  constexpr ColumnRange kLengths = {0, static_cast<int64_t>(kNameTextBytesMax)};
  if (!decode_column<uint16_t>(reader, kLengths, std::span(shared_).first(size_)) ||
      !decode_column<uint16_t>(reader, kLengths, std::span(added_).first(size_)) ||
      !read_starts()) {
    return false;
  }
  text_ = reader->take_text(starts_[(size_ + kNameRestart - 1) / kNameRestart]);
  return reader->ok();
}

// False if a name shares more than there is, or is longer than any.
bool NameDictionary::read_starts() {
  size_t added_bytes = 0;
  size_t shared_bytes = 0;
  bool fits = true;
  for (size_t first = 0; first < size_; first += kNameRestart) {
    starts_[first / kNameRestart] = static_cast<uint32_t>(added_bytes);
    const size_t end = std::min(first + kNameRestart, size_);
    size_t shared_most = 0;  // the length of the name before
    for (size_t i = first; i < end; ++i) {
      fits &= shared_[i] <= shared_most;
      shared_most = size_t{shared_[i]} + added_[i];
      fits &= shared_most <= kNameTextBytesMax;
      shared_bytes += shared_[i];
      added_bytes += added_[i];
    }
  }
  starts_[(size_ + kNameRestart - 1) / kNameRestart] = static_cast<uint32_t>(added_bytes);
  text_bytes_ = shared_bytes + added_bytes;
  return fits;
}

bool NameDictionary::is_well_formed() const {
  std::string before;
  bool well = true;
  for_each([&](size_t index, std::string_view name, size_t) {
    well = well && is_name_text(name) && (index == 0 || reversed_less(before, name));
    before = name;
  });
  return well;
}

std::string_view NameDictionary::name(size_t index, NameBuffer* buffer) const {
  size_t at = starts_[index / kNameRestart];
  for (size_t i = index - index % kNameRestart; i <= index; at += added_[i++]) {
    buffer->replace(shared_[i], text_.substr(at), added_[i]);
  }
  return buffer->text();
}

// First among the names that stand whole, then within the 16 behind one of them.
template <class IsBefore>
size_t NameDictionary::partition_point(IsBefore is_before) const {
  size_t low = 0;  // the first whole name that is not before, as a number of whole names
  size_t high = (size_ + kNameRestart - 1) / kNameRestart;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (is_before(text_.substr(starts_[middle], added_[middle * kNameRestart]))) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return 0;
  const size_t end = std::min(low * kNameRestart, size_);
  NameBuffer buffer;
  size_t at = starts_[low - 1];
  for (size_t i = (low - 1) * kNameRestart; i < end; at += added_[i++]) {
    buffer.replace(shared_[i], text_.substr(at), added_[i]);
    if (!is_before(buffer.text())) return i;
  }
  return end;
}

std::optional<size_t> NameDictionary::find(std::string_view wanted) const {
  const size_t at =
      partition_point([&](std::string_view name) { return reversed_less(name, wanted); });
  NameBuffer buffer;
  if (at == size_ || name(at, &buffer) != wanted) return std::nullopt;
  return at;
}

std::pair<size_t, size_t> NameDictionary::find_suffix(std::string_view suffix) const {
  const auto is_before = [&](std::string_view name) { return reversed_less(name, suffix); };
  const auto is_not_behind = [&](std::string_view name) {
    return reversed_less(name, suffix) || name.ends_with(suffix);
  };
  return {partition_point(is_before), partition_point(is_not_behind)};
}

// A part of a name lies in what the name shares with the one before, where it was found then; or in
// what it adds, all of which is searched as one text; or across the border of both, which is only
// looked at where the two characters there stand together in the part.
void NameDictionary::mark_containing(const NamePart& wanted, std::span<uint8_t> marks) const {
  const std::string_view part = wanted.text();
  constexpr size_t kNowhere = SIZE_MAX;
  size_t from_end = kNowhere;     // where the last name holds the part last, from its end
  size_t hit = text_.find(part);  // in text_, the next one
  size_t at = 0;                  // in text_, of what the name adds
  for_each([&](size_t index, std::string_view name, size_t shared) {
    const size_t added = name.size() - shared;
    if (from_end > shared) {
      from_end = kNowhere;
      if (hit < at) hit = text_.find(part, at);
      for (; hit != text_.npos && hit + part.size() <= at + added;
           hit = text_.find(part, hit + 1)) {
        from_end = name.size() - (hit - at);
      }
      if (added > 0 && shared > 0 && wanted.has_pair(name[added - 1], name[added])) {
        const size_t begin = added - std::min(added, part.size() - 1);
        const size_t across = name.substr(begin, added - begin + part.size() - 1).rfind(part);
        if (across != name.npos) from_end = name.size() - begin - across;
      }
    }
    if (from_end != kNowhere) marks[index] = 1;
    at += added;
  });
}

}  // namespace weir
