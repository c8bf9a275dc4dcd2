// Events taken apart into columns of small numbers: what a SegmentBuilder collects and the encoder
// reads.
//
// Numbers are given in order of first sight; the encoder renumbers, so that the bytes depend on the
// events alone.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "interner.h"
#include "weir/event.h"

namespace weir {

// An index into strings plus one, or 0 for none. Repeats of the last one skip the hash.
class OptionalStrings {
 public:
  uint32_t intern(std::string_view text) {
    if (text.empty()) return 0;
    if (last_ == 0 || strings_[last_ - 1] != text) last_ = strings_.intern(text) + 1;
    return last_;
  }
  const StringInterner& strings() const { return strings_; }

 private:
  StringInterner strings_;
  uint32_t last_ = 0;
};

// What events have in common besides their question: packed into one number for the interner.
struct Trait {
  uint8_t bits = 0;  // trait_byte()
  uint16_t rcode = 0;
  uint32_t list = 0;  // OptionalStrings
  uint32_t upstream = 0;
  auto operator<=>(const Trait&) const = default;

  // 6 + 12 + 21 + 21 bits; a segment has at most 2^20 events, thus strings.
  uint64_t key() const {
    return bits | uint64_t{rcode} << 6 | uint64_t{list} << 18 | uint64_t{upstream} << 39;
  }
  static Trait of_key(uint64_t key) {
    return {.bits = static_cast<uint8_t>(key & 0x3f),
            .rcode = static_cast<uint16_t>(key >> 6 & 0xfff),
            .list = static_cast<uint32_t>(key >> 18 & 0x1fffff),
            .upstream = static_cast<uint32_t>(key >> 39)};
  }
};

constexpr uint64_t question_key(uint32_t name, uint16_t qtype) {
  return uint64_t{name} << 16 | qtype;
}

struct EventColumns {
  StringInterner names;
  KeyInterner questions;                 // question_key()
  std::vector<uint32_t> question_sizes;  // of each question's first answer
  KeyInterner traits;                    // Trait::key()
  OptionalStrings lists;
  OptionalStrings upstreams;
  StringInterner clients;  // client_key()

  // One entry per event.
  std::vector<uint32_t> time;  // ms since start_ms
  std::vector<uint32_t> question;
  std::vector<uint32_t> client;
  std::vector<uint32_t> trait;
  std::vector<uint32_t> duration;
  std::vector<uint32_t> size;

  int64_t start_ms = 0;  // of the span that all lie in
  std::array<uint64_t, kOutcomeCount> outcomes{};

  size_t count() const { return time.size(); }
};

// Kind and bytes: sorts as Client does.
inline constexpr size_t kClientKeyBytes = 17;

// The content of a segment with these events, at least one, and what its head says of it.
std::vector<uint8_t> encode_content(const EventColumns& events, uint32_t* content_crc);

}  // namespace weir
