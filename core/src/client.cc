// Clients as text: IPv4 dotted, IPv6 as RFC 5952 recommends, pseudonyms as ~ and 16 hex digits.
#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "hex.h"
#include "weir/event.h"

namespace weir {
namespace {

constexpr size_t kGroups = 8;  // of 16 bits in an IPv6 address
using Groups = std::array<uint16_t, kGroups>;

Status not_a_client() { return Status(Code::kInvalid, "not an address or a pseudonym"); }

void append_number(unsigned number, int base, std::string* out) {
  std::array<char, 8> digits;
  char* const begin = digits.data();  // an iterator of libc++ is no pointer
  const char* const end = std::to_chars(begin, begin + digits.size(), number, base).ptr;
  out->append(begin, static_cast<size_t>(end - begin));
}

void append_v4(std::span<const uint8_t, 4> bytes, std::string* out) {
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0) out->push_back('.');
    append_number(bytes[i], 10, out);
  }
}

struct Run {
  size_t start = 0;
  size_t length = 0;
};

// The first of the longest runs of zero groups; RFC 5952 4.2.2 leaves single ones alone.
Run longest_zero_run(const Groups& groups) {
  Run longest;
  for (size_t i = 0; i < kGroups; ++i) {
    size_t length = 0;
    while (i + length < kGroups && groups[i + length] == 0) ++length;
    if (length > longest.length) longest = {i, length};
    i += length;
  }
  return longest.length >= 2 ? longest : Run{};
}

void append_v6(const std::array<uint8_t, 16>& bytes, std::string* out) {
  Groups groups;
  for (size_t i = 0; i < kGroups; ++i) {
    groups[i] = static_cast<uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  const Run zeros = longest_zero_run(groups);
  // RFC 5952 5: an address that is known to hold an IPv4 address shows it.
  if (zeros.start == 0 && zeros.length == 5 && groups[5] == 0xffff) {
    out->append("::ffff:");
    append_v4(std::span(bytes).last<4>(), out);
    return;
  }
  for (size_t i = 0; i < kGroups; ++i) {
    if (zeros.length > 0 && i == zeros.start) {
      out->append("::");
      i += zeros.length - 1;
      continue;
    }
    if (i > 0 && out->back() != ':') out->push_back(':');
    append_number(groups[i], 16, out);
  }
}

// A number without needless zeros, at the start of *text, which advances past it.
bool read_number(std::string_view* text, int base, unsigned most, size_t digits_max,
                 unsigned* out) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *out, base);
  const auto digits = static_cast<size_t>(end - text->data());
  if (error != std::errc() || digits > digits_max || *out > most) return false;
  text->remove_prefix(digits);
  return true;
}

bool parse_v4(std::string_view text, std::span<uint8_t, 4> out) {
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return false;
      text.remove_prefix(1);
    }
    const bool leading_zero = text.size() > 1 && text[0] == '0' && text[1] != '.';
    unsigned byte = 0;
    if (leading_zero || !read_number(&text, 10, 255, 3, &byte)) return false;
    out[i] = static_cast<uint8_t>(byte);
  }
  return text.empty();
}

// Groups between single colons, the last two perhaps as an IPv4 address. Empty text is no group.
bool parse_groups(std::string_view text, std::array<uint8_t, 16>* out, size_t* bytes) {
  *bytes = 0;
  if (text.empty()) return true;
  while (*bytes < out->size()) {
    if (text.find(':') == text.npos && text.find('.') != text.npos) {
      if (out->size() - *bytes < 4) return false;
      const bool parsed = parse_v4(text, std::span<uint8_t, 4>(out->data() + *bytes, 4));
      *bytes += 4;
      return parsed;
    }
    unsigned group = 0;
    if (!read_number(&text, 16, 0xffff, 4, &group)) return false;
    (*out)[(*bytes)++] = static_cast<uint8_t>(group >> 8);
    (*out)[(*bytes)++] = static_cast<uint8_t>(group);
    if (text.empty()) return true;
    if (!text.starts_with(':')) return false;
    text.remove_prefix(1);
  }
  return false;
}

bool parse_v6(std::string_view text, std::array<uint8_t, 16>* out) {
  const size_t gap = text.find("::");
  size_t head_bytes = 0;
  if (gap == text.npos) return parse_groups(text, out, &head_bytes) && head_bytes == out->size();
  std::array<uint8_t, 16> tail{};
  size_t tail_bytes = 0;
  if (text.substr(0, gap).find('.') != text.npos) return false;
  if (!parse_groups(text.substr(0, gap), out, &head_bytes)) return false;
  if (!parse_groups(text.substr(gap + 2), &tail, &tail_bytes)) return false;
  if (head_bytes + tail_bytes > out->size() - 2) return false;
  std::fill(out->begin() + static_cast<ptrdiff_t>(head_bytes), out->end(), uint8_t{0});
  std::copy_n(tail.begin(), tail_bytes, out->end() - static_cast<ptrdiff_t>(tail_bytes));
  return true;
}

}  // namespace

size_t Client::size() const {
  switch (kind) {
    case Kind::kNone:
      return 0;
    case Kind::kV4:
      return 4;
    case Kind::kV6:
      return 16;
    case Kind::kPseudonym:
      return 8;
  }
  return 0;
}

std::string client_text(const Client& client) {
  std::string text;
  switch (client.kind) {
    case Client::Kind::kNone:
      break;
    case Client::Kind::kV4:
      append_v4(std::span(client.bytes).first<4>(), &text);
      break;
    case Client::Kind::kV6:
      append_v6(client.bytes, &text);
      break;
    case Client::Kind::kPseudonym:
      text.push_back('~');
      append_hex(std::span(client.bytes).first(8), &text);
      break;
  }
  return text;
}

Result<Client> parse_client(std::string_view text) {
  Client client;
  if (text.empty()) return client;
  bool parsed = false;
  if (text.starts_with('~')) {
    client.kind = Client::Kind::kPseudonym;
    parsed = from_hex(text.substr(1), std::span(client.bytes).first(8));
  } else if (text.find(':') != text.npos) {
    client.kind = Client::Kind::kV6;
    parsed = parse_v6(text, &client.bytes);
  } else {
    client.kind = Client::Kind::kV4;
    parsed = parse_v4(text, std::span(client.bytes).first<4>());
  }
  if (!parsed) return not_a_client();
  return client;
}

}  // namespace weir
