#include "space_saving.h"

#include <algorithm>
#include <numeric>

#include "weir/limits.h"

namespace weir {

size_t SpaceSaving::stored_keys_max() const {
  return static_cast<size_t>(std::clamp<uint64_t>(total_ / 16, kTopKeysMin, kTopKeysMax));
}

void SpaceSaving::add(std::string_view key, uint64_t weight) {
  total_ += weight;
  const uint32_t number = keys_.intern(key);
  if (number == counts_.size()) {
    counts_.push_back(floor_);
    errors_.push_back(floor_);
  }
  counts_[number] += weight;
}

void SpaceSaving::limit() {
  if (size() > 2 * kTopKeysMax) prune(kTopKeysMax);
}

std::vector<uint32_t> SpaceSaving::ranked(size_t keys_max) const {
  std::vector<uint32_t> numbers(size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  const auto before = [this](uint32_t left, uint32_t right) {
    return counts_[left] != counts_[right] ? counts_[left] > counts_[right]
                                           : keys_[left] < keys_[right];
  };
  if (keys_max < numbers.size()) {
    const auto end = numbers.begin() + static_cast<ptrdiff_t>(keys_max);
    std::nth_element(numbers.begin(), end, numbers.end(), before);
    numbers.resize(keys_max);
  }
  std::sort(numbers.begin(), numbers.end(), before);
  return numbers;
}

uint64_t SpaceSaving::floor_without(std::span<const uint32_t> kept) const {
  std::vector<bool> is_kept(size());
  for (const uint32_t number : kept) is_kept[number] = true;
  uint64_t floor = floor_;
  for (size_t i = 0; i < size(); ++i) {
    if (!is_kept[i]) floor = std::max(floor, counts_[i]);
  }
  return floor;
}

void SpaceSaving::prune(size_t keys_max) {
  const std::vector<uint32_t> kept = ranked(keys_max);
  SpaceSaving pruned;
  for (const uint32_t number : kept) pruned.set(keys_[number], counts_[number], errors_[number]);
  pruned.floor_ = floor_without(kept);
  pruned.total_ = total_;
  *this = std::move(pruned);
}

void SpaceSaving::set(std::string_view key, uint64_t count, uint64_t error) {
  keys_.intern(key);
  counts_.push_back(count);
  errors_.push_back(error);
}

void SpaceSaving::merge(const SpaceSaving& other) {
  const size_t own_keys = size();
  for (size_t i = 0; i < own_keys; ++i) {
    const size_t at = other.keys_.find(keys_[i]);
    const bool found = at < other.size();
    counts_[i] += found ? other.counts_[at] : other.floor_;
    errors_[i] += found ? other.errors_[at] : other.floor_;
  }
  for (size_t i = 0; i < other.size(); ++i) {
    if (keys_.find(other.keys_[i]) < keys_.size()) continue;
    set(other.keys_[i], other.counts_[i] + floor_, other.errors_[i] + floor_);
  }
  floor_ += other.floor_;
  total_ += other.total_;
  limit();
}

std::vector<TopEntry> SpaceSaving::top(size_t limit) const {
  std::vector<TopEntry> entries;
  for (const uint32_t number : ranked(limit)) {
    entries.push_back({std::string(keys_[number]), counts_[number], errors_[number]});
  }
  return entries;
}

void SpaceSaving::encode(size_t keys_max, std::vector<uint8_t>* out) const {
  const std::vector<uint32_t> kept = ranked(std::min(keys_max, stored_keys_max()));
  ByteWriter writer(*out);
  writer.varint(total_);
  writer.varint(floor_without(kept));
  writer.varint(kept.size());
  uint64_t before = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    const uint64_t count = counts_[kept[i]];
    writer.sized_text(keys_[kept[i]]);
    writer.varint(i == 0 ? count : before - count);
    writer.varint(errors_[kept[i]]);
    before = count;
  }
}

bool SpaceSaving::decode(ByteReader* reader) {
  *this = SpaceSaving();
  total_ = reader->varint_up_to(kIntegerMax);
  floor_ = reader->varint_up_to(kIntegerMax);
  const uint64_t size = reader->varint_up_to(kTopKeysMax);
  uint64_t count = kIntegerMax;
  for (uint64_t i = 0; i < size; ++i) {
    const std::string_view key = reader->take_text(reader->varint_up_to(kNameTextBytesMax));
    const uint64_t value = reader->varint_up_to(count);
    count = i == 0 ? value : count - value;
    const uint64_t error = reader->varint_up_to(count);
    if (!reader->ok() || keys_.find(key) < keys_.size()) return false;
    set(key, count, error);
  }
  return reader->ok();
}

}  // namespace weir
