// Block lists: any text gives the same set however it is cut into pieces, and its rules match.
#include <string_view>

#include "weir/rules.h"

namespace {

weir::RuleSet build(std::string_view head, std::string_view tail) {
  weir::RuleSetBuilder builder;
  WEIR_CHECK(builder.begin_list("fuzz").ok());
  WEIR_CHECK(builder.add_text(head).ok() && builder.add_text(tail).ok());
  return std::move(builder.build()).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const weir::RuleSet whole = build(text, {});
  const weir::RuleSet pieces = build(text.substr(0, size / 2), text.substr(size / 2));
  WEIR_CHECK(whole.rule_count() == pieces.rule_count());
  WEIR_CHECK(whole.lists()[0].rejected == pieces.lists()[0].rejected);
  // A line that is a name as Weir writes it, and gave a rule, matches itself.
  const std::string_view line = text.substr(0, text.find('\n'));
  const auto name = weir::DnsName::parse(line);
  if (name.ok() && name->text() == line && build(line, {}).rule_count() == 1) {
    WEIR_CHECK(whole.match(*name).has_value() && pieces.match(*name).has_value());
  }
  return 0;
}
