// Resolver: what one thread does with a query, whatever it came over.
//
// answer() decides at once where it can: malformed, unsupported, local, blocked, cached. Otherwise
// it says kForward, and forward() asks an upstream or joins somebody who asks already. Either way
// every query ends in exactly one record().
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "native/dns/asio.h"
#include "native/dns/cache.h"
#include "native/dns/policy.h"
#include "native/dns/privacy.h"
#include "native/dns/recorder.h"
#include "native/runtime/random.h"

namespace weir {

enum class Verdict : uint8_t {
  kSilent,    // no answer: not even an id to answer to, or not a query
  kUnlogged,  // an answer, but no question to log
  kAnswer,    // an answer; record() is to follow
  kForward,   // not yet: hand the request to forward()
};

struct Handled {
  Verdict verdict = Verdict::kSilent;
  size_t bytes = 0;  // of the answer
  Decision decision;
};

// Hands an answer to the client's transport; false if it could not be sent.
using SendAnswer = std::function<bool(std::span<const uint8_t>)>;

// Lives on one thread: every call is made on the thread that runs `io`.
class Resolver {
 public:
  // All references outlive this.
  Resolver(asio::io_context& io, DnsCache& cache, Recorder recorder, PrivacyFilter privacy);

  // New queries obey `policy`; those in flight keep theirs. To be called before the first query.
  void set_policy(std::shared_ptr<const Policy> policy) { policy_ = std::move(policy); }

  // Decides on `message`. The caller has set the request's transport and arrival; the rest is
  // filled in. `out` has room for kUdpPayloadBytesMax, or for TCP kMessageBytesMax.
  Handled answer(std::span<const uint8_t> message, const SocketAddress& from, Request* request,
                 std::span<uint8_t> out);

  // For a message that was longer than its transport takes: FORMERR if there is a header.
  Handled refuse(std::span<const uint8_t> message, uint16_t rcode, std::span<uint8_t> out);

  // Brings a kForward request to its answer, which `send` is called with once: later or at once.
  void forward(const Request& request, SendAnswer send);

  // Ends a query that answer() decided.
  void record(const Request& request, const Decision& decision, int64_t done_us, bool sent);

  // Room for an answer of any size, for the caller of answer(); overwritten by every forward() and
  // whenever an upstream answers.
  std::span<uint8_t> room() { return room_; }
  // Queries that wait for an upstream.
  size_t pending() const { return pending_; }
  DnsThreadStats& stats() { return recorder_.stats(); }

 private:
  struct Waiting;

  Handled decide(const Request& request, std::span<uint8_t> out);
  Handled local(const Request& request, std::span<uint8_t> out) const;
  Handled blocked(const Request& request, std::string_view list, std::span<uint8_t> out) const;
  void ask(const CacheKey& key, const std::shared_ptr<const Policy>& policy);
  void deliver(const Waiting& waiting, const std::shared_ptr<const UpstreamAnswer>& answer);
  void deliver_cached(const Waiting& waiting);
  void deliver_failure(const Waiting& waiting);
  void finish(const Waiting& waiting, std::span<const uint8_t> message, Decision decision);

  asio::io_context& io_;
  DnsCache& cache_;
  Recorder recorder_;
  PrivacyFilter privacy_;
  RandomSource random_;
  std::shared_ptr<const Policy> policy_;
  CachedAnswer cached_;
  std::vector<uint8_t> room_;
  size_t pending_ = 0;
  size_t asking_ = 0;  // of them, the questions that this thread asks
};

}  // namespace weir
