#include "name_code.h"

#include <array>

namespace weir {
namespace {

constexpr uint16_t kEnd = 256;
constexpr uint16_t kEscape = 257;
constexpr unsigned kLengthMax = 10;

// Frozen with the summary format: the symbols of each length, kEnd before the others of its length,
// kEscape behind.
struct Length {
  unsigned bits;
  std::string_view symbols;
};
constexpr Length kLengths[] = {{4, "aeiorst"},   {5, ".cdlmnp"}, {6, "-012bfghkuvwy"},
                               {7, "3456789xz"}, {8, "j"},       {9, "q"},
                               {10, "_"}};
constexpr unsigned kEndBits = 4;

struct Code {
  uint16_t bits = 0;  // the first one is the least significant
  uint8_t length = 0;
};
struct Symbol {
  uint16_t symbol = 0;
  uint8_t length = 0;
};
struct Tables {
  std::array<Code, 258> codes{};                  // length 0: by escape
  std::array<Symbol, 1 << kLengthMax> symbols{};  // by the next kLengthMax bits
};

constexpr Tables make_tables() {
  Tables tables;
  unsigned next = 0;
  unsigned length = kEndBits;
  const auto add = [&](uint16_t symbol, unsigned bits) {
    next <<= bits - length;
    length = bits;
    Code& code = tables.codes[symbol];
    for (unsigned i = 0; i < bits; ++i) {
      code.bits = static_cast<uint16_t>(code.bits | (next >> (bits - 1 - i) & 1) << i);
    }
    code.length = static_cast<uint8_t>(bits);
    for (size_t rest = 0; rest < size_t{1} << (kLengthMax - bits); ++rest) {
      tables.symbols[code.bits | rest << bits] = {symbol, code.length};
    }
    ++next;
  };
  add(kEnd, kEndBits);
  for (const Length& group : kLengths) {
    for (const char symbol : group.symbols) add(static_cast<uint8_t>(symbol), group.bits);
  }
  add(kEscape, kLengthMax);
  return tables;
}

constexpr Tables kTables = make_tables();
constexpr unsigned kEscapedBits = kLengthMax + 8;

const Code& code_of(char byte) { return kTables.codes[static_cast<uint8_t>(byte)]; }

}  // namespace

size_t name_code_bits(std::string_view text) {
  size_t bits = kEndBits;
  for (const char byte : text) {
    const unsigned length = code_of(byte).length;
    bits += length == 0 ? kEscapedBits : length;
  }
  return bits;
}

void NameCodeWriter::put(uint64_t bits, unsigned count) {
  bits_ |= bits << count_;
  for (count_ += count; count_ >= 8; count_ -= 8, bits_ >>= 8) {
    out_.push_back(static_cast<uint8_t>(bits_));
  }
}

void NameCodeWriter::text(std::string_view text) {
  for (const char byte : text) {
    const Code& code = code_of(byte);
    if (code.length != 0) {
      put(code.bits, code.length);
    } else {
      put(kTables.codes[kEscape].bits, kLengthMax);
      put(static_cast<uint8_t>(byte), 8);
    }
  }
  put(kTables.codes[kEnd].bits, kEndBits);
}

void NameCodeWriter::finish() {
  if (count_ > 0) out_.push_back(static_cast<uint8_t>(bits_));
}

void NameCodeReader::fill() {
  for (; count_ <= 56 && position_ < bytes_.size(); count_ += 8) {
    bits_ |= uint64_t{bytes_[position_++]} << count_;
  }
}

bool NameCodeReader::take(unsigned count) {
  if (count > count_) return false;
  bits_ >>= count;
  count_ -= count;
  return true;
}

bool NameCodeReader::text(size_t bytes_max, std::string* text) {
  for (text->clear(); text->size() <= bytes_max;) {
    if (count_ < kEscapedBits) fill();
    const Symbol next = kTables.symbols[bits_ & ((1U << kLengthMax) - 1)];
    if (!take(next.length)) return false;
    if (next.symbol == kEnd) return true;
    const auto byte = static_cast<char>(next.symbol == kEscape ? bits_ & 0xff : next.symbol);
    if (next.symbol == kEscape && !take(8)) return false;
    text->push_back(byte);
  }
  return false;
}

}  // namespace weir
