// DnsName: a domain name in canonical wire form (RFC 1035 3.1, RFC 4034 6.2): lower case,
// uncompressed, bounded.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weir/limits.h"
#include "weir/status.h"

namespace weir {

class DnsName {
 public:
  DnsName() = default;  // the root

  // Reads the name at `offset` of a whole message, following compression pointers, which may only
  // point backwards and not into the header. On success *end is the offset after the name where it
  // stood. kInvalid for anything malformed.
  static Result<DnsName> read(std::span<const uint8_t> message, size_t offset, size_t* end);
  // Presentation form, with or without the final dot, \DDD and \X escapes (RFC 1035 5.1); bytes
  // outside printable ASCII must be escaped. "." is the root. kInvalid otherwise.
  static Result<DnsName> parse(std::string_view text);

  std::span<const uint8_t> wire() const { return {wire_.data(), size_}; }  // ends with the root's 0
  size_t label_count() const;                                              // without the root
  // Weir's text form, see event.h. `out` must hold kNameTextBytesMax bytes; the view points into
  // it.
  std::string_view text(std::span<char> out) const;
  std::string text() const;
  // True if this is `ancestor` or below it.
  bool is_within(const DnsName& ancestor) const;
  // For tables in memory; never stored. Where strangers choose the names, `seed` must be secret.
  uint64_t hash(uint64_t seed) const;

  bool operator==(const DnsName& other) const;

 private:
  // Adds a label before the root, in lower case. False, and no change, if a bound of RFC 1035 2.3.4
  // would be passed.
  bool append_label(std::span<const uint8_t> label);

  std::array<uint8_t, kNameWireBytesMax> wire_{0};
  uint8_t size_ = 1;
};

}  // namespace weir
