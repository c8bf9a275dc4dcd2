#include "query_cursor.h"

#include "catch.h"

namespace weir {
namespace {

Filter some_filter() {
  Filter filter;
  filter.sites = {"home"};
  filter.domains = {"*.example.com"};
  filter.types = {1, 28};
  return filter;
}

QueryCursor some_cursor() {
  return {1'795'113'600'000,
          1'795'200'000'000,
          {{1, 4711}, {2, 0}, {kLogNumberMax, kEventNumberMax + 1}}};
}

TEST_CASE("a cursor comes back with the filter it was made for") {
  const std::string text = *encode_cursor(some_cursor(), some_filter());
  CHECK(*decode_cursor(text, some_filter()) == some_cursor());
  CHECK(*decode_cursor(*encode_cursor({}, {}), {}) == QueryCursor{});
}

TEST_CASE("the window of the filter does not count, everything else does") {
  const std::string text = *encode_cursor(some_cursor(), some_filter());
  Filter filter = some_filter();
  filter.since_ms = 1;
  filter.until_ms = 2;
  CHECK(decode_cursor(text, filter).ok());
  auto refused_with = [&](auto change) {
    Filter other = some_filter();
    change(other);
    return decode_cursor(text, other).status().code() == Code::kInvalid;
  };
  CHECK(refused_with([](Filter& f) { f.sites = {"office"}; }));
  CHECK(refused_with([](Filter& f) { f.domains.clear(); }));
  CHECK(refused_with([](Filter& f) { f.contains = {"x"}; }));
  CHECK(refused_with([](Filter& f) { f.clients = {{*parse_client("::1"), 128}}; }));
  CHECK(refused_with([](Filter& f) { f.types = {1}; }));
  CHECK(refused_with([](Filter& f) { f.rcodes = {0}; }));
  CHECK(refused_with([](Filter& f) { f.outcomes = {Outcome::kLocal}; }));
  CHECK(refused_with([](Filter& f) { f.lists = {"home"}; }));
  CHECK(refused_with([](Filter& f) { f.upstreams = {"home"}; }));
}

TEST_CASE("any damaged digit is noticed") {
  const std::string text = *encode_cursor(some_cursor(), some_filter());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = damaged[i] == '0' ? '1' : '0';
    CHECK(decode_cursor(damaged, some_filter()).status().code() == Code::kInvalid);
  }
}

TEST_CASE("any shortened cursor is refused") {
  const std::string text = *encode_cursor(some_cursor(), some_filter());
  for (size_t length = 0; length < text.size(); ++length) {
    CHECK_FALSE(decode_cursor(text.substr(0, length), some_filter()).ok());
  }
  CHECK_FALSE(decode_cursor(text + "00", some_filter()).ok());
  CHECK_FALSE(decode_cursor("zz" + text, some_filter()).ok());
}

TEST_CASE("a cursor for too many logs is refused when it is made") {
  QueryCursor cursor;
  Status status;
  for (int64_t log_no = 1; status.ok() && log_no <= kLogNumberMax; ++log_no) {
    cursor.below[log_no] = kEventNumberMax;
    Result<std::string> text = encode_cursor(cursor, {});
    status = text.status();
    if (text.ok()) {
      REQUIRE(text->size() <= kCursorTextBytesMax);
      REQUIRE(decode_cursor(*text, {}).ok());
    }
  }
  CHECK(status.code() == Code::kTooLarge);
  CHECK(cursor.below.size() > 300);
}

}  // namespace
}  // namespace weir
