#include "query_string.h"

#include <charconv>

#include "hex.h"
#include "weir/summary.h"

namespace weir {
namespace {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      uint8_t byte = 0;
      if (!from_hex(text.substr(i + 1, 2), {&byte, 1})) return std::nullopt;
      out += static_cast<char>(byte);
      i += 2;
    }
  }
  return out;
}

int64_t unit_ms(char unit) {
  switch (unit) {
    case 's':
      return 1000;
    case 'm':
      return kMinuteMs;
    case 'h':
      return kHourMs;
    case 'd':
      return kDayMs;
    case 'w':
      return 7 * kDayMs;
    default:
      return 0;
  }
}

}  // namespace

std::optional<Result<QueryPair>> QueryStringReader::next() {
  std::string_view pair;
  while (pair.empty()) {
    if (rest_.empty()) return std::nullopt;
    const size_t end = rest_.find('&');
    pair = rest_.substr(0, end);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
  }
  const size_t equals = pair.find('=');
  const std::string_view raw_name = pair.substr(0, equals);
  std::optional<std::string> name = percent_decoded(raw_name);
  std::optional<std::string> value =
      percent_decoded(equals == pair.npos ? std::string_view() : pair.substr(equals + 1));
  if (!name || !value) return Result<QueryPair>(Status(Code::kInvalid, std::string(raw_name)));
  return Result<QueryPair>(QueryPair{*std::move(name), *std::move(value)});
}

Result<int64_t> parse_duration_ms(std::string_view text) {
  const Status bad(Code::kInvalid, "not a duration like 24h, 15m or 7d");
  if (text.size() < 2 || text.size() > 10) return bad;
  const char* unit = text.data() + text.size() - 1;
  uint32_t amount = 0;  // unsigned: no sign is taken
  const auto [end, error] = std::from_chars(text.data(), unit, amount);
  if (error != std::errc() || end != unit || unit_ms(*unit) == 0) return bad;
  return static_cast<int64_t>(amount) * unit_ms(*unit);
}

}  // namespace weir
