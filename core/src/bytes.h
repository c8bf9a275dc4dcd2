// Bounded readers and writers of little-endian bytes: what every format of the core is made of.
//
// Integers are little-endian; a varint is LEB128 (7 bits per byte, least first, at most 10 bytes,
// shortest form only); zigzag maps 0, −1, 1, −2 … to 0, 1, 2, 3 … so that small magnitudes stay
// short. A reader never reads past its end: the first short read makes it fail for good, and every
// later read gives 0 or nothing, so a parser may read a whole record and ask ok() once, before it
// uses any of it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace weir {

inline constexpr size_t kVarintBytesMax = 10;

constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

// How long a varint is.
constexpr size_t varint_bytes(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Unaligned little-endian loads and stores: one instruction where the machine is little-endian.
template <class T>
T load_le(const uint8_t* bytes) {
  T value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, bytes, sizeof(T));
  } else {
    for (size_t i = sizeof(T); i > 0; --i) value = static_cast<T>(value << 8 | bytes[i - 1]);
  }
  return value;
}
template <class T>
void store_le(uint8_t* bytes, T value) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(bytes, &value, sizeof(T));
  } else {
    for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

inline std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Whether they are equal. A call of memcmp costs more than the few bytes that most texts have.
inline bool same_text(std::string_view left, std::string_view right) {
  const size_t size = left.size();
  if (size != right.size()) return false;
  const uint8_t* const a = as_bytes(left).data();
  const uint8_t* const b = as_bytes(right).data();
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  uint64_t unlike = load_le<uint64_t>(a + size - 8) ^ load_le<uint64_t>(b + size - 8);
  for (size_t i = 0; i + 8 < size; i += 8) {
    unlike |= load_le<uint64_t>(a + i) ^ load_le<uint64_t>(b + i);
  }
  return unlike == 0;
}

// Borrows the bytes it reads; so do the views it returns.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return position_ == bytes_.size(); }
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  std::span<const uint8_t> rest() const { return bytes_.subspan(position_); }

  uint8_t u8() { return fixed<uint8_t>(); }
  uint16_t u16() { return fixed<uint16_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }

  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = u8();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        // A final zero byte, or bits beyond 64, would give one value two spellings.
        if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1)) ok_ = false;
        return ok_ ? value : 0;
      }
    }
    ok_ = false;
    return 0;
  }
  // A varint that must not exceed `most`: the bound is checked before the caller can use the value.
  uint64_t varint_up_to(uint64_t most) {
    const uint64_t value = varint();
    if (value > most) ok_ = false;
    return ok_ ? value : 0;
  }
  int64_t zigzag_varint() { return unzigzag(varint()); }

  std::span<const uint8_t> take(uint64_t size) {
    if (!ok_ || size > remaining()) {
      ok_ = false;
      return {};
    }
    const auto taken = bytes_.subspan(position_, static_cast<size_t>(size));
    position_ += static_cast<size_t>(size);
    return taken;
  }
  std::string_view take_text(uint64_t size) { return as_text(take(size)); }

 private:
  template <class T>
  T fixed() {
    const auto taken = take(sizeof(T));
    return ok_ ? load_le<T>(taken.data()) : T{0};
  }

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

// Appends to a vector that it borrows.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<uint8_t>& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(value); }
  void u16(uint16_t value) { fixed(value); }
  void u32(uint32_t value) { fixed(value); }
  void u64(uint64_t value) { fixed(value); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) u8(static_cast<uint8_t>(value | 0x80));
    u8(static_cast<uint8_t>(value));
  }
  void zigzag_varint(int64_t value) { varint(zigzag(value)); }
  void bytes(std::span<const uint8_t> value) {
    out_.insert(out_.end(), value.begin(), value.end());
  }
  void text(std::string_view value) { bytes(as_bytes(value)); }
  // The length first, as a varint.
  void sized_text(std::string_view value) {
    varint(value.size());
    text(value);
  }

 private:
  template <class T>
  void fixed(T value) {
    const size_t position = out_.size();
    out_.resize(position + sizeof(T));
    store_le(out_.data() + position, value);
  }

  std::vector<uint8_t>& out_;
};

}  // namespace weir
