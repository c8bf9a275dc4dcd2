#include "top_table.h"

#include <array>

#include "catch.h"
#include "support/event_generator.h"
#include "weir/limits.h"

namespace weir {
namespace {

using Lists = std::array<SpaceSaving, 2>;
using Text = TopTable::Text;

// Names of a Zipf law; the second list has one name in eight of them, and one for itself.
Lists sample_lists(size_t names, int events) {
  EventGenerator generator({.names = {}, .made_names = names});
  Lists lists;
  for (int i = 0; i < events; ++i) {
    const Event event = generator.next();
    lists[0].add(event.qname, 1);
    if (event.outcome == Outcome::kBlocked) lists[1].add(event.qname, 1);
  }
  lists[1].add("only.blocked.example", 7);
  return lists;
}

std::vector<uint8_t> encoded(Text text, std::span<const SpaceSaving> lists,
                             size_t keys_max = kTopKeysMax) {
  std::vector<uint8_t> bytes;
  TopTable(text, lists).encode(keys_max, &bytes);
  return bytes;
}

bool decodes(Text text, ByteView bytes, Lists* lists) {
  ByteReader reader(bytes);
  return decode_top_table(text, &reader, std::array{&(*lists)[0], &(*lists)[1]}) && reader.at_end();
}

void check_equal(const SpaceSaving& left, const SpaceSaving& right) {
  CHECK(left.total() == right.total());
  CHECK(left.floor() == right.floor());
  const auto left_top = left.top(kTopKeysMax);
  const auto right_top = right.top(kTopKeysMax);
  REQUIRE(left_top.size() == right_top.size());
  for (size_t i = 0; i < left_top.size(); ++i) {
    REQUIRE(left_top[i].key == right_top[i].key);
    REQUIRE(left_top[i].count == right_top[i].count);
    REQUIRE(left_top[i].error == right_top[i].error);
  }
}

TEST_CASE("lists that share keys come back, written as names or as bytes") {
  Lists lists = sample_lists(60, 2000);
  SpaceSaving left_out(5, 9);  // raises the floor, so that there are errors
  lists[0].merge(left_out);
  lists[0].add(std::string("\0\xff with any bytes", 17), 3);
  for (const Text text : {Text::kNames, Text::kBytes}) {
    Lists read;
    REQUIRE(decodes(text, encoded(text, lists), &read));
    check_equal(read[0], lists[0]);
    check_equal(read[1], lists[1]);
  }
}

TEST_CASE("the size with fewer keys is known without writing them") {
  const Lists lists = sample_lists(3000, 30'000);
  for (const Text text : {Text::kNames, Text::kBytes}) {
    const TopTable table(text, lists);
    for (const size_t keys_max : {0U, 1U, 2U, 50U, 333U, 1023U, 1024U}) {
      std::vector<uint8_t> bytes;
      table.encode(keys_max, &bytes);
      CHECK(bytes.size() == table.bytes(keys_max));
      Lists read;
      REQUIRE(decodes(text, bytes, &read));
      CHECK(read[0].size() == keys_max);
      // The greatest that is left out.
      if (keys_max < 1000) CHECK(read[0].floor() == lists[0].top(keys_max + 1).back().count);
    }
  }
}

TEST_CASE("a list that is not asked for is passed over") {
  const Lists lists = sample_lists(300, 2000);
  const std::vector<uint8_t> bytes = encoded(Text::kNames, lists);
  SpaceSaving blocked;
  ByteReader reader(bytes);
  REQUIRE(decode_top_table(Text::kNames, &reader,
                           std::array{static_cast<SpaceSaving*>(nullptr), &blocked}));
  CHECK(blocked.top(1).front().key == lists[1].top(1).front().key);
}

TEST_CASE("a table that is cut off anywhere is refused") {
  const std::vector<uint8_t> bytes = encoded(Text::kNames, sample_lists(20, 200));
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    Lists read;
    REQUIRE_FALSE(decodes(Text::kNames, ByteView(bytes).first(cut), &read));
  }
}

TEST_CASE("a table that lies is refused") {
  Lists lists;
  lists[0].add("a", 3);
  lists[0].add("b", 2);
  // totals and floors, 2 keys, 4 bytes of text: 1 "a" 1 "b"; then shared and lists, count, twice
  const std::vector<uint8_t> bytes = {5, 0, 0, 0, 2, 4, 1, 'a', 1, 'b', 1, 6, 1, 4};
  REQUIRE(encoded(Text::kBytes, lists) == bytes);
  const auto refused = [&](size_t at, uint8_t value) {
    std::vector<uint8_t> wrong = bytes;
    wrong[at] = value;
    Lists read;
    return !decodes(Text::kBytes, wrong, &read);
  };
  CHECK(refused(9, 'a'));  // a key twice
  CHECK(refused(10, 5));   // the first shares
  CHECK(refused(10, 0));   // in no list
  CHECK(refused(4, 3));    // more keys than there are
  CHECK(refused(4, 1));    // less
  CHECK_FALSE(refused(11, 8));
  std::vector<uint8_t> error_above_count = bytes;
  error_above_count[13] = 5;
  error_above_count.push_back(3);
  Lists read;
  CHECK_FALSE(decodes(Text::kBytes, error_above_count, &read));
  error_above_count.back() = 2;
  CHECK(decodes(Text::kBytes, error_above_count, &read));
}

TEST_CASE("a list of more keys than are ever stored is refused") {
  for (const size_t keys : {kTopKeysMax, kTopKeysMax + 1}) {
    std::vector<uint8_t> texts;
    std::vector<uint8_t> entries;
    ByteWriter text(texts);
    ByteWriter entry(entries);
    for (size_t i = 0; i < keys; ++i) {
      const char key[] = {static_cast<char>(i & 0xff), static_cast<char>(i >> 8)};
      const size_t shared = (i & 0xff) == 0 ? 0 : 1;
      text.sized_text(std::string_view(key, 2 - shared));
      entry.varint(shared << 2 | 1);
      entry.varint(2);
    }
    std::vector<uint8_t> bytes = {0, 0, 0, 0};
    ByteWriter writer(bytes);
    writer.varint(keys);
    writer.varint(texts.size());
    writer.bytes(texts);
    writer.bytes(entries);
    Lists read;
    CHECK(decodes(Text::kBytes, bytes, &read) == (keys <= kTopKeysMax));
  }
}

}  // namespace
}  // namespace weir
