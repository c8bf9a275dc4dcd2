#include "query_string.h"

#include <vector>

#include "catch.h"

namespace weir {
namespace {

std::vector<std::string> pairs_of(std::string_view text) {
  std::vector<std::string> out;
  QueryStringReader reader(text);
  while (auto pair = reader.next()) {
    out.push_back(pair->ok() ? (*pair)->name + "=" + (*pair)->value
                             : "bad " + pair->status().message());
  }
  return out;
}

using Pairs = std::vector<std::string>;

TEST_CASE("pairs come in order, decoded") {
  CHECK(pairs_of("a=1&b=x%26y&a=+2") == Pairs{"a=1", "b=x&y", "a= 2"});
}

TEST_CASE("only the first equals sign separates") {
  CHECK(pairs_of("a=b=c&=d&e") == Pairs{"a=b=c", "=d", "e="});
}

TEST_CASE("empty pairs are passed over") {
  CHECK(pairs_of("").empty());
  CHECK(pairs_of("&&a=1&&") == Pairs{"a=1"});
}

TEST_CASE("a percent sign without two digits spoils its pair only") {
  CHECK(pairs_of("a=%4&b=%zz&c=%41&%=1") == Pairs{"bad a", "bad b", "c=A", "bad %"});
}

TEST_CASE("durations are a number and one unit") {
  CHECK(*parse_duration_ms("90s") == 90'000);
  CHECK(*parse_duration_ms("15m") == 900'000);
  CHECK(*parse_duration_ms("24h") == 86'400'000);
  CHECK(*parse_duration_ms("7d") == 604'800'000);
  CHECK(*parse_duration_ms("2w") == 1'209'600'000);
  CHECK(*parse_duration_ms("999999999w") == 999'999'999 * int64_t{604'800'000});
}

TEST_CASE("anything else is no duration") {
  for (const char* text :
       {"", "h", "24", "24H", "-1h", "+1h", "1.5h", "1 h", "1hh", "1y", "1000000000s"}) {
    CAPTURE(text);
    CHECK(parse_duration_ms(text).status().code() == Code::kInvalid);
  }
}

}  // namespace
}  // namespace weir
