// Filter: which events a question means.
#include <algorithm>

#include "weir/query.h"

namespace weir {
namespace {

bool names_match(std::string_view qname, std::string_view pattern) {
  if (!pattern.starts_with("*.")) return qname == pattern;
  std::string_view ancestor = pattern.substr(2);
  if (ancestor.empty()) return true;  // "*.": everything is below the root
  if (!qname.ends_with(ancestor)) return false;
  return qname.size() == ancestor.size() || qname[qname.size() - ancestor.size() - 1] == '.';
}

// No alternatives given: anything matches.
template <class T, class U>
bool is_among(const U& value, const std::vector<T>& alternatives) {
  return alternatives.empty() ||
         std::find(alternatives.begin(), alternatives.end(), value) != alternatives.end();
}

}  // namespace

bool Filter::Prefix::contains(const Client& other) const {
  if (other.kind != client.kind) return false;
  const size_t whole = bits / 8u;
  if (!std::equal(client.bytes.begin(), client.bytes.begin() + static_cast<ptrdiff_t>(whole),
                  other.bytes.begin())) {
    return false;
  }
  const unsigned rest = bits % 8u;
  if (rest == 0) return true;
  return ((client.bytes[whole] ^ other.bytes[whole]) >> (8 - rest)) == 0;
}

bool Filter::only_time_and_site() const {
  return domains.empty() && contains.empty() && clients.empty() && types.empty() &&
         rcodes.empty() && outcomes.empty() && lists.empty() && upstreams.empty();
}

bool Filter::matches_name(std::string_view qname) const {
  auto is_asked = [&](const std::string& pattern) { return names_match(qname, pattern); };
  auto is_inside = [&](const std::string& part) { return qname.find(part) != qname.npos; };
  return (domains.empty() || std::any_of(domains.begin(), domains.end(), is_asked)) &&
         (contains.empty() || std::any_of(contains.begin(), contains.end(), is_inside));
}

bool Filter::matches_client(const Client& client) const {
  auto covers = [&](const Prefix& prefix) { return prefix.contains(client); };
  return clients.empty() || std::any_of(clients.begin(), clients.end(), covers);
}

bool Filter::matches_type(uint16_t qtype) const { return is_among(qtype, types); }

bool Filter::matches_answer(const Event& event) const {
  return is_among(event.rcode, rcodes) && is_among(event.outcome, outcomes) &&
         is_among(event.list, lists) && is_among(event.upstream, upstreams);
}

bool Filter::matches(const Event& event) const {
  return matches_time(event.time_ms) && matches_type(event.qtype) && matches_answer(event) &&
         matches_client(event.client) && matches_name(event.qname);
}

}  // namespace weir
