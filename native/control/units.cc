// Numbers with units, both ways, and the distance of words.
#include "native/control/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "weir/limits.h"

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Largest first: duration_text() and size_text() take the first that divides.
constexpr std::array kDurations{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                                Unit{"s", 1000}, Unit{"ms", 1}};
constexpr std::array kSizes{Unit{"TiB", uint64_t{1} << 40}, Unit{"GiB", 1 << 30},
                            Unit{"MiB", 1 << 20}, Unit{"KiB", 1024}, Unit{"B", 1}};
constexpr std::array kDecimalSizes{Unit{"TB", 1'000'000'000'000}, Unit{"GB", 1'000'000'000},
                                   Unit{"MB", 1'000'000}, Unit{"kB", 1000}, Unit{"", 1}};

// The whole number at the front of `text`; *rest is what follows.
Result<uint64_t> leading_number(std::string_view text, std::string_view* rest) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return Status(Code::kInvalid, "not a whole number");
  *rest = text.substr(static_cast<size_t>(end - text.data()));
  return number;
}

Result<uint64_t> with_unit(std::string_view text, std::span<const Unit> units) {
  std::string_view suffix;
  WEIR_ASSIGN(uint64_t number, leading_number(text, &suffix));
  for (const Unit& unit : units) {
    if (unit.name != suffix) continue;
    if (number > kIntegerMax / unit.factor) return Status(Code::kInvalid, "too large");
    return number * unit.factor;
  }
  return Status(Code::kInvalid, "not a unit");
}

std::string in_largest_unit(uint64_t number, std::span<const Unit> units) {
  auto unit = std::find_if(units.begin(), units.end(), [number](const Unit& candidate) {
    return number != 0 && number % candidate.factor == 0;
  });
  if (unit == units.end()) unit = units.end() - 1;
  return std::to_string(number / unit->factor) + std::string(unit->name);
}

}  // namespace

Result<int64_t> parse_interval_ms(std::string_view text) {
  WEIR_ASSIGN(uint64_t milliseconds, with_unit(text, kDurations));
  return static_cast<int64_t>(milliseconds);
}

Result<uint64_t> parse_size_bytes(std::string_view text) {
  Result<uint64_t> binary = with_unit(text, kSizes);
  return binary.ok() ? binary : with_unit(text, kDecimalSizes);
}

Result<int64_t> parse_integer(std::string_view text) {
  std::string_view rest;
  WEIR_ASSIGN(uint64_t number, leading_number(text, &rest));
  if (!rest.empty() || number > kIntegerMax) return Status(Code::kInvalid, "not a whole number");
  return static_cast<int64_t>(number);
}

std::string duration_text(int64_t milliseconds) {
  return in_largest_unit(static_cast<uint64_t>(milliseconds), kDurations);
}

std::string size_text(uint64_t bytes) { return in_largest_unit(bytes, kSizes); }

// Damerau–Levenshtein distance in its "optimal string alignment" form, with three rows.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> two_up(b.size() + 1), up(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(two_up, up);
    std::swap(up, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({up[j] + 1, row[j - 1] + 1, up[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_up[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace weir
