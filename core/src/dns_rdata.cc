// RDATA of local records from the text that people write into the configuration.
//
// The forms are those of master files (RFC 1035 5.1), but TXT may also be written as it stands:
// most such records are one line copied from some instructions.
#include <algorithm>
#include <charconv>

#include "weir/dns_message.h"
#include "weir/event.h"

namespace weir {
namespace {

using Rdata = std::vector<uint8_t>;

constexpr size_t kStringBytesMax = 255;  // one <character-string> (RFC 1035 3.3)

Status malformed(const char* what) { return Status(Code::kInvalid, what); }

// The text form of clients covers both families; a pseudonym, which it covers too, is no address.
Result<Rdata> parse_address(Client::Kind kind, std::string_view text) {
  const auto address = parse_client(text);
  if (!address.ok() || address->kind != kind) return malformed("not an address of this family");
  const auto bytes = std::span(address->bytes).first(address->size());
  return Rdata(bytes.begin(), bytes.end());
}

// Takes the next word off `*text`; empty at the end.
std::string_view take_word(std::string_view* text) {
  const size_t begin = std::min(text->find_first_not_of(" \t"), text->size());
  const size_t end = std::min(text->find_first_of(" \t", begin), text->size());
  const std::string_view word = text->substr(begin, end - begin);
  text->remove_prefix(end);
  return word;
}

// `numbers` 16-bit numbers and a name: MX, SRV, and with 0 CNAME, NS, PTR. Names in RDATA are never
// compressed here.
Result<Rdata> parse_name(int numbers, std::string_view text) {
  Rdata rdata;
  for (int i = 0; i < numbers; ++i) {
    const std::string_view word = take_word(&text);
    uint16_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) {
      return malformed("not a number from 0 to 65535");
    }
    rdata.push_back(static_cast<uint8_t>(number >> 8));
    rdata.push_back(static_cast<uint8_t>(number));
  }
  WEIR_ASSIGN(const DnsName name, DnsName::parse(take_word(&text)));
  if (!take_word(&text).empty()) return malformed("words follow the name");
  rdata.insert(rdata.end(), name.wire().begin(), name.wire().end());
  return rdata;
}

// One <character-string>. Precondition: at most kStringBytesMax.
void append_string(std::string_view string, Rdata* rdata) {
  rdata->push_back(static_cast<uint8_t>(string.size()));
  rdata->insert(rdata->end(), string.begin(), string.end());
}

// Takes one "quoted string" off `*text`, where \" and \\ stand for themselves.
Result<std::string> take_quoted(std::string_view* text) {
  std::string string;
  for (size_t at = 1; at < text->size(); ++at) {
    if ((*text)[at] == '"') {
      text->remove_prefix(at + 1);
      return string;
    }
    if ((*text)[at] == '\\' && ++at == text->size()) break;
    string += (*text)[at];
  }
  return malformed("a quoted string does not end");
}

// Bare text is cut at the bound of a string; readers of TXT put the strings together again (RFC
// 7208 3.3). A quoted string is the writer's own cut, and may not be too long.
Result<Rdata> parse_txt(std::string_view text) {
  Rdata rdata;
  if (!text.starts_with('"')) {
    do {  // also for no text at all: a record has at least one string
      append_string(text.substr(0, kStringBytesMax), &rdata);
      text.remove_prefix(std::min(text.size(), kStringBytesMax));
    } while (!text.empty());
  }
  while (!text.empty()) {
    if (!text.starts_with('"')) return malformed("text stands outside the quotes");
    WEIR_ASSIGN(const std::string string, take_quoted(&text));
    if (string.size() > kStringBytesMax) return malformed("a string is longer than 255 bytes");
    append_string(string, &rdata);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  }
  if (rdata.size() > UINT16_MAX) return malformed("the text is longer than 65,535 bytes");
  return rdata;
}

}  // namespace

Result<std::vector<uint8_t>> parse_rdata(uint16_t type, std::string_view text) {
  switch (type) {
    case qtype::kA:
      return parse_address(Client::Kind::kV4, text);
    case qtype::kAaaa:
      return parse_address(Client::Kind::kV6, text);
    case qtype::kCname:
    case qtype::kNs:
    case qtype::kPtr:
      return parse_name(0, text);
    case qtype::kMx:
      return parse_name(1, text);
    case qtype::kSrv:
      return parse_name(3, text);
    case qtype::kTxt:
      return parse_txt(text);
    default:
      return Status(Code::kUnsupported, "records of this type cannot be written as text");
  }
}

}  // namespace weir
