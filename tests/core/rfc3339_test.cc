#include <ctime>

#include "catch.h"
#include "weir/json.h"

namespace weir {
namespace {

TEST_CASE("times are written in UTC with milliseconds") {
  CHECK(rfc3339_text(0) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339_text(1795200000000) == "2026-11-20T18:40:00.000Z");
  CHECK(rfc3339_text(951782400000 - 1) == "2000-02-28T23:59:59.999Z");
  CHECK(rfc3339_text(951782400000) == "2000-02-29T00:00:00.000Z");
}

TEST_CASE("times outside the years 1970 to 9999 are shown at the bound") {
  CHECK(rfc3339_text(-1) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339_text(253402300799999) == "9999-12-31T23:59:59.999Z");
  CHECK(rfc3339_text(253402300800000) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("every day until 2400 agrees with the C library and comes back") {
  for (int64_t day = 0; day < 157'054; ++day) {
    std::time_t seconds = day * 86400 + 43'210;
    std::tm civil{};
    REQUIRE(gmtime_r(&seconds, &civil) != nullptr);
    char expected[32];
    REQUIRE(std::strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.007Z", &civil) != 0);
    int64_t ms = seconds * 1000 + 7;
    REQUIRE(rfc3339_text(ms) == expected);
    REQUIRE(*parse_rfc3339(expected) == ms);
  }
}

TEST_CASE("offsets are applied and finer digits cut") {
  CHECK(*parse_rfc3339("2026-11-20T19:40:00+01:00") == 1795200000000);
  CHECK(*parse_rfc3339("2026-11-20T14:10:00.1-04:30") == 1795200000100);
  CHECK(*parse_rfc3339("2026-11-20t18:40:00.0019999z") == 1795200000001);
}

TEST_CASE("a leap second is the second after it") {
  CHECK(*parse_rfc3339("2016-12-31T23:59:60Z") == *parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST_CASE("anything that is not an RFC 3339 time is refused") {
  for (const char* text : {"",
                           "2026",
                           "2026-11-20",
                           "2026-11-20T18:40Z",
                           "2026-11-20T18:40:00",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2026-11-20T24:00:00Z",
                           "2026-11-20T18:60:00Z",
                           "2026-11-20T18:40:61Z",
                           "2026-11-20T18:40:00.Z",
                           "2026-11-20T18:40:00+1:00",
                           "2026-11-20T18:40:00+24:00",
                           "2026-11-20T18:40:00Zx",
                           "2026-11-20 18:40:00Z",
                           "0000-01-01T00:00:00Z",
                           "1969-12-31T23:59:59Z",
                           "-026-11-20T18:40:00Z"}) {
    CAPTURE(text);
    CHECK(parse_rfc3339(text).status().code() == Code::kInvalid);
  }
}

}  // namespace
}  // namespace weir
