// One line of a block list, in any of the formats of weir/rules.h.
//
//   0.0.0.0 ads.example other.example   hosts: each name, exactly; the address must be one that
//                                       leads nowhere (0.0.0.0, 127.x.x.x, ::, ::1)
//   ads.example                         that name, exactly
//   *.ads.example                       what is below it
//   ||ads.example^                      it and what is below it
//
// A comment starts with '#' at the beginning or after white space, or with '!' or '[' at the
// beginning. What a hosts file says about the machine itself (localhost, broadcasthost, ip6-…,
// 0.0.0.0) is ignored. Everything else is rejected: exceptions, options, regular expressions,
// addresses, real hosts.
#pragma once

#include <string_view>

#include "weir/dns_name.h"

namespace weir::internal {

enum class RuleKind : uint8_t { kExact, kBelow, kBoth, kIgnored, kRejected };

class RuleLine {
 public:
  // Borrows `line`, which is without its line feed.
  explicit RuleLine(std::string_view line);

  // The next rule of the line: one per name in a hosts line, else one, none in a comment; false at
  // the end. `*name` is set for the first three kinds.
  bool next(RuleKind* kind, DnsName* name);

 private:
  std::string_view rest_;
  bool hosts_ = false;
  bool sink_ = false;  // hosts: the address leads nowhere
};

}  // namespace weir::internal
