// Units: durations and sizes as people write them ("100ms", "2GiB"), and how far apart two words
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

// A whole number and ms, s, m, h or d. kInvalid otherwise, also where it does not fit 53 bits.
Result<int64_t> parse_interval_ms(std::string_view text);
// A whole number of bytes, or one with B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB.
Result<uint64_t> parse_size_bytes(std::string_view text);
// A whole number in decimal.
Result<int64_t> parse_integer(std::string_view text);

// The largest unit that divides it: 5000 is "5s", 90000 is "90s", 2147483648 is "2GiB".
std::string duration_text(int64_t milliseconds);
std::string size_text(uint64_t bytes);

// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
size_t edit_distance(std::string_view a, std::string_view b);
// The candidate nearest to `word`, if it is near enough to be a slip of the keyboard; or empty.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace weir
