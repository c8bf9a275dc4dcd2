// Mnemonics of types and response codes (the IANA "DNS Parameters" registry), both ways.
#include <algorithm>
#include <array>
#include <charconv>

#include "weir/dns_message.h"

namespace weir {
namespace {

struct Mnemonic {
  uint16_t number;
  std::string_view text;
};

// Those that are in use, or that a log has a chance to show.
constexpr Mnemonic kTypes[] = {
    {1, "A"},           {2, "NS"},      {5, "CNAME"},   {6, "SOA"},       {12, "PTR"},
    {13, "HINFO"},      {15, "MX"},     {16, "TXT"},    {17, "RP"},       {18, "AFSDB"},
    {24, "SIG"},        {25, "KEY"},    {28, "AAAA"},   {29, "LOC"},      {33, "SRV"},
    {35, "NAPTR"},      {36, "KX"},     {37, "CERT"},   {39, "DNAME"},    {41, "OPT"},
    {42, "APL"},        {43, "DS"},     {44, "SSHFP"},  {45, "IPSECKEY"}, {46, "RRSIG"},
    {47, "NSEC"},       {48, "DNSKEY"}, {49, "DHCID"},  {50, "NSEC3"},    {51, "NSEC3PARAM"},
    {52, "TLSA"},       {53, "SMIMEA"}, {55, "HIP"},    {59, "CDS"},      {60, "CDNSKEY"},
    {61, "OPENPGPKEY"}, {62, "CSYNC"},  {63, "ZONEMD"}, {64, "SVCB"},     {65, "HTTPS"},
    {99, "SPF"},        {108, "EUI48"}, {109, "EUI64"}, {249, "TKEY"},    {250, "TSIG"},
    {251, "IXFR"},      {252, "AXFR"},  {255, "ANY"},   {256, "URI"},     {257, "CAA"},
};

constexpr Mnemonic kRcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"},   {7, "YXRRSET"},  {8, "NXRRSET"},   {9, "NOTAUTH"},
    {10, "NOTZONE"}, {11, "DSOTYPENI"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},
    {19, "BADMODE"}, {20, "BADNAME"},   {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};

// Tables are short: looking through them costs less than keeping them sorted.
std::string to_text(std::span<const Mnemonic> table, std::string_view prefix, uint16_t number) {
  const auto found = std::ranges::find(table, number, &Mnemonic::number);
  if (found != table.end()) return std::string(found->text);
  return std::string(prefix) + std::to_string(number);
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

// A mnemonic of the table, `prefix` and a number, or a number alone.
Result<uint16_t> from_text(std::span<const Mnemonic> table, std::string_view prefix, uint16_t max,
                           std::string_view text) {
  std::string mnemonic(text.substr(0, 16));  // longer than all; the rest is compared by size
  std::ranges::transform(mnemonic, mnemonic.begin(), upper);
  const auto found = std::ranges::find(table, mnemonic, &Mnemonic::text);
  if (found != table.end() && mnemonic.size() == text.size()) return found->number;
  if (mnemonic.starts_with(prefix)) text.remove_prefix(prefix.size());
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) {
    return Status(Code::kInvalid, "not a known mnemonic or number");
  }
  return number;
}

}  // namespace

std::string qtype_text(uint16_t type) { return to_text(kTypes, "TYPE", type); }
std::string rcode_text(uint16_t code) { return to_text(kRcodes, "RCODE", code); }

Result<uint16_t> parse_qtype(std::string_view text) {
  return from_text(kTypes, "TYPE", UINT16_MAX, text);
}

Result<uint16_t> parse_rcode(std::string_view text) {
  return from_text(kRcodes, "RCODE", kRcodeMax, text);
}

}  // namespace weir
