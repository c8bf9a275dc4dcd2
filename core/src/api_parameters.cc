#include "api_parameters.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "query_string.h"
#include "weir/access.h"
#include "weir/dns_message.h"
#include "weir/dns_name.h"
#include "weir/json.h"

namespace weir {
namespace {

Status bad(std::string_view what) { return Status(Code::kInvalid, std::string(what)); }

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

template <class Number>
bool parse_number(std::string_view text, Number* out) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc() && stop == end && !text.empty();
}

Result<int64_t> parse_moment(std::string_view value, int64_t now_ms) {
  if (Result<int64_t> back = parse_duration_ms(value); back.ok()) {
    return std::max<int64_t>(now_ms - *back, 0);
  }
  Result<int64_t> moment = parse_rfc3339(value);
  if (!moment.ok()) return bad("not a time like 2026-11-20T18:37:00Z nor a duration like 24h");
  return moment;
}

Status set_since(std::string_view value, int64_t now_ms, ApiParameters* out) {
  WEIR_ASSIGN(out->since_ms, parse_moment(value, now_ms));
  return {};
}

Status set_until(std::string_view value, int64_t now_ms, ApiParameters* out) {
  WEIR_ASSIGN(out->until_ms, parse_moment(value, now_ms));
  return {};
}

// Names of lists and upstreams are whatever the configuration says.
Status add_name(std::string_view value, std::vector<std::string>* out) {
  if (value.empty()) return bad("empty");
  if (value.size() > kEventStringBytesMax) return bad("longer than any such name");
  out->emplace_back(value);
  return {};
}

Status add_site(std::string_view value, int64_t, ApiParameters* out) {
  WEIR_TRY(check_site(value));
  out->filter.sites.emplace_back(value);
  return {};
}

Status add_domain(std::string_view value, int64_t, ApiParameters* out) {
  const bool below = value.starts_with("*.");
  if (below) value.remove_prefix(2);
  Result<DnsName> name = DnsName::parse(below && value.empty() ? "." : value);
  if (!name.ok()) return bad("not a domain name");
  std::string text = name->text();
  if (below) text = text == "." ? "*." : "*." + text;
  out->filter.domains.push_back(std::move(text));
  return {};
}

Status add_contains(std::string_view value, int64_t, ApiParameters* out) {
  if (value.empty()) return bad("empty");
  if (value.size() > kNameTextBytesMax) return bad("longer than any name");
  out->filter.contains.push_back(lower_case(value));
  return {};
}

Status add_client(std::string_view value, int64_t, ApiParameters* out) {
  const size_t slash = value.find('/');
  Result<Client> client = parse_client(lower_case(value.substr(0, slash)));
  if (!client.ok() || client->kind == Client::Kind::kNone) {
    return bad("not an address, a prefix or a pseudonym");
  }
  const auto bits_max = static_cast<uint8_t>(8 * client->size());
  Filter::Prefix prefix{*client, bits_max};
  if (slash != value.npos &&
      (client->kind == Client::Kind::kPseudonym ||
       !parse_number(value.substr(slash + 1), &prefix.bits) || prefix.bits > bits_max)) {
    return bad("not a prefix length of this kind of address");
  }
  out->filter.clients.push_back(prefix);
  return {};
}

Status add_type(std::string_view value, int64_t, ApiParameters* out) {
  Result<uint16_t> type = parse_qtype(value);
  if (!type.ok()) return bad("not a record type like AAAA, TYPE65 or 28");
  out->filter.types.push_back(*type);
  return {};
}

Status add_rcode(std::string_view value, int64_t, ApiParameters* out) {
  Result<uint16_t> code = parse_rcode(value);
  if (!code.ok()) return bad("not a response code like NXDOMAIN or 3");
  out->filter.rcodes.push_back(*code);
  return {};
}

Status add_outcome(std::string_view value, int64_t, ApiParameters* out) {
  Result<Outcome> outcome = parse_outcome(value);
  if (!outcome.ok()) {
    return bad("not one of forwarded cached stale local blocked refused failed");
  }
  out->filter.outcomes.push_back(*outcome);
  return {};
}

Status add_list(std::string_view value, int64_t, ApiParameters* out) {
  return add_name(value, &out->filter.lists);
}

Status add_upstream(std::string_view value, int64_t, ApiParameters* out) {
  return add_name(value, &out->filter.upstreams);
}

Status set_limit(std::string_view value, int64_t, ApiParameters* out) {
  if (!parse_number(value, &out->limit) || out->limit == 0 || out->limit > kQueryLimitMax) {
    return bad("not a number from 1 to 1000");
  }
  return {};
}

Status set_cursor(std::string_view value, int64_t, ApiParameters* out) {
  if (value.empty()) return bad("empty; leave it out for the first page");
  out->cursor = value;  // find_queries() checks it against the filter
  return {};
}

Status set_step(std::string_view value, int64_t, ApiParameters* out) {
  for (std::string_view step : {"1m", "5m", "1h", "1d"}) {
    if (value != step) continue;
    WEIR_ASSIGN(out->step_ms, parse_duration_ms(step));
    return {};
  }
  return bad("not one of 1m 5m 1h 1d");
}

Status set_by(std::string_view value, int64_t, ApiParameters* out) {
  struct Choice {
    std::string_view name;
    Summary::Top by;
  };
  constexpr Choice kChoices[] = {{"domain", Summary::Top::kNames},
                                 {"client", Summary::Top::kClients},
                                 {"upstream", Summary::Top::kUpstreams},
                                 {"list", Summary::Top::kLists},
                                 {"type", Summary::Top::kTypes}};
  for (const Choice& choice : kChoices) {
    if (value != choice.name) continue;
    out->by = choice.by;
    return {};
  }
  return bad("not one of domain client upstream list type");
}

constexpr std::string_view kText = R"({"type":"string"})";

constexpr ParameterSpec kSpecs[] = {
    {"since", false, kText,
     "Begin of the window, inclusive: an RFC 3339 time, or a duration before now (s m h d w). "
     "Default: 24 hours before `until`.",
     "24h", set_since},
    {"until", false, kText, "End of the window, exclusive, written like `since`. Default: now.",
     "2026-11-20T18:37:00Z", set_until},
    {"site", true, kText, "Only the logs of this site.", "home", add_site},
    {"domain", true, kText, "This name exactly, or `*.name` for a name and everything below it.",
     "*.example.com", add_domain},
    {"contains", true, kText, "Names with this text anywhere in them.", "track", add_contains},
    {"client", true, kText, "A client's address or pseudonym, or a prefix of addresses.",
     "192.0.2.0/24", add_client},
    {"type", true, kText, "Record type: a mnemonic, TYPE65, or a number.", "AAAA", add_type},
    {"rcode", true, kText, "Response code: a mnemonic or a number.", "NXDOMAIN", add_rcode},
    {"outcome", true,
     R"({"type":"string","enum":["forwarded","cached","stale","local","blocked","refused",)"
     R"("failed"]})",
     "How the query was answered.", "blocked", add_outcome},
    {"list", true, kText, "Name of the block list that decided.", "ads", add_list},
    {"upstream", true, kText, "The upstream that answered, as configured.", "udp://192.0.2.53:53",
     add_upstream},
    {"limit", false, R"({"type":"integer","minimum":1,"maximum":1000,"default":100})",
     "How many entries at most.", "20", set_limit},
    {"cursor", false, kText,
     "Goes on where an earlier answer ended, with the filters of that request and in its window.",
     "", set_cursor},
    {"step", false, R"({"type":"string","enum":["1m","5m","1h","1d"],"default":"1h"})",
     "Length of a bucket.", "5m", set_step},
    {"by", false,
     R"({"type":"string","enum":["domain","client","upstream","list","type"],"default":"domain"})",
     "What is counted.", "client", set_by},
};

// Index of the parameter in the table, or nothing if the name is unknown or not allowed.
std::optional<size_t> find_parameter(std::string_view name, ParameterSet allowed) {
  const auto* found = std::find_if(std::begin(kSpecs), std::end(kSpecs),
                                   [&](const ParameterSpec& spec) { return spec.name == name; });
  const auto index = static_cast<size_t>(found - std::begin(kSpecs));
  if (found == std::end(kSpecs) || (allowed >> index & 1) == 0) return std::nullopt;
  return index;
}

std::optional<ParameterFault> set_window(int64_t now_ms, ApiParameters* out) {
  const int64_t until = out->until_ms.value_or(now_ms);
  const int64_t since = out->since_ms.value_or(std::max<int64_t>(until - kDayMs, 0));
  if (since >= until) return ParameterFault{"bad_value", "since", "not before until"};
  out->filter.since_ms = since;
  out->filter.until_ms = until;
  return std::nullopt;
}

}  // namespace

std::span<const ParameterSpec> parameter_specs() { return kSpecs; }

std::optional<ParameterFault> parse_parameters(std::string_view query_string, ParameterSet allowed,
                                               int64_t now_ms, ApiParameters* out) {
  ParameterSet seen = 0;
  QueryStringReader pairs(query_string);
  while (std::optional<Result<QueryPair>> pair = pairs.next()) {
    if (!pair->ok()) {
      return ParameterFault{"bad_value", pair->status().message(), "a % without two digits"};
    }
    const auto& [name, value] = **pair;
    const std::optional<size_t> index = find_parameter(name, allowed);
    if (!index)
      return ParameterFault{"unknown_parameter", name, "this route has no such parameter"};
    const ParameterSet bit = ParameterSet{1} << *index;
    if ((seen & bit) != 0 && !kSpecs[*index].repeatable) {
      return ParameterFault{"bad_value", name, "given twice"};
    }
    seen |= bit;
    if (Status status = kSpecs[*index].set(value, now_ms, out); !status.ok()) {
      return ParameterFault{"bad_value", name, status.message()};
    }
  }
  return set_window(now_ms, out);
}

}  // namespace weir
