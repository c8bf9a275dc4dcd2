// Rules: which names are blocked, and by which list.
//
// Lists come in the formats that block lists are published in: hosts files ("0.0.0.0 ads.example"),
// plain domain lists, and dnsmasq/AdBlock-style "||ads.example^" for names with all their
// subdomains. A hosts or plain entry matches its name exactly; "*.x" matches below x; "||x^"
// matches x and below. Lines that are none of these are counted per list, never guessed.
//
// RuleSet is immutable and compact (about the bytes of its names plus 8 per rule); a lookup walks
// the labels of a name once and allocates nothing. Thread-safe after build().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/dns_name.h"
#include "weir/status.h"

namespace weir {

struct ListStats {
  std::string name;
  uint64_t rules = 0;
  uint64_t duplicates = 0;  // rules that this or an earlier list already had
  uint64_t rejected = 0;    // lines that are no rule of ours
};

class RuleSet {
 public:
  // The list that blocks `name`, as an index into lists(), or nothing. The most specific rule wins;
  // among equal ones the list added first.
  std::optional<uint8_t> match(const DnsName& name) const;
  const std::vector<ListStats>& lists() const;
  uint64_t rule_count() const;
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

class RuleSetBuilder {
 public:
  RuleSetBuilder();
  ~RuleSetBuilder();
  // Begins a list; kTooLarge past kListsMax. Text follows in any pieces (lines may be split between
  // calls).
  Status begin_list(std::string_view name);
  // kTooLarge past kRulesMax; the set is then unusable.
  Status add_text(std::string_view text);
  // Consumes the builder.
  RuleSet build();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
