// Distinct counting in a few kilobytes: exact while there are few values, then HyperLogLog
// (Flajolet et al. 2007) with Ertl's estimate (2017, algorithm 6), which needs no range correction.
//
// Values are the upper 40 bits of hash64. Up to kExactMax of them are kept as they are; after that
// only registers: the first `precision` bits of a value choose one, which keeps the greatest number
// of zero bits before the first one bit of the rest, plus one. Both forms are unions, so merging is
// exact, commutative and associative: the state depends only on the set of values. The standard
// error of the registers is 1.04 / sqrt(2^precision). Whoever picks the names can cheat a hash
// without a secret; a summary is an estimate, not evidence.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bytes.h"

namespace weir {

class HyperLogLog {
 public:
  static constexpr size_t kExactMax = 256;
  static constexpr unsigned kValueBits = 40;

  // precision: 4 … 16 bits.
  explicit HyperLogLog(unsigned precision) : precision_(precision) {}

  void add(uint64_t hash);
  // Precondition: the same precision.
  void merge(const HyperLogLog& other);
  uint64_t estimate() const;

  // u8 0, varint number, then the values ascending as varint differences; or u8 1 and a column of
  // registers (column.h).
  void encode(std::vector<uint8_t>* out) const;
  // False if the bytes are neither form.
  bool decode(ByteReader* reader);

  bool operator==(const HyperLogLog&) const = default;

 private:
  void add_value(uint64_t value);
  void add_to_register(uint64_t value);
  void make_registers();
  unsigned rank_max() const { return kValueBits - precision_ + 1; }

  unsigned precision_;
  std::vector<uint64_t> exact_;     // sorted; empty once there are registers
  std::vector<uint8_t> registers_;  // empty while exact
};

}  // namespace weir
