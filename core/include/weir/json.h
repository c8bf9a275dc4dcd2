// JsonWriter: appends JSON text to a string, and nothing else. Commas and colons are its own
// affair; nesting is the caller's. Output is valid UTF-8 if keys are; bytes outside ASCII in values
// that are not UTF-8 become U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

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

 private:
  void separate();
  std::string* out_;
  bool needs_comma_ = false;
};

// "2026-11-20T18:37:00.123Z" (RFC 3339, UTC, milliseconds), years 1970 to 9999.
std::string rfc3339_text(int64_t time_ms);

}  // namespace weir
