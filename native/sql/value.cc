#include "native/sql/value.h"

#include <algorithm>
#include <cmath>

#include "weir/json.h"
#include "weir/limits.h"

namespace weir {
namespace {

// Doubles beyond hold no fractions and may not fit an integer.
constexpr double kExact = 9e15;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The least time whose text is not less than `text` (or, with `beyond`, greater). Texts of times
// ascend with them, as their form is fixed.
int64_t first_time(std::string_view text, bool beyond) {
  int64_t low = 0;
  int64_t high = kTimeMsMax;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const std::string shown = rfc3339_text(middle);
    const bool before = beyond ? shown <= text : shown < text;
    if (before) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

// Only integers in [low, high] may equal the value; none lies strictly between the two.
void IntegerRange::take_bounds(Comparison comparison, int64_t low, int64_t high) {
  switch (comparison) {
    case Comparison::kEqual:
      first = std::max(first, low);
      last = std::min(last, high);
      break;
    case Comparison::kGreater:
    case Comparison::kGreaterEqual:
      first = std::max(first, low);
      break;
    case Comparison::kLess:
    case Comparison::kLessEqual:
      last = std::min(last, high);
      break;
    case Comparison::kLike:
      break;
  }
}

void IntegerRange::take(Comparison comparison, sqlite3_value* value) {
  if (is_null(value)) return make_empty();
  const int type = sqlite3_value_numeric_type(value);
  if (type == SQLITE_INTEGER) {
    const int64_t number = sqlite3_value_int64(value);
    take_bounds(comparison, number, number);
  } else if (type == SQLITE_FLOAT) {
    const double number = sqlite3_value_double(value);
    if (!(std::abs(number) < kExact)) return;
    take_bounds(comparison, static_cast<int64_t>(std::floor(number)),
                static_cast<int64_t>(std::ceil(number)));
  }
}

void IntegerRange::take_time(Comparison comparison, sqlite3_value* value) {
  if (is_null(value)) return make_empty();
  if (sqlite3_value_type(value) != SQLITE_TEXT || comparison == Comparison::kLike) return;
  const std::string_view text = text_of(value);
  const bool lower_bound = comparison != Comparison::kLess && comparison != Comparison::kLessEqual;
  const bool upper_bound =
      comparison != Comparison::kGreater && comparison != Comparison::kGreaterEqual;
  if (lower_bound) first = std::max(first, first_time(text, comparison == Comparison::kGreater));
  if (upper_bound) last = std::min(last, first_time(text, comparison != Comparison::kLess) - 1);
}

bool is_null(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_NULL; }

std::string_view text_of(sqlite3_value* value) {
  if (sqlite3_value_type(value) != SQLITE_TEXT) return {};
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_value_bytes(value))};
}

std::string like_literal(std::string_view pattern) {
  std::string longest;
  std::string stretch;
  for (const char c : pattern) {
    if (c == '%' || c == '_') {
      stretch.clear();
    } else {
      stretch += lower(c);
      if (stretch.size() > longest.size()) longest = stretch;
    }
  }
  return longest;
}

void result_text(sqlite3_context* context, std::string_view text) {
  if (text.empty()) return sqlite3_result_null(context);
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void result_integer(sqlite3_context* context, uint64_t value) {
  sqlite3_result_int64(context, static_cast<int64_t>(value));
}

void result_milliseconds(sqlite3_context* context, uint64_t microseconds) {
  sqlite3_result_double(context, static_cast<double>(microseconds) / 1000);
}

}  // namespace weir
