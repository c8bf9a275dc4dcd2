#include "hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "column.h"
#include "weir/status.h"

namespace weir {
namespace {

enum class Form : uint8_t { kExact = 0, kRegisters = 1 };

// Ertl's sigma and tau: series that stop where a double no longer changes.
double sigma(double x) {
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

void HyperLogLog::add(uint64_t hash) { add_value(hash >> (64 - kValueBits)); }

void HyperLogLog::add_value(uint64_t value) {
  if (!registers_.empty()) return add_to_register(value);
  const auto at = std::lower_bound(exact_.begin(), exact_.end(), value);
  if (at != exact_.end() && *at == value) return;
  exact_.insert(at, value);
  if (exact_.size() > kExactMax) make_registers();
}

void HyperLogLog::add_to_register(uint64_t value) {
  const unsigned rest_bits = kValueBits - precision_;
  const uint64_t rest = value & ((uint64_t{1} << rest_bits) - 1);
  const auto zeros = rest_bits - static_cast<unsigned>(std::bit_width(rest));
  uint8_t& at = registers_[static_cast<size_t>(value >> rest_bits)];
  at = std::max(at, static_cast<uint8_t>(zeros + 1));
}

void HyperLogLog::make_registers() {
  registers_.assign(size_t{1} << precision_, 0);
  for (const uint64_t value : exact_) add_to_register(value);
  exact_.clear();
}

void HyperLogLog::merge(const HyperLogLog& other) {
  WEIR_CHECK(precision_ == other.precision_);
  for (const uint64_t value : other.exact_) add_value(value);
  if (other.registers_.empty()) return;
  if (registers_.empty()) make_registers();
  std::transform(registers_.begin(), registers_.end(), other.registers_.begin(), registers_.begin(),
                 [](uint8_t a, uint8_t b) { return std::max(a, b); });
}

uint64_t HyperLogLog::estimate() const {
  if (registers_.empty()) return exact_.size();
  std::vector<uint32_t> counts(rank_max() + 1);
  for (const uint8_t rank : registers_) ++counts[rank];
  const auto size = static_cast<double>(registers_.size());
  double z = size * tau(1 - counts[rank_max()] / size);
  for (unsigned rank = rank_max() - 1; rank > 0; --rank) z = (z + counts[rank]) * 0.5;
  z += size * sigma(counts[0] / size);
  constexpr double kHalfOverLn2 = 0.72134752044448170368;
  // Registers that are all full, which only made-up bytes have, would divide by zero.
  constexpr double kMost = static_cast<double>(uint64_t{1} << kValueBits);
  return static_cast<uint64_t>(std::min(kHalfOverLn2 * size * size / z + 0.5, kMost));
}

void HyperLogLog::encode(std::vector<uint8_t>* out) const {
  ByteWriter writer(*out);
  if (!registers_.empty()) {
    writer.u8(static_cast<uint8_t>(Form::kRegisters));
    encode_column(registers_, out);
    return;
  }
  writer.u8(static_cast<uint8_t>(Form::kExact));
  writer.varint(exact_.size());
  uint64_t before = 0;
  for (const uint64_t value : exact_) {
    writer.varint(value - before);
    before = value;
  }
}

bool HyperLogLog::decode(ByteReader* reader) {
  exact_.clear();
  registers_.clear();
  const uint8_t form = reader->u8();
  if (form == static_cast<uint8_t>(Form::kRegisters)) {
    registers_.resize(size_t{1} << precision_);
    return decode_column<uint8_t>(reader, {0, rank_max()}, registers_);
  }
  if (form != static_cast<uint8_t>(Form::kExact)) return false;
  const uint64_t size = reader->varint_up_to(kExactMax);
  uint64_t value = 0;
  for (uint64_t i = 0; i < size; ++i) {
    const uint64_t step = reader->varint_up_to((uint64_t{1} << kValueBits) - 1 - value);
    if (!reader->ok() || (step == 0 && i > 0)) return false;
    value += step;
    exact_.push_back(value);
  }
  return reader->ok();
}

}  // namespace weir
