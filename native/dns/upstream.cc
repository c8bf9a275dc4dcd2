// Order of health: the user's order, but who failed a moment ago goes last. Nobody is left out:
// when all fail, all are still tried.
#include "native/dns/upstream.h"

#include <algorithm>

#include "weir/limits.h"

namespace weir {
namespace {

constexpr uint16_t kDnsPort = 53;

Status failure(std::string_view text, Code code, const std::string& reason) {
  return {code, "upstream '" + std::string(text) + "': " + reason};
}

}  // namespace

Result<UpstreamAddress> UpstreamAddress::parse(std::string_view text) {
  const size_t separator = text.find("://");
  if (separator == std::string_view::npos) {
    return failure(text, Code::kInvalid, "expected udp://ADDRESS:PORT or tcp://ADDRESS:PORT");
  }
  const std::string_view scheme = text.substr(0, separator);
  if (scheme == "tls" || scheme == "https") {
    return failure(text, Code::kUnsupported,
                   std::string(scheme) + ":// is not supported by this version");
  }
  if (scheme != "udp" && scheme != "tcp") {
    return failure(text, Code::kInvalid, "the scheme must be udp or tcp");
  }
  Result<SocketAddress> address = SocketAddress::parse(text.substr(separator + 3), kDnsPort);
  if (!address.ok()) return failure(text, Code::kInvalid, address.status().message());
  if (address->port() == 0) return failure(text, Code::kInvalid, "the port must not be 0");
  return UpstreamAddress{*address, scheme == "tcp"};
}

Result<UpstreamList> make_upstreams(const std::vector<std::string>& texts,
                                    const UpstreamList& known) {
  if (texts.empty()) return Status(Code::kInvalid, "no upstream is configured");
  if (texts.size() > kUpstreamsMax) return Status(Code::kTooLarge, "more than 16 upstreams");
  UpstreamList upstreams;
  for (const std::string& text : texts) {
    WEIR_ASSIGN(const UpstreamAddress address, UpstreamAddress::parse(text));
    if (text.size() > kEventStringBytesMax) return failure(text, Code::kTooLarge, "is too long");
    const auto same = std::ranges::find(known, text, [](const auto& one) { return one->text(); });
    upstreams.push_back(same != known.end() ? *same
                                            : std::make_shared<const Upstream>(text, address));
  }
  return upstreams;
}

UpstreamList by_health(const UpstreamList& upstreams, int64_t now_us) {
  UpstreamList ordered, failing;
  for (const auto& upstream : upstreams) {
    (upstream->failing(now_us) ? failing : ordered).push_back(upstream);
  }
  ordered.insert(ordered.end(), failing.begin(), failing.end());
  return ordered;
}

}  // namespace weir
