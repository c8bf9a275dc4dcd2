#include "weir/json.h"

#include <array>
#include <charconv>
#include <cstddef>

namespace weir {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Utf8Lead {
  size_t length = 0;  // 0: not a lead byte
  uint8_t second_min = 0x80, second_max = 0xBF;
};

// RFC 3629 section 4: the second byte's range excludes overlong forms, surrogates and what lies
// past U+10FFFF.
Utf8Lead utf8_lead(uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  if (byte >= 0xF1 && byte <= 0xF3) return {4};
  return {};
}

// Bytes of the well-formed multi-byte character at the start of `text`, 0 if there is none.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  Utf8Lead lead = utf8_lead(byte(0));
  if (lead.length == 0 || lead.length > text.size()) return 0;
  if (byte(1) < lead.second_min || byte(1) > lead.second_max) return 0;
  for (size_t i = 2; i < lead.length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return lead.length;
}

void append_ascii(std::string* out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    *out += '\\';
    *out += c;
  } else if (c == '\n') {
    *out += "\\n";
  } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) {
    *out += "\\u00";
    *out += kHex[static_cast<uint8_t>(c) >> 4];
    *out += kHex[static_cast<uint8_t>(c) & 15];
  } else {
    *out += c;
  }
}

template <class Integer>
void append_number(std::string* out, Integer value) {
  std::array<char, 24> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out->append(text.data(), end);
}

}  // namespace

void JsonWriter::separate() {
  if (needs_comma_) *out_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  *out_ += '{';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  *out_ += '}';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  *out_ += '[';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  *out_ += ']';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  *out_ += '"';
  *out_ += name;
  *out_ += "\":";
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  separate();
  *out_ += '"';
  while (!value.empty()) {
    size_t length = 1;
    if (static_cast<uint8_t>(value[0]) < 0x80) {
      append_ascii(out_, value[0]);
    } else if (size_t found = utf8_length(value); found != 0) {
      length = found;
      out_->append(value.substr(0, length));
    } else {
      *out_ += kReplacement;
    }
    value.remove_prefix(length);
  }
  *out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::integer(int64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(uint64_t value) {
  separate();
  append_number(out_, value);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  *out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  *out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  *out_ += json;
  return *this;
}

}  // namespace weir
