#include "weir/rules.h"

#include "catch.h"
#include "support/shared_data.h"

namespace weir {
namespace {

DnsName name(std::string_view text) { return *DnsName::parse(text); }

// The rules of one list.
RuleSet rules_of(std::string_view text) {
  RuleSetBuilder builder;
  REQUIRE(builder.begin_list("list").ok());
  REQUIRE(builder.add_text(text).ok());
  auto set = builder.build();
  REQUIRE(set.ok());
  return std::move(set).value();
}

// The rules of several lists in this order.
RuleSet rules_of_lists(const std::vector<std::string>& texts) {
  RuleSetBuilder builder;
  for (const std::string& text : texts) {
    REQUIRE(builder.begin_list(text).ok());
    REQUIRE(builder.add_text(text).ok());
  }
  auto set = builder.build();
  REQUIRE(set.ok());
  return std::move(set).value();
}

bool matches(const RuleSet& set, std::string_view text) {
  return set.match(name(text)).has_value();
}

TEST_CASE("an empty set matches nothing") {
  CHECK_FALSE(matches(RuleSet(), "a.example"));
  CHECK_FALSE(matches(RuleSet(), "."));
  CHECK(rules_of("").rule_count() == 0);
}

TEST_CASE("hosts and plain entries match their name alone") {
  const RuleSet set =
      rules_of("0.0.0.0 a.example\n127.0.0.1\tb.example\nc.example\n:: d.example\n");
  for (const char* text : {"a.example", "b.example", "c.example", "d.example", "C.Example."}) {
    CHECK(matches(set, text));
  }
  CHECK_FALSE(matches(set, "x.a.example"));
  CHECK_FALSE(matches(set, "x.c.example"));
  CHECK_FALSE(matches(set, "example"));
  CHECK(set.rule_count() == 4);
}

TEST_CASE("*.x matches below x and not x") {
  const RuleSet set = rules_of("*.x.example\n");
  CHECK(matches(set, "a.x.example"));
  CHECK(matches(set, "b.a.x.example"));
  CHECK_FALSE(matches(set, "x.example"));
  CHECK_FALSE(matches(set, "ax.example"));
}

TEST_CASE("||x^ matches x and below") {
  const RuleSet set = rules_of("||x.example^\n");
  CHECK(matches(set, "x.example"));
  CHECK(matches(set, "b.a.x.example"));
  CHECK_FALSE(matches(set, "ax.example"));
  CHECK_FALSE(matches(set, "example"));
}

TEST_CASE("the most specific rule names the list") {
  const RuleSet set = rules_of_lists({"||example^", "*.b.example", "a.b.example"});
  CHECK(set.match(name("a.b.example")) == 2);
  CHECK(set.match(name("c.b.example")) == 1);
  CHECK(set.match(name("b.example")) == 0);
  CHECK(set.match(name("x.a.b.example")) == 1);
}

TEST_CASE("among equally specific rules the list added first wins") {
  const RuleSet set =
      rules_of_lists({"||a.example^", "a.example\n*.a.example\nb.example", "b.example"});
  CHECK(set.match(name("a.example")) == 0);
  CHECK(set.match(name("x.a.example")) == 0);
  CHECK(set.match(name("b.example")) == 1);
  CHECK(set.lists()[1].duplicates == 2);
  CHECK(set.lists()[1].rules == 1);
  CHECK(set.lists()[2].duplicates == 1);
}

TEST_CASE("a rule that adds only one of its two effects is no duplicate") {
  const RuleSet set = rules_of_lists({"a.example", "||a.example^"});
  CHECK(set.match(name("a.example")) == 0);
  CHECK(set.match(name("b.a.example")) == 1);
  CHECK(set.lists()[1].rules == 1);
}

TEST_CASE("comments, blank lines, carriage returns and a byte order mark are no rules") {
  const RuleSet set = rules_of(
      "\xEF\xBB\xBF# head\r\n\r\n! note\n[Adblock Plus 2.0]\n  \t\n"
      "a.example # why\r\n0.0.0.0 b.example#c\n0.0.0.0 c.example d.example\t#e\n");
  CHECK(set.rule_count() == 3);
  CHECK(set.lists()[0].rejected == 1);
  CHECK(matches(set, "a.example"));
  CHECK(matches(set, "d.example"));
}

TEST_CASE("what a hosts file says about the machine itself is ignored and counted") {
  const RuleSet set = rules_of(
      "127.0.0.1 localhost localhost.localdomain\n::1 ip6-localhost ip6-loopback\n"
      "255.255.255.255 broadcasthost\nfe80::1%lo0 localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 local\n");
  CHECK(set.rule_count() == 0);
  CHECK(set.lists()[0].ignored == 8);
  CHECK(set.lists()[0].rejected == 0);
}

TEST_CASE("lines that are no rule are rejected and counted, never guessed") {
  const char* const lines[] = {"192.168.1.5 nas.example",
                               "@@||a.example^",
                               "||a.example^$third-party",
                               "||a.example",
                               "/ads/",
                               "a.example##.banner",
                               "1.2.3.4",
                               "||1.2.3.4^",
                               "b\xC3\xBCzzz.example",
                               "a example",
                               "a..example",
                               "*",
                               "*.",
                               "||^",
                               "||",
                               ".",
                               "0.0.0.0 *.a.example",
                               "0.0.0.0 a\\046b.example"};
  for (const char* line : lines) {
    CAPTURE(line);
    const RuleSet set = rules_of(line);
    CHECK(set.rule_count() == 0);
    CHECK(set.lists()[0].rejected == 1);
  }
}

TEST_CASE("lines may be split between calls anywhere") {
  const std::string text = "0.0.0.0 a.example\r\n||b.example^\n*.c.example";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    RuleSetBuilder builder;
    REQUIRE(builder.begin_list("list").ok());
    REQUIRE(builder.add_text(text.substr(0, cut)).ok());
    REQUIRE(builder.add_text(text.substr(cut)).ok());
    const auto set = builder.build();
    CHECK(set->rule_count() == 3);
    CHECK(set->match(name("x.c.example")) == 0);
  }
}

TEST_CASE("a list's last line ends with the list") {
  const RuleSet set = rules_of_lists({"a.exa", "mple"});
  CHECK(matches(set, "a.exa"));
  CHECK_FALSE(matches(set, "a.example"));
}

TEST_CASE("a line may have kRuleLineBytesMax bytes and no more") {
  std::string line = "a.example";
  line.resize(kRuleLineBytesMax, ' ');
  CHECK(rules_of(line + "\nb.example").rule_count() == 2);
  const RuleSet set = rules_of(line + " \nb.example");
  CHECK(set.rule_count() == 1);
  CHECK(set.lists()[0].rejected == 1);
}

TEST_CASE("there may be kListsMax lists and no more") {
  RuleSetBuilder builder;
  for (size_t i = 0; i < kListsMax; ++i) {
    REQUIRE(builder.begin_list("list").ok());
    REQUIRE(builder.add_text("n" + std::to_string(i) + ".example").ok());
  }
  SECTION("the last one matches") { CHECK(builder.build()->match(name("n254.example")) == 254); }
  SECTION("one more fails, and with it the set") {
    CHECK(builder.begin_list("list").code() == Code::kTooLarge);
    CHECK(builder.build().status().code() == Code::kTooLarge);
  }
}

TEST_CASE("names over the bound fail, and with them the set") {
  RuleSetBuilder builder(2);
  REQUIRE(builder.begin_list("list").ok());
  CHECK(builder.add_text("a.example\nb.example\na.example\n").ok());
  CHECK(builder.add_text("c.example\n").code() == Code::kTooLarge);
  CHECK(builder.add_text("a.example\n").code() == Code::kTooLarge);
  CHECK(builder.build().status().code() == Code::kTooLarge);
}

TEST_CASE("names of every length up to the bound are found") {
  std::string text;
  for (size_t labels = 1; labels <= 127; ++labels) {
    text = labels == 1 ? "a" : "a." + text;
    CHECK(matches(rules_of(text), text));
    CHECK_FALSE(matches(rules_of("b." + text.substr(0, 200)), text));
  }
}

TEST_CASE("a set of many names keeps to its size and finds exactly them") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "n" + std::to_string(i) + ".example\n";
  const RuleSet set = rules_of(text);
  size_t name_bytes = 0;
  for (int i = 0; i < 20'000; ++i) {
    const DnsName hit = name("n" + std::to_string(i) + ".example");
    name_bytes += hit.wire().size();
    if (!set.match(hit)) FAIL("lost " << i);
    if (matches(set, "n" + std::to_string(i + 20'000) + ".example")) FAIL("made up " << i);
  }
  CHECK(set.memory_bytes() <= name_bytes + 14 * 20'000);
}

TEST_CASE("every name of a real block list matches and its subdomains do not") {
  const auto text = test::read_shared_data("adservers.hosts");
  if (!text) {
    WARN("skipped: no ../shared/data/adservers.hosts, nor WEIR_SHARED_DATA");
    return;
  }
  const RuleSet set = rules_of(*text);
  size_t names = 0;
  for (size_t at = text->find("\n0.0.0.0 "); at != std::string::npos;
       at = text->find("\n0.0.0.0 ", at + 1)) {
    const size_t begin = at + 9;
    const std::string host = text->substr(begin, text->find_first_of("\r\n", begin) - begin);
    ++names;
    if (!matches(set, host)) FAIL("not matched: " << host);
    // No entry of this list is below another one by this label.
    if (matches(set, "weir-test." + host)) FAIL("matched below: " << host);
  }
  CHECK(names > 40'000);
  CHECK(set.rule_count() + set.lists()[0].duplicates == names);
  CHECK(set.lists()[0].rejected == 0);
}

}  // namespace
}  // namespace weir
