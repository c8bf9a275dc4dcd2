// Hexadecimal text of bytes: log ids, token hashes, and blobs on their way to D1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir {

inline void append_hex(std::span<const uint8_t> bytes, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const size_t start = out->size();
  out->resize(start + 2 * bytes.size());
  char* at = out->data() + start;
  for (const uint8_t byte : bytes) {
    *at++ = kDigits[byte >> 4];
    *at++ = kDigits[byte & 15];
  }
}

inline std::string to_hex(std::span<const uint8_t> bytes) {
  std::string text;
  append_hex(bytes, &text);
  return text;
}

// The value of one digit of either case, or −1.
constexpr int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Fills `out`, which must hold half of text.size() bytes exactly; false if the text is not that
// many pairs of digits.
inline bool from_hex(std::string_view text, std::span<uint8_t> out) {
  if (text.size() != 2 * out.size()) return false;
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace weir
