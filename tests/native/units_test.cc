#include "native/control/units.h"

#include "catch.h"
#include "weir/limits.h"

namespace weir {
namespace {

TEST_CASE("a duration is a whole number and a unit") {
  CHECK(*parse_interval_ms("100ms") == 100);
  CHECK(*parse_interval_ms("5s") == 5000);
  CHECK(*parse_interval_ms("2m") == 120'000);
  CHECK(*parse_interval_ms("1h") == 3'600'000);
  CHECK(*parse_interval_ms("1d") == 86'400'000);
  for (const char* bad : {"", "s", "5", "5 s", "5S", "+5s", "-5s", "5.0s", "5ss"}) {
    INFO(bad);
    CHECK_FALSE(parse_interval_ms(bad).ok());
  }
}

TEST_CASE("a size is bytes or has a binary or decimal unit") {
  CHECK(*parse_size_bytes("0") == 0);
  CHECK(*parse_size_bytes("17") == 17);
  CHECK(*parse_size_bytes("17B") == 17);
  CHECK(*parse_size_bytes("2GiB") == uint64_t{2} << 30);
  CHECK(*parse_size_bytes("2GB") == 2'000'000'000);
  CHECK_FALSE(parse_size_bytes("2gb").ok());
  CHECK_FALSE(parse_size_bytes("GiB").ok());
}

TEST_CASE("numbers end at 53 bits") {
  CHECK(*parse_integer("9007199254740991") == static_cast<int64_t>(kIntegerMax));
  CHECK_FALSE(parse_integer("9007199254740992").ok());
  CHECK(*parse_size_bytes("8191TiB") == uint64_t{8191} << 40);
  CHECK_FALSE(parse_size_bytes("8192TiB").ok());
  CHECK_FALSE(parse_interval_ms("18446744073709551616ms").ok());
}

TEST_CASE("durations and sizes are written in the largest unit that divides them") {
  CHECK(duration_text(5000) == "5s");
  CHECK(duration_text(90'000) == "90s");
  CHECK(duration_text(3'600'000) == "1h");
  CHECK(duration_text(0) == "0ms");
  CHECK(size_text(uint64_t{2} << 30) == "2GiB");
  CHECK(size_text(1025) == "1025B");
}

TEST_CASE("edit distance counts insertions, deletions, substitutions and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("listen", "lisen") == 1);
  CHECK(edit_distance("qeury", "query") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest word is near, or there is none") {
  const std::string_view words[] = {"listen", "threads"};
  CHECK(nearest_word("lisetn", words) == "listen");
  CHECK(nearest_word("thread", words) == "threads");
  CHECK(nearest_word("port", words).empty());
  CHECK(nearest_word("", words).empty());
}

}  // namespace
}  // namespace weir
