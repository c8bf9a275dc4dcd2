// Names are read label by label into a fixed array. Two rules bound the work on hostile input: a
// compression pointer must lead below the first byte of the labels that it ends, so a chain of
// pointers only ever descends, and the name must fit kNameWireBytesMax.
#include "weir/dns_name.h"

#include <algorithm>

#include "hash.h"

namespace weir {
namespace {

constexpr uint8_t kTypeBits = 0xC0;  // of a length byte: 00 a label, 11 a pointer (RFC 1035 4.1.4)
constexpr size_t kHeaderBytes = 12;  // no name stands in the header

Status malformed(const char* what) { return Status(Code::kInvalid, what); }

uint8_t lower(uint8_t byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<uint8_t>(byte + ('a' - 'A')) : byte;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes that the text form shows as they are, see event.h.
bool is_plain(uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

// One byte of presentation text: a printable character, \X or \DDD. Advances *position past it.
Result<uint8_t> read_text_byte(std::string_view text, size_t* position) {
  const char c = text[(*position)++];
  // Blanks, control characters and bytes beyond ASCII are more likely a mistake than a name.
  if (c <= ' ' || c > '~') return malformed("a name holds a byte that must be escaped");
  if (c != '\\') return static_cast<uint8_t>(c);
  if (*position == text.size()) return malformed("a name ends in an unfinished escape");
  const char next = text[(*position)++];
  if (!is_digit(next)) return static_cast<uint8_t>(next);
  if (text.size() - *position < 2 || !is_digit(text[*position]) || !is_digit(text[*position + 1])) {
    return malformed("a name holds an escape that is not \\DDD");
  }
  const int value = (next - '0') * 100 + (text[*position] - '0') * 10 + (text[*position + 1] - '0');
  *position += 2;
  if (value > 255) return malformed("a name holds an escape beyond \\255");
  return static_cast<uint8_t>(value);
}

}  // namespace

bool DnsName::append_label(std::span<const uint8_t> label) {
  // size_ counts the root's zero, which moves to the end.
  if (label.empty() || label.size() > kLabelBytesMax) return false;
  if (size_ + 1 + label.size() > kNameWireBytesMax) return false;
  wire_[size_ - 1U] = static_cast<uint8_t>(label.size());
  std::transform(label.begin(), label.end(), wire_.begin() + size_, lower);
  size_ = static_cast<uint8_t>(size_ + 1 + label.size());
  wire_[size_ - 1U] = 0;
  return true;
}

Result<DnsName> DnsName::read(std::span<const uint8_t> message, size_t offset, size_t* end) {
  DnsName name;
  size_t position = offset;
  size_t run_start = offset;
  size_t jumps = 0;
  while (position < message.size()) {
    const uint8_t length = message[position];
    if (length == 0) {
      // Where the name stood: behind its root, or behind its first pointer.
      if (jumps == 0) *end = position + 1;
      return name;
    }
    if ((length & kTypeBits) == kTypeBits) {
      if (message.size() - position < 2) return malformed("a pointer passes the end");
      const size_t target = (length & 0x3FU) << 8 | message[position + 1];
      if (target >= run_start) return malformed("a pointer does not point backwards");
      if (target < kHeaderBytes) return malformed("a pointer points into the header");
      if (jumps++ == 0) *end = position + 2;
      if (jumps > kCompressionJumpsMax) return malformed("a name has too many pointers");
      // The labels read next may not come up to here again: run_start only falls.
      position = run_start = target;
      continue;
    }
    if ((length & kTypeBits) != 0) return malformed("a label has an unknown type");
    if (message.size() - position <= length) return malformed("a label passes the end");
    if (!name.append_label(message.subspan(position + 1, length))) {
      return malformed("a name is longer than 255 bytes");
    }
    position += 1U + length;
  }
  return malformed("a name passes the end");
}

Result<DnsName> DnsName::parse(std::string_view text) {
  if (text == ".") return DnsName();
  if (text.empty()) return malformed("a name is empty");
  DnsName name;
  std::array<uint8_t, kLabelBytesMax> label;
  size_t length = 0;
  for (size_t position = 0; position < text.size();) {
    if (text[position] != '.') {
      WEIR_ASSIGN(const uint8_t byte, read_text_byte(text, &position));
      if (length == label.size()) return malformed("a label is longer than 63 bytes");
      label[length++] = byte;
      if (position < text.size()) continue;
    }
    // A dot, or the end of the text after a label.
    if (length == 0) return malformed("a name has an empty label");
    if (!name.append_label({label.data(), length})) {
      return malformed("a name is longer than 255 bytes");
    }
    length = 0;
    if (position < text.size()) ++position;
  }
  return name;
}

size_t DnsName::label_count() const {
  size_t count = 0;
  for (size_t position = 0; wire_[position] != 0; position += 1U + wire_[position]) ++count;
  return count;
}

std::string_view DnsName::text(std::span<char> out) const {
  WEIR_CHECK(out.size() >= kNameTextBytesMax);
  size_t size = 0;
  for (size_t position = 0; wire_[position] != 0;) {
    if (position != 0) out[size++] = '.';
    const size_t label_end = position + 1U + wire_[position];
    for (++position; position < label_end; ++position) {
      const uint8_t byte = wire_[position];
      if (is_plain(byte)) {
        out[size++] = static_cast<char>(byte);
        continue;
      }
      out[size++] = '\\';
      out[size++] = static_cast<char>('0' + byte / 100);
      out[size++] = static_cast<char>('0' + byte / 10 % 10);
      out[size++] = static_cast<char>('0' + byte % 10);
    }
  }
  if (size == 0) out[size++] = '.';
  return {out.data(), size};
}

std::string DnsName::text() const {
  std::array<char, kNameTextBytesMax> buffer;
  return std::string(text(buffer));
}

bool DnsName::is_within(const DnsName& ancestor) const {
  // Label by label, so that only whole labels can match.
  size_t position = 0;
  while (size_ - position > ancestor.size_) position += 1U + wire_[position];
  return std::ranges::equal(wire().subspan(position), ancestor.wire());
}

uint64_t DnsName::hash(uint64_t seed) const { return hash64(wire(), seed); }

bool DnsName::operator==(const DnsName& other) const {
  return std::ranges::equal(wire(), other.wire());
}

}  // namespace weir
