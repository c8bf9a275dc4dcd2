#include "weir/json.h"

#include <limits>

#include "catch.h"

namespace weir {
namespace {

std::string text_of(std::string_view value) {
  std::string out;
  JsonWriter(&out).string(value);
  return out;
}

TEST_CASE("the writer separates members and elements by itself") {
  std::string out;
  JsonWriter json(&out);
  json.begin_object().key("a").integer(-1).key("b").begin_array();
  json.boolean(true).null().begin_object().end_object().begin_array().end_array();
  json.end_array().key("c").string("x").end_object();
  CHECK(out == R"({"a":-1,"b":[true,null,{},[]],"c":"x"})");
}

TEST_CASE("the writer appends to what is there") {
  std::string out = "data: ";
  JsonWriter(&out).begin_array().boolean(false).end_array();
  CHECK(out == "data: [false]");
}

TEST_CASE("JSON that exists already is one value") {
  std::string out;
  JsonWriter(&out).begin_array().raw(R"({"a":1})").raw("2").end_array();
  CHECK(out == R"([{"a":1},2])");
}

TEST_CASE("numbers are written in full at their bounds") {
  std::string out;
  JsonWriter json(&out);
  json.begin_array().integer(std::numeric_limits<int64_t>::min());
  json.unsigned_integer(std::numeric_limits<uint64_t>::max()).end_array();
  CHECK(out == "[-9223372036854775808,18446744073709551615]");
}

TEST_CASE("quotes, backslashes and control characters are escaped") {
  CHECK(text_of("a\"b\\032\n") == R"("a\"b\\032\n")");
  CHECK(text_of(std::string_view("\0\x1f\x7f", 3)) == R"("\u0000\u001f\u007f")");
}

TEST_CASE("well-formed UTF-8 passes unchanged") {
  std::string text = "\xC2\x80 \xE0\xA0\x80 \xED\x9F\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF";
  CHECK(text_of(text) == '"' + text + '"');
}

TEST_CASE("each byte that is not UTF-8 becomes a replacement character") {
  const std::string replaced = "\xEF\xBF\xBD";
  CHECK(text_of("\xFF") == '"' + replaced + '"');
  CHECK(text_of("\xC0\x80") == '"' + replaced + replaced + '"');                 // overlong
  CHECK(text_of("\xED\xA0\x80") == '"' + replaced + replaced + replaced + '"');  // surrogate
  CHECK(text_of("\xF4\x90\x80\x80").size() == 2 + 4 * replaced.size());          // past U+10FFFF
  CHECK(text_of("\xE2\x82") == '"' + replaced + replaced + '"');                 // cut short
  CHECK(text_of("\xE2\x82x") == '"' + replaced + replaced + "x\"");
}

}  // namespace
}  // namespace weir
