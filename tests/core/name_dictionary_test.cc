#include "name_dictionary.h"

#include <algorithm>
#include <set>

#include "catch.h"
#include "column.h"
#include "support/event_generator.h"
#include "weir/segment.h"

namespace weir {
namespace {

std::vector<std::string_view> sorted(const std::vector<std::string>& names) {
  std::vector<std::string_view> views(names.begin(), names.end());
  std::sort(views.begin(), views.end(), reversed_less);
  return views;
}

// Names, in their order, encoded and decoded: as many as a page has.
struct Encoded {
  explicit Encoded(std::vector<std::string> names) : texts(std::move(names)), views(sorted(texts)) {
    if (views.size() > kPageQuestions) views.resize(kPageQuestions);
    encode_names(views, &bytes);
    ByteReader reader(bytes);
    REQUIRE(dictionary.decode(&reader, views.size()));
    REQUIRE(reader.at_end());
  }
  std::vector<std::string> texts;
  std::vector<std::string_view> views;
  Bytes bytes;
  NameDictionary dictionary;
};

// The bytes of a dictionary, honest or not.
Bytes dictionary(const std::vector<int64_t>& shared, const std::vector<int64_t>& added,
                 std::string_view text) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.varint(shared.size());
  encode_column(shared, &bytes);
  encode_column(added, &bytes);
  writer.text(text);
  return bytes;
}

bool decodes(const Bytes& bytes, size_t count_max = 100) {
  NameDictionary names;
  ByteReader reader(bytes);
  return names.decode(&reader, count_max) && reader.at_end() && names.is_well_formed();
}

TEST_CASE("names are ordered from their ends, shorter before longer") {
  CHECK(reversed_less("com", "a.com"));
  CHECK(reversed_less("z.com", "a.net"));
  CHECK(reversed_less("a.com", "b.com"));
  CHECK_FALSE(reversed_less("b.com", "a.com"));
  CHECK_FALSE(reversed_less("a.com", "a.com"));
}

TEST_CASE("texts are sorted, few and many, also those that end alike") {
  for (const size_t size : {0U, 1U, 200U, 256U, 257U, 5000U}) {
    std::vector<std::string> texts =
        EventGenerator({.seed = 1, .names = {}, .made_names = 2000}).names();
    for (size_t i = 0; i < 3000; ++i) texts.push_back(std::to_string(i * 7919) + ".example.com");
    texts[0] = std::string("\0", 1);  // the end of nothing, and not it
    texts[1] = "";
    texts.resize(std::max<size_t>(size, 2));
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<std::string_view> ordered;
    for (const uint32_t number : reversed_order(views)) ordered.push_back(views[number]);
    CHECK(ordered == sorted(texts));
  }
}

TEST_CASE("names come back in order and are found, others are not") {
  const Encoded names(EventGenerator().names());
  const auto& views = names.views;
  const NameDictionary& dictionary = names.dictionary;
  REQUIRE(dictionary.size() == views.size());
  for (size_t i = 0; i < views.size(); ++i) {
    NameBuffer buffer;
    REQUIRE(dictionary.name(i, &buffer) == views[i]);
    REQUIRE(dictionary.find(views[i]) == i);
  }
  for (const char* name : {"", ".", "not.there", "com", "zzz.zzz"}) {
    CHECK_FALSE(dictionary.find(name).has_value());
  }
}

TEST_CASE("names are visited in order, with what they share with the one before") {
  const Encoded names(EventGenerator().names());
  const auto& views = names.views;
  const NameDictionary& dictionary = names.dictionary;
  size_t visited = 0;
  dictionary.for_each([&](size_t index, std::string_view name, size_t shared) {
    REQUIRE(index == visited);
    REQUIRE(name == views[index]);
    const size_t expected = index % kNameRestart == 0 ? 0 : shared_end(views[index - 1], name);
    REQUIRE(shared == expected);
    ++visited;
  });
  CHECK(visited == views.size());
}

TEST_CASE("names with an ending are one range") {
  const Encoded names(EventGenerator().names());
  const auto& views = names.views;
  const NameDictionary& dictionary = names.dictionary;
  for (const char* ending : {".com", ".co.uk", "com", ".none", "", ".a", "zzz"}) {
    const auto [begin, end] = dictionary.find_suffix(ending);
    for (size_t i = 0; i < views.size(); ++i) {
      REQUIRE(views[i].ends_with(ending) == (i >= begin && i < end));
    }
  }
}

TEST_CASE("names that contain a part are marked, wherever in them it lies") {
  constexpr std::string_view kAlphabet = "ab.";
  TestRandom random(11);
  std::set<std::string> distinct;
  while (distinct.size() < kPageQuestions) {
    std::string name;
    for (uint64_t left = 1 + random.below(14); left > 0; --left) name += kAlphabet[random.below(3)];
    distinct.insert(name);
  }
  const Encoded names({distinct.begin(), distinct.end()});
  for (int i = 0; i < 1000; ++i) {
    std::string part;
    for (uint64_t left = 1 + random.below(6); left > 0; --left) part += kAlphabet[random.below(3)];
    std::vector<uint8_t> marks(names.views.size());
    names.dictionary.mark_containing(NamePart(part), marks);
    for (size_t name = 0; name < marks.size(); ++name) {
      INFO(names.views[name] << " " << part);
      REQUIRE((marks[name] == 1) == (names.views[name].find(part) != std::string_view::npos));
    }
  }
}

TEST_CASE("every 16th name stands whole") {
  std::vector<int64_t> shared(17, 0);
  std::vector<int64_t> added(17, 1);
  std::string text = "abcdefghijklmnopq";
  CHECK(decodes(dictionary(shared, added, text)));
  shared[16] = 1;
  CHECK_FALSE(decodes(dictionary(shared, added, text)));
}

TEST_CASE("names of one domain stand together") {
  const std::vector<std::string> names = {"a.x.com", "x.com", "y.com", "b.x.com", "x.net"};
  const auto views = sorted(names);
  const auto first = std::find(views.begin(), views.end(), "x.com") - views.begin();
  CHECK(views[static_cast<size_t>(first) + 1] == "a.x.com");
  CHECK(views[static_cast<size_t>(first) + 2] == "b.x.com");
}

TEST_CASE("a dictionary that lies is refused") {
  CHECK(decodes(dictionary({0, 4}, {5, 1}, "a.comb")));
  CHECK_FALSE(decodes(dictionary({1, 4}, {4, 1}, "a.com")));      // the first shares nothing
  CHECK_FALSE(decodes(dictionary({0, 6}, {5, 1}, "a.comb")));     // more than the name before has
  CHECK_FALSE(decodes(dictionary({0, 4}, {5, 1}, "b.coma")));     // out of order
  CHECK_FALSE(decodes(dictionary({0, 5}, {5, 0}, "a.com")));      // the same name again
  CHECK_FALSE(decodes(dictionary({0, 4}, {5, 1}, "a.comB")));     // no name text
  CHECK_FALSE(decodes(dictionary({0, 4}, {5, 2}, "a.comb")));     // text too short
  CHECK_FALSE(decodes(dictionary({0, 4}, {5, 1}, "a.combc")));    // text left over
  CHECK_FALSE(decodes(dictionary({0, 4}, {5, 1017}, "a.comb")));  // beyond any name
  CHECK_FALSE(decodes(dictionary({}, {}, "")));
  CHECK_FALSE(decodes(dictionary({0, 4}, {5, 1}, "a.comb"), 1));  // more than the caller allows
}

}  // namespace
}  // namespace weir
