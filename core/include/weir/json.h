// JsonWriter: appends JSON text to a string, and nothing else. Commas and colons are its own
// affair; nesting is the caller's. Output is valid UTF-8 if keys are; bytes of values that are not
// UTF-8 become U+FFFD. Keys are written as they are: they are constants of the program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}  // borrows

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view value);
  JsonWriter& integer(int64_t value);
  JsonWriter& unsigned_integer(uint64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  // A value that is JSON already.
  JsonWriter& raw(std::string_view json);

 private:
  void separate();
  std::string* out_;
  bool needs_comma_ = false;
};

// "2026-11-20T18:37:00.123Z" (RFC 3339, UTC, milliseconds). Times outside the years 1970 to 9999
// are shown as the nearest time inside.
std::string rfc3339_text(int64_t time_ms);

// The inverse, for any RFC 3339 date-time: offsets are applied, digits past the milliseconds are
// cut, a leap second is the second after it. kInvalid for anything else and for times before 1970.
Result<int64_t> parse_rfc3339(std::string_view text);

}  // namespace weir
