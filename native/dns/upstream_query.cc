// One attempt at a time: next_attempt() closes what the last one had open and begins anew, take()
// judges what comes, finish() is the only way out. Handlers of an earlier attempt find their number
// outdated and do nothing (guarded()).
#include "native/dns/upstream_query.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;
constexpr size_t kTcpPrefixBytes = 2;

// Errors that lie with this server; another one may know better.
bool is_server_error(uint16_t code) {
  return code == rcode::kServFail || code == rcode::kRefused || code == rcode::kNotImp ||
         code == rcode::kFormErr || code == rcode::kBadVers;
}

void count(std::atomic<uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

UpstreamQuery::UpstreamQuery(asio::io_context& io, RandomSource& random, const CacheKey& key,
                             std::shared_ptr<const Policy> policy, Done done)
    : random_(random),
      key_(key),
      policy_(std::move(policy)),
      done_(std::move(done)),
      udp_(io),
      tcp_(io),
      timer_(io) {}

void UpstreamQuery::start() {
  const int64_t now_us = monotonic_us();
  order_ = by_health(policy_->upstreams, now_us);
  deadline_us_ = now_us + policy_->options.upstream_deadline_ms * kMicrosPerMilli;
  next_attempt();
}

// A failure of the socket leads here again at once, one of the network when the timer fires; both
// are bounded by the number of attempts.
void UpstreamQuery::next_attempt() {
  close();
  const int64_t now_us = monotonic_us();
  if (attempt_ == kUpstreamAttemptsMax || now_us >= deadline_us_) return finish();
  ++attempt_;
  mismatches_ = 0;
  write_query();
  arm_timer(now_us);
  count(current().counters().queries);
  if (current().tcp_only()) {
    begin_tcp();
  } else {
    begin_udp();
  }
}

void UpstreamQuery::fail_attempt(std::atomic<uint64_t> UpstreamCounters::* reason) {
  count(current().counters().*reason);
  current().set_failing_until(monotonic_us() +
                              policy_->options.upstream_failing_ms * kMicrosPerMilli);
  next_attempt();
}

void UpstreamQuery::arm_timer(int64_t now_us) {
  const int64_t attempt_us = policy_->options.upstream_attempt_timeout_ms * kMicrosPerMilli;
  timer_.expires_after(std::chrono::microseconds(std::min(attempt_us, deadline_us_ - now_us)));
  timer_.async_wait(guarded([](UpstreamQuery& self, const error_code&) {
    self.fail_attempt(&UpstreamCounters::timeouts);
  }));
}

// AD asks whether the answer was validated (RFC 6840 5.7).
void UpstreamQuery::write_query() {
  id_ = random_.next<uint16_t>();
  DnsWriter writer{std::span(query_).subspan(kTcpPrefixBytes)};
  writer.header({.id = id_, .rd = true, .ad = true, .cd = key_.checking_disabled});
  writer.question(key_.name, key_.type, kClassIn);
  writer.opt({.udp_payload = kUdpPayloadBytesMax, .dnssec_ok = key_.dnssec_ok});
  query_bytes_ = writer.finish().size();
  query_[0] = static_cast<uint8_t>(query_bytes_ >> 8);
  query_[1] = static_cast<uint8_t>(query_bytes_);
}

// connect() on an unbound UDP socket makes the kernel choose a random ephemeral port.
void UpstreamQuery::begin_udp() {
  const auto endpoint = to_endpoint<asio::ip::udp::endpoint>(current().address());
  error_code error;
  udp_.open(endpoint.protocol(), error);
  if (!error) udp_.non_blocking(true, error);
  if (!error) udp_.connect(endpoint, error);
  if (!error) udp_.send(asio::buffer(query_.data() + kTcpPrefixBytes, query_bytes_), 0, error);
  if (error) return fail_attempt(&UpstreamCounters::errors);
  await_udp();
}

void UpstreamQuery::await_udp() {
  udp_.async_wait(asio::ip::udp::socket::wait_read,
                  guarded([](UpstreamQuery& self, const error_code& error) {
                    if (error) return self.fail_attempt(&UpstreamCounters::errors);
                    self.drain_udp();
                  }));
}

// One datagram per wake-up: a flood of forgeries must not keep the thread from its other sockets.
void UpstreamQuery::drain_udp() {
  std::array<uint8_t, kUpstreamUdpBytesMax> message;
  error_code error;
  const size_t size = udp_.receive(asio::buffer(message), 0, error);
  if (error == asio::error::would_block) return await_udp();
  if (error) return fail_attempt(&UpstreamCounters::errors);
  if (take(std::span(message).first(size), false) == Match::kYes) return;
  count(current().counters().mismatches);
  if (++mismatches_ == kMismatchesMax) return begin_tcp();
  await_udp();
}

// Looks at what came from the upstream; kNo: it is no answer to the question.
UpstreamQuery::Match UpstreamQuery::take(std::span<const uint8_t> message, bool over_tcp) {
  if (is_bare_error(message)) {
    give_way();
    return Match::kYes;
  }
  const Result<DnsResponse> response = read_dns_response(message);
  if (!response.ok() || response->header.id != id_ || response->header.opcode != 0 ||
      response->qname != key_.name || response->qtype != key_.type ||
      response->qclass != kClassIn) {
    return Match::kNo;
  }
  if (response->header.tc && !over_tcp) {
    count(current().counters().truncations);
    begin_tcp();
  } else {
    accept(message, *response);
  }
  return Match::kYes;
}

// A header alone that states an error, as servers send it that cannot read a query with EDNS.
// Without the question only id and port prove whose it is: enough for an error that is not cached.
bool UpstreamQuery::is_bare_error(std::span<const uint8_t> message) const {
  const Result<DnsHeader> header = read_dns_header(message);
  return header.ok() && header->qr && header->id == id_ && header->opcode == 0 &&
         header->qdcount == 0 && header->ancount == 0 && is_server_error(header->rcode);
}

// The server is alive but of no help with this query.
void UpstreamQuery::give_way() {
  count(current().counters().errors);
  if (attempt_ < order_.size()) return next_attempt();
  finish();
}

void UpstreamQuery::accept(std::span<const uint8_t> message, const DnsResponse& response) {
  count(current().counters().answers);
  current().set_failing_until(0);
  const bool server_error = is_server_error(response.rcode);
  if (!server_error || !answer_) {
    auto answer = std::make_shared<UpstreamAnswer>();
    answer->answer = make_answer(message, response);
    clamp_answer(&answer->answer, policy_->options.cache_ttl_min_s,
                 policy_->options.cache_ttl_max_s);
    answer->upstream = order_[(attempt_ - 1) % order_.size()];
    answer_ = std::move(answer);
  }
  // Nobody is asked twice because of an error that it stated clearly.
  if (server_error && attempt_ < order_.size()) return next_attempt();
  finish();
}

// A connection per query: TCP is the exception here. The attempt's timer goes on.
void UpstreamQuery::begin_tcp() {
  error_code ignored;
  udp_.close(ignored);
  tcp_.async_connect(
      to_endpoint<asio::ip::tcp::endpoint>(current().address()),
      guarded([](UpstreamQuery& self, const error_code& error) {
        if (error) return self.fail_attempt(&UpstreamCounters::errors);
        asio::async_write(
            self.tcp_, asio::buffer(self.query_.data(), kTcpPrefixBytes + self.query_bytes_),
            self.guarded([](UpstreamQuery& writer, const error_code& write_error, size_t) {
              if (write_error) return writer.fail_attempt(&UpstreamCounters::errors);
              writer.read_tcp_size();
            }));
      }));
}

void UpstreamQuery::read_tcp_size() {
  asio::async_read(tcp_, asio::buffer(tcp_size_),
                   guarded([](UpstreamQuery& self, const error_code& error, size_t) {
                     if (error) return self.fail_attempt(&UpstreamCounters::errors);
                     self.read_tcp_message();
                   }));
}

void UpstreamQuery::read_tcp_message() {
  // At most 64 KiB, as the prefix has 16 bits.
  tcp_message_.resize(static_cast<size_t>(tcp_size_[0] << 8 | tcp_size_[1]));
  asio::async_read(tcp_, asio::buffer(tcp_message_),
                   guarded([](UpstreamQuery& self, const error_code& error, size_t) {
                     if (error) return self.fail_attempt(&UpstreamCounters::errors);
                     if (self.take(self.tcp_message_, true) == Match::kNo) {
                       self.fail_attempt(&UpstreamCounters::mismatches);
                     }
                   }));
}

void UpstreamQuery::close() {
  error_code ignored;  // a socket that cannot be closed cleanly is closed all the same
  udp_.close(ignored);
  tcp_.close(ignored);
  timer_.cancel();
}

void UpstreamQuery::finish() {
  close();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(answer_));
}

}  // namespace weir
