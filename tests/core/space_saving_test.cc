#include "space_saving.h"

#include <array>
#include <map>
#include <string>

#include "catch.h"
#include "support/event_generator.h"
#include "top_table.h"
#include "weir/limits.h"
#include "weir/segment.h"

namespace weir {
namespace {

using ExactCounts = std::map<std::string, uint64_t, std::less<>>;

// The promise of space_saving.h, for every key there ever was.
void check_bounds(const SpaceSaving& list, const ExactCounts& exact) {
  ExactCounts kept;
  for (const TopEntry& entry : list.top(list.size())) {
    const auto found = exact.find(entry.key);
    const uint64_t count = found == exact.end() ? 0 : found->second;
    REQUIRE(entry.count >= count);
    REQUIRE(entry.count - entry.error <= count);
    kept.emplace(entry.key, entry.count);
  }
  for (const auto& [key, count] : exact) {
    if (!kept.contains(key)) REQUIRE(count <= list.floor());
  }
}

std::vector<uint8_t> encoded(const SpaceSaving& list, size_t keys_max = kTopKeysMax) {
  std::vector<uint8_t> bytes;
  TopTable(TopTable::Text::kBytes, std::span(&list, 1)).encode(keys_max, &bytes);
  return bytes;
}

SpaceSaving decoded(const std::vector<uint8_t>& bytes) {
  SpaceSaving list;
  ByteReader reader(bytes);
  REQUIRE(decode_top_table(TopTable::Text::kBytes, &reader, std::array{&list}));
  REQUIRE(reader.at_end());
  return list;
}

// A Zipf stream over `keys` keys, in parts of random sizes with their exact counts together.
std::vector<SpaceSaving> zipf_parts(uint64_t seed, size_t keys, int events, ExactCounts* exact) {
  TestRandom random(seed);
  const ZipfDraw draw(keys);
  std::vector<SpaceSaving> parts(1 + random.below(12));
  for (int i = 0; i < events; ++i) {
    const std::string key = "k" + std::to_string(draw.draw(random));
    SpaceSaving& part = parts[random.below(parts.size())];
    part.add(key, 1);
    part.limit();
    ++(*exact)[key];
  }
  return parts;
}

TEST_CASE("a list that never overflowed is exact") {
  SpaceSaving list;
  for (int i = 0; i < 100; ++i) {
    list.add("often", 2);
    list.add("key" + std::to_string(i), 1);
    list.limit();
  }
  const auto top = list.top(2);
  CHECK(top[0].key == "often");
  CHECK(top[0].count == 200);
  CHECK(top[0].error == 0);
  CHECK(top[1].key == "key0");  // of equal counts the least key
  CHECK(list.floor() == 0);
}

TEST_CASE("bounds hold after any order and grouping of merges, with storage in between") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    ExactCounts exact;
    std::vector<SpaceSaving> parts = zipf_parts(seed, 5000, 8000, &exact);
    TestRandom random(seed);
    while (parts.size() > 1) {
      const size_t from = random.below(parts.size());
      const SpaceSaving taken = decoded(encoded(parts[from], 20 + random.below(200)));
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(from));
      parts[random.below(parts.size())].merge(taken);
    }
    check_bounds(parts[0], exact);
    CHECK(parts[0].total() == 8000);
  }
}

TEST_CASE("merging is commutative to the byte") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ExactCounts exact;
    const std::vector<SpaceSaving> left = zipf_parts(seed, 3000, 4000, &exact);
    const std::vector<SpaceSaving> right = zipf_parts(seed + 100, 3000, 4000, &exact);
    SpaceSaving one = left[0];
    one.merge(right[0]);
    SpaceSaving two = right[0];
    two.merge(left[0]);
    REQUIRE(encoded(one) == encoded(two));
  }
}

TEST_CASE("heavy hitters survive a million distinct keys") {
  SpaceSaving list;
  ExactCounts exact;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    list.add("random-" + std::to_string(i), 1);
    list.limit();
    // Ten keys with 0.5 % of the stream each, of which any with more than 1/K must be kept.
    if (i % 20 != 0) continue;
    const std::string heavy = "heavy" + std::to_string(i / 20 % 10);
    list.add(heavy, 1);
    list.limit();
    ++exact[heavy];
  }
  CHECK(list.size() <= 2 * kTopKeysMax);
  const auto top = list.top(10);
  for (const TopEntry& entry : top) {
    REQUIRE(exact.contains(entry.key));
    CHECK(entry.count >= exact[entry.key]);
    CHECK(entry.count - entry.error <= exact[entry.key]);
  }
  CHECK(list.floor() <= list.total() / kTopKeysMax);
}

TEST_CASE("a key that will be dropped need not be taken in") {
  SpaceSaving all, some;
  const auto add = [&](const std::string& key, uint64_t weight, uint64_t least) {
    all.add(key, weight);
    if (weight >= least) {
      some.add(key, weight);
    } else {
      some.add_or_drop(key, hash64(key), weight);
    }
  };
  for (int i = 0; i < 10; ++i) add("there before " + std::to_string(i), 50, 0);
  for (const uint64_t round : {0U, 1U}) {
    // Of each round's keys 1,500 have a weight of 100 or more; some are those of the round before.
    for (uint64_t i = 0; i < 3000; ++i) {
      add("k" + std::to_string(i + 1000 * round), i % 2 == 0 ? 100 + i % 7 : 1 + i % 60, 100);
    }
    add("there before 3", 2, 100);
    all.limit();
    some.limit();
    CHECK(some.size() == kTopKeysMax);
    CHECK(some.total() == all.total());
    CHECK(some.floor() == all.floor());
    CHECK(encoded(some) == encoded(all));
  }
}

TEST_CASE("capacity follows the weight between its bounds") {
  const auto size_after = [](uint64_t weight) {
    SpaceSaving list;
    for (int i = 0; i < 5000; ++i) list.add("k" + std::to_string(i), 1);
    list.add("k0", weight);
    return decoded(encoded(list)).size();
  };
  CHECK(size_after(0) == 5000 / kTopEventsPerKey);
  CHECK(size_after(1'000'000) == kTopKeysMax);
  SpaceSaving small;
  for (int i = 0; i < 100; ++i) small.add("k" + std::to_string(i), 1);
  CHECK(decoded(encoded(small)).size() == kTopKeysMin);
}

TEST_CASE("what storage leaves out raises the floor") {
  SpaceSaving list;
  for (uint64_t i = 1; i <= 50; ++i) list.add("k" + std::to_string(i), i);
  const SpaceSaving stored = decoded(encoded(list, 10));
  CHECK(stored.size() == 10);
  CHECK(stored.floor() == 40);
  CHECK(stored.total() == list.total());
  CHECK(decoded(encoded(list, 0)).floor() == 50);
}

}  // namespace
}  // namespace weir
