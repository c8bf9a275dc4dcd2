// Upstream: one server that questions are forwarded to: its address, its health, its counters.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "native/runtime/socket_address.h"
#include "weir/status.h"

namespace weir {

struct UpstreamAddress {
  SocketAddress address;
  bool tcp_only = false;

  // "udp://192.0.2.53:53", "tcp://[2001:db8::1]"; the port is 53 where none is given. kUnsupported
  // for tls:// and https://, kInvalid otherwise.
  static Result<UpstreamAddress> parse(std::string_view text);
};

// Only ever grow; added to by all threads, but only on a cache miss.
struct UpstreamCounters {
  std::atomic<uint64_t> queries{0};  // attempts sent
  std::atomic<uint64_t> answers{0};
  std::atomic<uint64_t> timeouts{0};
  std::atomic<uint64_t> errors{0};       // of sockets: refused, unreachable, closed, no port
  std::atomic<uint64_t> mismatches{0};   // messages that are no answer to what was asked
  std::atomic<uint64_t> truncations{0};  // answers asked for again over TCP
};

// Thread-safe.
class Upstream {
 public:
  Upstream(std::string text, const UpstreamAddress& address)
      : text_(std::move(text)), address_(address) {}

  const std::string& text() const { return text_; }  // as configured
  const SocketAddress& address() const { return address_.address; }
  bool tcp_only() const { return address_.tcp_only; }
  UpstreamCounters& counters() const { return counters_; }

  // After a failure it is asked last until the time given (monotonic µs); an answer ends that.
  bool failing(int64_t now_us) const {
    return failing_until_us_.load(std::memory_order_relaxed) > now_us;
  }
  void set_failing_until(int64_t time_us) const {
    failing_until_us_.store(time_us, std::memory_order_relaxed);
  }

 private:
  std::string text_;
  UpstreamAddress address_;
  mutable UpstreamCounters counters_;
  mutable std::atomic<int64_t> failing_until_us_{0};
};

using UpstreamList = std::vector<std::shared_ptr<const Upstream>>;

// One per text, in that order; those that `known` has already are taken from there, with their
// health and counters.
Result<UpstreamList> make_upstreams(const std::vector<std::string>& texts,
                                    const UpstreamList& known);

// The order to ask in at `now_us`: as configured, but those that fail last.
UpstreamList by_health(const UpstreamList& upstreams, int64_t now_us);

}  // namespace weir
