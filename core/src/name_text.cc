#include "name_text.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "weir/limits.h"

namespace weir {
namespace {

enum class ByteKind : uint8_t { kOther, kPlain, kDot, kEscape };

constexpr std::array<ByteKind, 256> make_kinds() {
  std::array<ByteKind, 256> kinds{};
  for (unsigned char c = 'a'; c <= 'z'; ++c) kinds[c] = ByteKind::kPlain;
  for (unsigned char c = '0'; c <= '9'; ++c) kinds[c] = ByteKind::kPlain;
  kinds['-'] = ByteKind::kPlain;
  kinds['_'] = ByteKind::kPlain;
  kinds['.'] = ByteKind::kDot;
  kinds['\\'] = ByteKind::kEscape;
  return kinds;
}

constexpr std::array<ByteKind, 256> kKinds = make_kinds();

ByteKind kind_of(char c) { return kKinds[static_cast<uint8_t>(c)]; }

// "\DDD" at the start of `text`, for an octet that may not stand for itself. A dot inside a label
// is such an octet; an upper-case letter is none at all, for names are lower case.
bool is_escape(std::string_view text) {
  if (text.size() < 4) return false;
  unsigned octet = 0;
  for (size_t i = 1; i <= 3; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    octet = octet * 10 + static_cast<unsigned>(text[i] - '0');
  }
  if (octet > 255 || (octet >= 'A' && octet <= 'Z')) return false;
  return kKinds[octet] != ByteKind::kPlain;
}

// What most names are: no escapes, and too short for a label or a name that is too long. Without a
// branch for each byte.
bool is_plain_name(std::string_view text) {
  if (text.size() > kLabelBytesMax) return false;
  bool is_plain = true;
  ByteKind before = ByteKind::kDot;
  for (const char c : text) {
    const ByteKind kind = kind_of(c);
    is_plain &= kind == ByteKind::kPlain || (kind == ByteKind::kDot && before != kind);
    before = kind;
  }
  return is_plain && before == ByteKind::kPlain;
}

}  // namespace

bool is_name_text(std::string_view text) {
  if (is_plain_name(text) || text == ".") return true;
  size_t wire_bytes = 2;  // the first label's length and the root's
  size_t label_bytes = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (kind_of(text[i])) {
      case ByteKind::kOther:
        return false;
      case ByteKind::kDot:
        if (label_bytes == 0) return false;
        label_bytes = 0;
        ++wire_bytes;
        continue;
      case ByteKind::kEscape:
        if (!is_escape(text.substr(i))) return false;
        i += 3;
        break;
      case ByteKind::kPlain:
        break;
    }
    ++wire_bytes;
    if (++label_bytes > kLabelBytesMax) return false;
  }
  return label_bytes > 0 && wire_bytes <= kNameWireBytesMax;
}

}  // namespace weir
