// Rules: which names are blocked, and by which list.
//
// Lists come in the formats that block lists are published in: hosts files ("0.0.0.0 ads.example"),
// plain domain lists, and "||ads.example^" for names with all their subdomains. A hosts or plain
// entry matches its name exactly; "*.x" matches below x; "||x^" matches x and below. Lines that are
// none of these are counted per list, never guessed. Names are plain ASCII host names: an
// internationalized one must stand in its xn-- form.
//
// RuleSet is immutable and compact (the bytes of its names and about 14 more per name); a lookup
// walks the labels of a name once and allocates nothing. Thread-safe after build().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/dns_name.h"
#include "weir/limits.h"
#include "weir/status.h"

namespace weir {

struct ListStats {
  std::string name;
  uint64_t rules = 0;       // that decide something
  uint64_t duplicates = 0;  // rules that this or an earlier list already had
  uint64_t ignored = 0;   // what a hosts file says about the machine itself: localhost and the like
  uint64_t rejected = 0;  // lines that are no rule of ours
};

class RuleSet {
 public:
  // The list that blocks `name`, as an index into lists(), or nothing. The most specific rule wins;
  // among equal ones the list added first.
  std::optional<uint8_t> match(const DnsName& name) const;
  const std::vector<ListStats>& lists() const;
  uint64_t rule_count() const;  // the sum of the lists' rules
  size_t memory_bytes() const;

  RuleSet();  // empty
  ~RuleSet();
  RuleSet(RuleSet&&) noexcept;
  RuleSet& operator=(RuleSet&&) noexcept;

 private:
  friend class RuleSetBuilder;
  struct State;
  std::unique_ptr<State> state_;
};

// After the first failure every later call, build() too, fails in the same way.
class RuleSetBuilder {
 public:
  // `names_max`: the bound on names over all lists.
  explicit RuleSetBuilder(size_t names_max = kRulesMax);
  ~RuleSetBuilder();
  // Begins a list; kTooLarge past kListsMax. Text follows in any pieces (lines may be split between
  // calls).
  Status begin_list(std::string_view name);
  // kTooLarge past the bound on names. Precondition: a list has begun.
  Status add_text(std::string_view text);
  // Call once, last.
  Result<RuleSet> build();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
