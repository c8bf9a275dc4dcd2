// Each check answers one question about a piece of the line; nothing is copied before a name is
// made of it.
#include "rule_line.h"

#include <algorithm>
#include <array>

namespace weir::internal {
namespace {

// The carriage return among them makes lines of either convention alike.
constexpr std::string_view kBlanks = " \t\r\v\f";

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

// Removes a comment and the blanks around what is left.
std::string_view content(std::string_view line) {
  line = trim(line);
  if (line.starts_with('!') || line.starts_with('[')) return {};
  for (size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || kBlanks.find(line[at - 1]) != std::string_view::npos) {
      return trim(line.substr(0, at));
    }
  }
  return line;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What names of hosts are made of (RFC 1123 2.1), and the underscore of service names (RFC 8552).
bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_' ||
         c == '.';
}

// Good enough to tell a hosts line from other text with blanks. Precondition: not empty.
bool looks_like_address(std::string_view text) {
  return is_digit(text.front()) || text.find(':') != std::string_view::npos;
}

// The addresses by which published lists block: the unspecified one and loopback.
bool leads_nowhere(std::string_view address) {
  return address == "0.0.0.0" || address.starts_with("127.") || address == "::" || address == "::1";
}

// True for names that hosts files give to the machine itself.
bool is_own_name(const DnsName& name) {
  std::array<char, kNameTextBytesMax> buffer;
  const std::string_view text = name.text(buffer);
  return text == "localhost" || text == "localhost.localdomain" || text == "local" ||
         text == "broadcasthost" || text == "0.0.0.0" || text.starts_with("ip6-");
}

// No name of the Internet ends in a number, but addresses do.
bool ends_in_number(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view label = host.substr(host.rfind('.') + 1);
  return std::ranges::all_of(label, is_digit);
}

// A rule of `kind` for the host, unless the host is none or the machine itself.
RuleKind rule_for(std::string_view host, RuleKind kind, DnsName* name) {
  // Before parsing, which would let escapes and every printable character pass.
  if (host == "." || !std::ranges::all_of(host, is_host_char)) return RuleKind::kRejected;
  auto parsed = DnsName::parse(host);
  if (!parsed.ok()) return RuleKind::kRejected;
  if (is_own_name(*parsed)) return RuleKind::kIgnored;
  if (ends_in_number(host)) return RuleKind::kRejected;
  *name = *parsed;
  return kind;
}

// A line that is no hosts line: one pattern.
RuleKind rule_of_pattern(std::string_view text, DnsName* name) {
  if (text.starts_with("||") && text.ends_with('^')) {
    return rule_for(text.substr(2, text.size() - 3), RuleKind::kBoth, name);
  }
  if (text.starts_with("*.")) return rule_for(text.substr(2), RuleKind::kBelow, name);
  return rule_for(text, RuleKind::kExact, name);
}

}  // namespace

RuleLine::RuleLine(std::string_view line) : rest_(content(line)) {
  // Other text with blanks stays whole and is rejected for them.
  const size_t blank = rest_.find_first_of(kBlanks);
  if (blank == std::string_view::npos) return;
  const std::string_view address = rest_.substr(0, blank);
  if (!looks_like_address(address)) return;
  hosts_ = true;
  sink_ = leads_nowhere(address);
  rest_.remove_prefix(blank);
}

bool RuleLine::next(RuleKind* kind, DnsName* name) {
  rest_ = trim(rest_);
  if (rest_.empty()) return false;
  const size_t end = hosts_ ? std::min(rest_.find_first_of(kBlanks), rest_.size()) : rest_.size();
  const std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end);
  *kind = hosts_ ? rule_for(text, RuleKind::kExact, name) : rule_of_pattern(text, name);
  // A hosts line with another address tells where a host is: no rule, unless it is ignored anyway.
  if (hosts_ && !sink_ && *kind == RuleKind::kExact) *kind = RuleKind::kRejected;
  return true;
}

}  // namespace weir::internal
