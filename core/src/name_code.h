// A fixed prefix code for the text of names: four to seven bits for what names are made of.
//
// The code never changes, so that a few hundred names need no table of their own; its lengths are
// Huffman's for popular names and ad servers after their shared ends are taken away. Every other
// byte takes an escape and its eight bits. Bits fill bytes from the least significant one on; codes
// are canonical (by length, then in the order of docs/summary_format.md), their first bit first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// The bits of a text and of its end.
size_t name_code_bits(std::string_view text);

class NameCodeWriter {
 public:
  // Appends to `out`, which it borrows.
  explicit NameCodeWriter(std::vector<uint8_t>* out) : out_(*out) {}

  void text(std::string_view text);
  // Pads the last byte with zeros. Nothing may follow.
  void finish();

 private:
  void put(uint64_t bits, unsigned count);

  std::vector<uint8_t>& out_;
  uint64_t bits_ = 0;  // not in out_ yet
  unsigned count_ = 0;
};

class NameCodeReader {
 public:
  explicit NameCodeReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  // Replaces `text` by the next one. False if it does not end within `bytes_max` and the bits.
  bool text(size_t bytes_max, std::string* text);
  // True if only the padding is left.
  bool at_end() const { return position_ == bytes_.size() && bits_ == 0 && count_ < 8; }

 private:
  void fill();
  bool take(unsigned count);

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  uint64_t bits_ = 0;  // ahead of position_
  unsigned count_ = 0;
};

}  // namespace weir
