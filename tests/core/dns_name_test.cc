#include "weir/dns_name.h"

#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using Message = std::vector<uint8_t>;

constexpr size_t kHeader = 12;

// A message of a header and `bytes`.
Message after_header(std::string_view bytes) {
  const std::string message = std::string(kHeader, '\0').append(bytes);
  return Message(message.begin(), message.end());
}

Result<DnsName> read_at(const Message& message, size_t offset, size_t* end = nullptr) {
  size_t ignored = 0;
  return DnsName::read(message, offset, end != nullptr ? end : &ignored);
}

DnsName name(std::string_view text) { return *DnsName::parse(text); }

// "a.a.….a" of `labels` one-byte labels: 2 * labels + 1 bytes in wire form.
std::string dotted(size_t labels) {
  std::string text;
  for (size_t i = 0; i < labels; ++i) text += i == 0 ? "a" : ".a";
  return text;
}

TEST_CASE("a name is read in lower case and ends after its root") {
  using namespace std::string_view_literals;
  const Message message = after_header("\3WwW\7eXample\0tail"sv);
  size_t end = 0;
  const auto read = read_at(message, kHeader, &end);
  REQUIRE(read.ok());
  CHECK(read->text() == "www.example");
  CHECK(end == kHeader + 13);
}

TEST_CASE("a pointer backwards continues the name and ends it where it stood") {
  using namespace std::string_view_literals;
  const Message message = after_header("\7example\0\3www\xC0\x0C!"sv);
  size_t end = 0;
  const auto read = read_at(message, kHeader + 9, &end);
  REQUIRE(read.ok());
  CHECK(read->text() == "www.example");
  CHECK(end == kHeader + 15);
}

TEST_CASE("pointers to themselves, forwards, into the header or past the end are malformed") {
  using namespace std::string_view_literals;
  CHECK_FALSE(read_at(after_header("\xC0\x0C"sv), kHeader).ok());
  CHECK_FALSE(read_at(after_header("\xC0\x0E\1a\0"sv), kHeader).ok());
  CHECK_FALSE(read_at(after_header("\xC0\x00"sv), kHeader).ok());
  CHECK_FALSE(read_at(after_header("\xFF\xFF"sv), kHeader).ok());
  CHECK_FALSE(read_at(after_header("\1a\xC0"sv), kHeader).ok());
}

TEST_CASE("a pointer into the labels before it, a loop, is malformed") {
  using namespace std::string_view_literals;
  CHECK_FALSE(read_at(after_header("\1a\xC0\x0C"sv), kHeader).ok());
  CHECK_FALSE(read_at(after_header("\1a\1b\xC0\x0E"sv), kHeader).ok());
}

TEST_CASE("a chain of pointers may have kCompressionJumpsMax links and no more") {
  Message message = after_header(std::string_view("\0", 1));
  size_t target = kHeader;
  for (size_t jumps = 1; jumps <= kCompressionJumpsMax + 1; ++jumps) {
    const size_t position = message.size();
    message.push_back(static_cast<uint8_t>(0xC0 | target >> 8));
    message.push_back(static_cast<uint8_t>(target));
    CHECK(read_at(message, position).ok() == (jumps <= kCompressionJumpsMax));
    target = position;
  }
}

TEST_CASE("label types other than label and pointer are malformed") {
  using namespace std::string_view_literals;
  CHECK_FALSE(read_at(after_header("\x40\0"sv), kHeader).ok());
  CHECK_FALSE(read_at(after_header("\x80\0"sv), kHeader).ok());
}

TEST_CASE("every prefix of a name is malformed") {
  using namespace std::string_view_literals;
  const Message message = after_header("\3www\7example\0"sv);
  for (size_t size = 0; size < message.size(); ++size) {
    CHECK_FALSE(
        read_at(Message(message.begin(), message.begin() + static_cast<int>(size)), kHeader).ok());
  }
}

TEST_CASE("a name may have 255 bytes and no more") {
  const auto longest = DnsName::parse(dotted(127));
  REQUIRE(longest.ok());
  CHECK(longest->wire().size() == kNameWireBytesMax);
  CHECK(longest->label_count() == 127);
  CHECK_FALSE(DnsName::parse(dotted(127) + "a").ok());
  CHECK_FALSE(DnsName::parse(dotted(128)).ok());

  const auto wire = longest->wire();
  Message message = after_header({reinterpret_cast<const char*>(wire.data()), wire.size()});
  CHECK(read_at(message, kHeader).ok());
  const size_t position = message.size();
  message.insert(message.end(), {1, 'a', 0xC0, kHeader});
  CHECK_FALSE(read_at(message, position).ok());
}

TEST_CASE("a label may have 63 bytes and no more") {
  CHECK(DnsName::parse(std::string(63, 'x')).ok());
  CHECK_FALSE(DnsName::parse(std::string(64, 'x')).ok());
}

TEST_CASE("text escapes every byte outside the plain set, and parse reads it back") {
  using namespace std::string_view_literals;
  const auto odd = read_at(after_header("\7a.b\\ \0\xFF\3_-9\0"sv), kHeader);
  REQUIRE(odd.ok());
  CHECK(odd->text() == "a\\046b\\092\\032\\000\\255._-9");
  CHECK(name(odd->text()) == *odd);
}

TEST_CASE("the text of the longest escaped name fits its bound") {
  std::string text;
  for (const size_t length : {63U, 63U, 63U, 61U}) {
    for (size_t i = 0; i < length; ++i) text += "\\255";
    text += '.';
  }
  const DnsName longest = name(text);
  CHECK(longest.wire().size() == kNameWireBytesMax);
  CHECK(longest.text().size() <= kNameTextBytesMax);
}

TEST_CASE("the root is a dot in text and has no labels") {
  CHECK(name(".") == DnsName());
  CHECK(DnsName().text() == ".");
  CHECK(DnsName().label_count() == 0);
}

TEST_CASE("a final dot and letter case do not matter") {
  CHECK(name("WWW.Example.") == name("www.example"));
  CHECK(name("a\\.b") == name("A\\046B"));
  CHECK_FALSE(name("a\\.b") == name("a.b"));
}

TEST_CASE("text that is no name is refused") {
  for (const char* text : {"", "..", ".a", "a..b", "a b", "a\\", "a\\25", "a\\256", "\xC3\xA4"}) {
    CAPTURE(text);
    CHECK(DnsName::parse(text).status().code() == Code::kInvalid);
  }
}

TEST_CASE("is_within compares whole labels") {
  CHECK(name("a.example").is_within(name("example")));
  CHECK(name("example").is_within(name("example")));
  CHECK(name("example").is_within(DnsName()));
  CHECK_FALSE(name("aexample").is_within(name("example")));
  CHECK_FALSE(name("example").is_within(name("a.example")));
  CHECK_FALSE(name("a.example").is_within(name("a.exampla")));
}

TEST_CASE("equal names hash equally and the seed changes the hash") {
  CHECK(name("a.b").hash(1) == name("A.B.").hash(1));
  CHECK(name("a.b").hash(1) != name("a.c").hash(1));
  CHECK(name("a.b").hash(1) != name("a.b").hash(2));
}

}  // namespace
}  // namespace weir
