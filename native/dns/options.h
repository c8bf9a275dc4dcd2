// DnsOptions: everything the DNS front end can be told, as plain values.
//
// The configuration file is read by control/ and mapped to this by main.cc. Texts are as the user
// wrote them, so that messages and metrics can repeat them; check_dns_options() says what is wrong
// with them before anything is opened.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir {

struct BlockListOptions {
  std::string name;  // as logged and counted; not empty, at most kEventStringBytesMax bytes
  std::string path;  // a file in one of the formats of weir/rules.h
};

struct LocalRecordOptions {
  std::string name;
  std::string type;  // A, AAAA, CNAME, NS, PTR, MX, TXT, SRV
  std::string content;
  uint32_t ttl_s = 300;
};

enum class BlockedAnswer : uint8_t {
  kNullIp,    // A 0.0.0.0, AAAA ::, NODATA for every other type
  kNxDomain,  // NXDOMAIN for every type
};

// What of the client's address may reach the log; see privacy.h.
enum class PrivacyMode : uint8_t { kFull, kTruncated, kPseudonym, kNone };

struct DnsOptions {
  // --- fixed at start ---
  std::vector<std::string> listen;       // "127.0.0.1:5300", "[::1]:53"; each for UDP and TCP
  unsigned threads = 0;                  // 0: cores - 1, at least 1
  uint64_t cache_bytes_max = 32U << 20;  // 1 MiB to 64 GiB

  // --- reloadable ---
  std::vector<std::string>
      upstreams;  // "udp://192.0.2.53:53", "tcp://[2001:db8::1]"; in this order
  uint32_t upstream_attempt_timeout_ms = 1000;
  uint32_t upstream_deadline_ms = 4000;  // for all attempts of one query
  uint32_t upstream_failing_ms = 5000;   // how long one that did not answer is asked last
  uint32_t cache_ttl_min_s = 0;
  uint32_t cache_ttl_max_s = 86'400;
  std::vector<BlockListOptions> block_lists;
  BlockedAnswer blocked_answer = BlockedAnswer::kNullIp;
  uint32_t blocked_ttl_s = 60;
  std::vector<LocalRecordOptions> local_records;
  PrivacyMode privacy = PrivacyMode::kFull;
  bool log_queries = true;  // false: no event is offered

  // --- TCP, fixed at start; tests shorten them ---
  uint32_t tcp_idle_timeout_ms = 10'000;
  uint32_t tcp_connections_max = 256;  // per thread
};

// kInvalid with the key and the reason, kUnsupported for upstream schemes that this version does
// not speak. Opens and reads nothing.
Status check_dns_options(const DnsOptions& options);

// What `threads: auto` means on this machine; otherwise options.threads.
unsigned dns_thread_count(const DnsOptions& options);

}  // namespace weir
