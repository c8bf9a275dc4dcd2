// Values between SQLite and the tables: what a comparison means for integers and times, and how
// results are given.
#pragma once

#include <cstdint>
#include <string_view>

#include "native/sql/virtual_table.h"

namespace weir {

// Integers that may satisfy all comparisons taken so far; none if first > last.
struct IntegerRange {
  int64_t first = INT64_MIN;
  int64_t last = INT64_MAX;

  bool empty() const { return first > last; }
  void make_empty() {
    first = 1;
    last = 0;
  }
  // Narrows the range, never too much. Values that are no numbers leave it as it is; NULL empties
  // it, since nothing compares to NULL.
  void take(Comparison comparison, sqlite3_value* value);
  // The same for a column that shows rfc3339_text of the integer: any text is compared to that as
  // text, so dates without a time mean what they seem to.
  void take_time(Comparison comparison, sqlite3_value* value);

 private:
  void take_bounds(Comparison comparison, int64_t low, int64_t high);
};

bool is_null(sqlite3_value* value);
// Nothing but text is text: empty for everything else.
std::string_view text_of(sqlite3_value* value);

// The longest stretch of a LIKE pattern without wildcards, in lower case: whatever matches contains
// it, if it is in lower case itself.
std::string like_literal(std::string_view pattern);

// NULL for an empty text.
void result_text(sqlite3_context* context, std::string_view text);
void result_integer(sqlite3_context* context, uint64_t value);
// Microseconds as milliseconds.
void result_milliseconds(sqlite3_context* context, uint64_t microseconds);

}  // namespace weir
