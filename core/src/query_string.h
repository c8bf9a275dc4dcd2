// The query string of a URL (RFC 3986 section 3.4, with the + of HTML forms), and the durations
// that its values may be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

struct QueryPair {
  std::string name;
  std::string value;
};

// Takes the pairs of a query string one after the other. Empty pairs ("a=1&&b=2") are passed over;
// a name without "=" has the empty value.
class QueryStringReader {
 public:
  explicit QueryStringReader(std::string_view text) : rest_(text) {}  // borrows

  // Nothing at the end. kInvalid, with the raw name in the message, where a %XX is cut short or is
  // no hexadecimal number; the reader may be asked on after it.
  std::optional<Result<QueryPair>> next();

 private:
  std::string_view rest_;
};

// "90s", "15m", "24h", "7d", "2w" in milliseconds; kInvalid otherwise. At most nine digits.
Result<int64_t> parse_duration_ms(std::string_view text);

}  // namespace weir
