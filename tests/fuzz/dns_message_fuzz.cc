// DNS messages: whatever is accepted can be answered, aged and truncated, and is accepted again.
#include <algorithm>
#include <array>
#include <vector>

#include "weir/dns_message.h"
#include "weir/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  if (const auto query = weir::read_dns_query(bytes); query.ok()) {
    std::array<uint8_t, weir::kUdpPayloadBytesMin> out;
    const size_t written = weir::write_error_response(*query, weir::rcode::kRefused, out);
    const auto answer = weir::read_dns_response(std::span(out).first(written));
    WEIR_CHECK(answer.ok() && answer->qname == query->qname);
    WEIR_CHECK(*weir::DnsName::parse(query->qname.text()) == query->qname);
  }
  if (const auto response = weir::read_dns_response(bytes); response.ok()) {
    std::vector<uint8_t> copy(bytes.begin(), bytes.end());
    weir::age_ttls(copy, response->ttl_offsets, 1);
    WEIR_CHECK(weir::read_dns_response(copy).ok());
    copy.resize(weir::truncate_response(copy, std::max<size_t>(300, size / 2)));
    const auto cut = weir::read_dns_response(copy);
    WEIR_CHECK(cut.ok() && cut->qname == response->qname);
  }
  return 0;
}
