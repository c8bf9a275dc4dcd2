#include "name_code.h"

#include "catch.h"
#include "support/event_generator.h"

namespace weir {
namespace {

std::vector<uint8_t> coded(const std::vector<std::string>& texts) {
  std::vector<uint8_t> bytes;
  NameCodeWriter writer(&bytes);
  for (const std::string& text : texts) writer.text(text);
  writer.finish();
  return bytes;
}

TEST_CASE("texts of any bytes come back, and take the bits that were foretold") {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  std::vector<std::string> texts = {"", "www.example.com", "_sip._tcp", every_byte, "q", ""};
  const EventGenerator generator;
  texts.insert(texts.end(), generator.names().begin(), generator.names().end());
  const std::vector<uint8_t> bytes = coded(texts);
  NameCodeReader reader(bytes);
  size_t bits = 0;
  for (const std::string& text : texts) {
    std::string read = "left over";
    REQUIRE(reader.text(1000, &read));
    REQUIRE(read == text);
    bits += name_code_bits(text);
  }
  CHECK(reader.at_end());
  CHECK(bytes.size() == (bits + 7) / 8);
}

TEST_CASE("the code is the one that the format states") {
  // end, "a" and "." by hand: 0000, 0001, 10000, the first bit the least significant one.
  CHECK(coded({""}) == std::vector<uint8_t>{0x00});
  CHECK(coded({"a"}) == std::vector<uint8_t>{0x08});
  CHECK(coded({"."}) == std::vector<uint8_t>{0x01, 0x00});
}

TEST_CASE("a text that is cut off, too long or followed by more is noticed") {
  const std::vector<uint8_t> bytes = coded({"a-name.example"});
  std::string text;
  for (size_t size = 0; size < bytes.size(); ++size) {
    NameCodeReader cut(std::span<const uint8_t>(bytes).first(size));
    CHECK_FALSE(cut.text(1000, &text));
  }
  NameCodeReader exact(bytes);
  CHECK(exact.text(14, &text));
  NameCodeReader too_long(bytes);
  CHECK_FALSE(too_long.text(13, &text));
  std::vector<uint8_t> more = bytes;
  more.push_back(0);
  NameCodeReader followed(more);
  CHECK(followed.text(1000, &text));
  CHECK_FALSE(followed.at_end());
}

}  // namespace
}  // namespace weir
