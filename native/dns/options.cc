// The ranges of the numbers, and the parsers of the parts asked whether they would take the texts.
// Messages carry the keys of the configuration file.
#include "native/dns/options.h"

#include <algorithm>
#include <thread>

#include "native/dns/local_records.h"
#include "native/dns/upstream.h"
#include "native/runtime/socket_address.h"
#include "weir/limits.h"

namespace weir {
namespace {

constexpr unsigned kThreadsMax = 256;
constexpr uint32_t kTimeoutMsMin = 10;
constexpr uint32_t kTimeoutMsMax = 60'000;
constexpr uint32_t kTtlMax = INT32_MAX;  // RFC 2181 8
constexpr uint32_t kTcpConnectionsMax = 65'536;

Status check_range(const char* key, uint64_t value, uint64_t least, uint64_t most) {
  if (value >= least && value <= most) return {};
  return {Code::kInvalid, std::string(key) + " must be from " + std::to_string(least) + " to " +
                              std::to_string(most) + ", not " + std::to_string(value)};
}

Status check_listen(const std::vector<std::string>& listen) {
  if (listen.empty()) return {Code::kInvalid, "dns.listen names no address"};
  for (const std::string& text : listen) {
    if (Result<SocketAddress> address = SocketAddress::parse(text, 0); !address.ok()) {
      return {Code::kInvalid, "dns.listen: " + address.status().message()};
    }
  }
  return {};
}

Status check_block_lists(const std::vector<BlockListOptions>& lists) {
  if (lists.size() > kListsMax) return {Code::kTooLarge, "more than 255 block lists"};
  for (const BlockListOptions& list : lists) {
    if (list.name.empty() || list.name.size() > kEventStringBytesMax) {
      return {Code::kInvalid, "the name of a block list must have 1 to 255 bytes"};
    }
  }
  return {};
}

Status check_numbers(const DnsOptions& options) {
  WEIR_TRY(check_range("dns.threads", options.threads, 0, kThreadsMax));
  WEIR_TRY(
      check_range("dns.cache_bytes_max", options.cache_bytes_max, kCacheBytesMin, kCacheBytesMax));
  WEIR_TRY(check_range("dns.upstream_attempt_timeout_ms", options.upstream_attempt_timeout_ms,
                       kTimeoutMsMin, kTimeoutMsMax));
  WEIR_TRY(check_range("dns.upstream_deadline_ms", options.upstream_deadline_ms, kTimeoutMsMin,
                       kTimeoutMsMax));
  WEIR_TRY(check_range("dns.upstream_failing_ms", options.upstream_failing_ms, 0, kTimeoutMsMax));
  WEIR_TRY(check_range("dns.tcp_idle_timeout_ms", options.tcp_idle_timeout_ms, kTimeoutMsMin,
                       kTimeoutMsMax));
  WEIR_TRY(
      check_range("dns.tcp_connections_max", options.tcp_connections_max, 1, kTcpConnectionsMax));
  WEIR_TRY(check_range("blocking.ttl", options.blocked_ttl_s, 0, kTtlMax));
  WEIR_TRY(check_range("dns.cache_ttl_max", options.cache_ttl_max_s, 0, kTtlMax));
  return check_range("dns.cache_ttl_min", options.cache_ttl_min_s, 0, options.cache_ttl_max_s);
}

}  // namespace

Status check_dns_options(const DnsOptions& options) {
  WEIR_TRY(check_listen(options.listen));
  WEIR_TRY(check_numbers(options));
  WEIR_TRY(make_upstreams(options.upstreams, {}).status());
  WEIR_TRY(check_block_lists(options.block_lists));
  return LocalRecords::make(options.local_records).status();
}

unsigned dns_thread_count(const DnsOptions& options) {
  if (options.threads != 0) return options.threads;
  return std::max(2U, std::thread::hardware_concurrency()) - 1;
}

}  // namespace weir
