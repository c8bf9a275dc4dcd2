#include "space_saving.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace weir {

size_t SpaceSaving::stored_keys_max() const {
  return static_cast<size_t>(
      std::clamp<uint64_t>(total_ / kTopEventsPerKey, kTopKeysMin, kTopKeysMax));
}

uint32_t SpaceSaving::add(std::string_view key, uint64_t hash, uint64_t weight) {
  const uint32_t number = keys_.intern(key, hash);
  if (number == counts_.size()) {
    counts_.push_back(floor_);
    errors_.push_back(floor_);
  }
  add_to(number, weight);
  return number;
}

void SpaceSaving::add_or_drop(std::string_view key, uint64_t hash, uint64_t weight) {
  const size_t number = keys_.find(key, hash);
  if (number < size()) return add_to(number, weight);
  total_ += weight;
  dropped_ = std::max(dropped_, floor_ + weight);
}

void SpaceSaving::limit(size_t keys_max) {
  if (size() > 2 * keys_max || dropped_ > 0) prune(keys_max);
}

std::vector<uint32_t> SpaceSaving::greatest(size_t keys_max) const {
  std::vector<uint32_t> numbers(size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  if (keys_max >= size()) return numbers;
  if (keys_max == 0) return {};
  // Counts first: keys are compared, which is dear, only where the last counts are equal.
  std::vector<uint64_t> counts = counts_;
  const auto last = counts.begin() + static_cast<ptrdiff_t>(keys_max - 1);
  std::nth_element(counts.begin(), last, counts.end(), std::greater());
  const uint64_t least = *last;
  const auto equal = std::partition(numbers.begin(), numbers.end(),
                                    [&](uint32_t number) { return counts_[number] > least; });
  const auto rest = std::partition(equal, numbers.end(),
                                   [&](uint32_t number) { return counts_[number] == least; });
  const auto end = numbers.begin() + static_cast<ptrdiff_t>(keys_max);
  std::nth_element(equal, end, rest,
                   [this](uint32_t left, uint32_t right) { return keys_[left] < keys_[right]; });
  numbers.erase(end, numbers.end());
  return numbers;
}

std::vector<uint32_t> SpaceSaving::ranked(size_t keys_max) const {
  std::vector<uint32_t> numbers = greatest(keys_max);
  std::sort(numbers.begin(), numbers.end(), [this](uint32_t left, uint32_t right) {
    return counts_[left] != counts_[right] ? counts_[left] > counts_[right]
                                           : keys_[left] < keys_[right];
  });
  return numbers;
}

uint64_t SpaceSaving::floor_without(std::span<const uint32_t> kept) const {
  std::vector<bool> is_kept(size());
  for (const uint32_t number : kept) is_kept[number] = true;
  uint64_t floor = std::max(floor_, dropped_);
  for (size_t i = 0; i < size(); ++i) {
    if (!is_kept[i]) floor = std::max(floor, counts_[i]);
  }
  return floor;
}

void SpaceSaving::prune(size_t keys_max) {
  const std::vector<uint32_t> kept = greatest(keys_max);
  SpaceSaving pruned(total_, floor_without(kept));
  for (const uint32_t number : kept) pruned.set(keys_[number], counts_[number], errors_[number]);
  pruned.times_pruned_ = times_pruned_ + 1;
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
    counts_[i] += other.floor_;
    errors_[i] += other.floor_;
  }
  for (size_t i = 0; i < other.size(); ++i) {
    const uint32_t number = keys_.intern(other.keys_[i]);
    if (number < own_keys) {  // the other side knows better than its floor
      counts_[number] = counts_[number] - other.floor_ + other.counts_[i];
      errors_[number] = errors_[number] - other.floor_ + other.errors_[i];
    } else {
      counts_.push_back(other.counts_[i] + floor_);
      errors_.push_back(other.errors_[i] + floor_);
    }
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

}  // namespace weir
