// UpstreamQuery: one question on its way through the upstreams until one answers or the deadline
// passes.
//
// Attempts go through the upstreams in order of health, each with a fresh socket, whose port the
// kernel chooses at random, and a fresh random id (RFC 5452). The socket is connected, so the
// kernel drops what comes from elsewhere; what is left must match in id, opcode and question. A
// message that does not is ignored and counted, and after kMismatchesMax of them the upstream is
// asked over TCP, where guessing is no use. A truncated answer is asked for again over TCP. An
// answer that is an error of the server (SERVFAIL, REFUSED, …) is passed on only if no other
// upstream has a better one.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "native/dns/asio.h"
#include "native/dns/cache.h"
#include "native/dns/policy.h"
#include "native/runtime/random.h"

namespace weir {

// Lives on one thread; keeps itself alive until it is done.
class UpstreamQuery : public std::enable_shared_from_this<UpstreamQuery> {
 public:
  // Called once; null: no upstream answered.
  using Done = std::function<void(std::shared_ptr<const UpstreamAnswer>)>;

  // `random` outlives this.
  UpstreamQuery(asio::io_context& io, RandomSource& random, const CacheKey& key,
                std::shared_ptr<const Policy> policy, Done done);
  void start();

 private:
  enum class Match : uint8_t { kYes, kNo };

  void next_attempt();
  void fail_attempt(std::atomic<uint64_t> UpstreamCounters::* reason);
  void arm_timer(int64_t now_us);
  void write_query();
  void begin_udp();
  void await_udp();
  void drain_udp();
  void begin_tcp();
  void read_tcp_size();
  void read_tcp_message();
  Match take(std::span<const uint8_t> message, bool over_tcp);
  bool is_bare_error(std::span<const uint8_t> message) const;
  void give_way();
  void accept(std::span<const uint8_t> message, const DnsResponse& response);
  void close();
  void finish();
  const Upstream& current() const { return *order_[(attempt_ - 1) % order_.size()]; }

  // Wraps a handler so that it runs only while the attempt that it belongs to goes on, and not when
  // close() cancelled it.
  template <class Handler>
  auto guarded(Handler handler) {
    return [self = shared_from_this(), attempt = attempt_, handler](const error_code& error,
                                                                    auto... rest) {
      const bool stale = !self->done_ || self->attempt_ != attempt;
      if (!stale && error != asio::error::operation_aborted) handler(*self, error, rest...);
    };
  }

  RandomSource& random_;
  CacheKey key_;
  std::shared_ptr<const Policy> policy_;
  Done done_;  // empty: finished
  UpstreamList order_;
  size_t attempt_ = 0;  // 1 for the first
  size_t mismatches_ = 0;
  int64_t deadline_us_ = 0;
  uint16_t id_ = 0;
  std::array<uint8_t, 2 + 12 + kNameWireBytesMax + 4 + 11> query_{};  // with TCP's length before it
  size_t query_bytes_ = 0;
  std::shared_ptr<const UpstreamAnswer> answer_;  // the best so far
  std::array<uint8_t, 2> tcp_size_{};
  std::vector<uint8_t> tcp_message_;
  asio::ip::udp::socket udp_;
  asio::ip::tcp::socket tcp_;
  asio::steady_timer timer_;
};

}  // namespace weir
