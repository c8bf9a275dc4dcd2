#include "interner.h"

#include <map>

#include "catch.h"
#include "support/event_generator.h"

namespace weir {
namespace {

TEST_CASE("strings get numbers in order of first sight and keep them") {
  StringInterner strings;
  std::map<std::string, uint32_t> expected;
  TestRandom random(1);
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = std::to_string(random.below(20'000));
    const auto [at, added] = expected.emplace(text, static_cast<uint32_t>(expected.size()));
    REQUIRE(strings.intern(text) == at->second);
  }
  REQUIRE(strings.size() == expected.size());
  size_t bytes = 0;
  for (const auto& [text, number] : expected) {
    REQUIRE(strings[number] == text);
    REQUIRE(strings.find(text, hash64(text)) == number);
    bytes += text.size();
  }
  CHECK(strings.text_bytes() == bytes);
  CHECK(strings.find("none of them", hash64(std::string_view("none of them"))) == strings.size());
}

TEST_CASE("keys whose hashes were made to collide are found as quickly as others") {
  HashIndex index;
  constexpr uint32_t kKeys = 50'000;
  uint64_t compared = 0;
  for (int round = 0; round < 2; ++round) {
    for (uint32_t key = 0; key < kKeys; ++key) {
      const auto is_key = [&](uint32_t number) {
        ++compared;
        return number == key;
      };
      bool added = false;
      const uint64_t hash = uint64_t{0x5eed} << 32 | key * 2654435761U;
      REQUIRE(index.intern(hash, is_key, &added) == key);
      REQUIRE(added == (round == 0));
      REQUIRE(index.find(hash, is_key) == key);
    }
  }
  CHECK(compared < 50 * uint64_t{kKeys});
}

TEST_CASE("the empty string is a string") {
  StringInterner strings;
  CHECK(strings.find("", hash64(std::string_view(""))) == 0);
  CHECK(strings.intern("") == 0);
  CHECK(strings.intern("a") == 1);
  CHECK(strings.intern("") == 0);
  CHECK(strings[0].empty());
}

TEST_CASE("keys get numbers in order of first sight, and say when they are new") {
  KeyInterner keys;
  for (uint64_t round = 0; round < 2; ++round) {
    for (uint64_t i = 0; i < 10'000; ++i) {
      bool added = false;
      REQUIRE(keys.intern(i << 40, &added) == i);
      REQUIRE(added == (round == 0));
    }
  }
  CHECK(keys.size() == 10'000);
  CHECK(keys[9] == uint64_t{9} << 40);
}

}  // namespace
}  // namespace weir
