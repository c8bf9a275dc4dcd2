// The order of decisions is the policy: what cannot be read, what is not served, local records,
// block lists, the cache, an upstream. Everything before the upstream is decided without
// allocation.
#include "native/dns/resolver.h"

#include <algorithm>

#include "native/dns/upstream_query.h"

namespace weir {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr uint16_t kHinfo = 13;
constexpr uint32_t kHinfoTtlS = 3600;
// CPU "RFC8482", OS "" (RFC 8482 4.2).
constexpr std::array<uint8_t, 9> kHinfoRdata = {7, 'R', 'F', 'C', '8', '4', '8', '2', 0};
constexpr uint16_t kMetaTypeMin = 249;  // TKEY, TSIG, IXFR, AXFR, MAILB, MAILA: none is a question
constexpr uint16_t kMetaTypeMax = 254;  // for a forwarder

uint32_t seconds(int64_t time_us) { return static_cast<uint32_t>(time_us / kMicrosPerSecond); }

// The answer without records, in the client's letter case.
Handled plain(const Request& request, Outcome outcome, uint16_t rcode, std::span<uint8_t> out) {
  const size_t bytes = write_error_response(request.query, rcode, out);
  restore_question(request, out.first(bytes));
  return {Verdict::kAnswer, bytes, {.outcome = outcome, .rcode = rcode, .response_bytes = bytes}};
}

Handled cached_answer(const Request& request, const AnswerView& view, std::span<uint8_t> out) {
  const size_t bytes = render_answer(view, request, out);
  return {Verdict::kAnswer,
          bytes,
          {.outcome = Outcome::kCached,
           .ad = shows_ad(view, request),
           .rcode = view.rcode,
           .response_bytes = bytes}};
}

// ANY is answered minimally: it asks for everything and mostly serves amplification (RFC 8482).
Handled any_answer(const Request& request, std::span<uint8_t> out) {
  const size_t bytes = write_answer(request, rcode::kNoError, out, [&](DnsWriter& writer) {
    writer.record(DnsWriter::Section::kAnswer, request.query.qname, kHinfo, kClassIn, kHinfoTtlS,
                  kHinfoRdata);
  });
  return {Verdict::kAnswer, bytes, {.outcome = Outcome::kRefused, .response_bytes = bytes}};
}

// What the query asks that Weir does not serve, as the rcode to say so.
std::optional<uint16_t> unserved(const DnsQuery& query) {
  if (query.edns && query.edns->version != 0) return rcode::kBadVers;
  if (query.qclass != kClassIn) return rcode::kRefused;
  if (query.qtype == qtype::kOpt) return rcode::kFormErr;
  if (query.qtype >= kMetaTypeMin && query.qtype <= kMetaTypeMax) return rcode::kRefused;
  return std::nullopt;
}

// The question as the client wrote it; the reader has refused compression there, so its size is
// that of the parsed name.
void keep_question(std::span<const uint8_t> message, Request* request) {
  constexpr size_t kHeaderBytes = 12;
  request->question_bytes = request->query.question_end - kHeaderBytes;
  std::ranges::copy(message.subspan(kHeaderBytes, request->question_bytes),
                    request->question.begin());
}

}  // namespace

// A query that waits for an upstream's answer. The policy that it began with decides to its end.
struct Resolver::Waiting {
  Request request;
  SendAnswer send;
  std::shared_ptr<const Policy> policy;
};

Resolver::Resolver(asio::io_context& io, DnsCache& cache, Recorder recorder, PrivacyFilter privacy)
    : io_(io), cache_(cache), recorder_(recorder), privacy_(privacy), room_(kMessageBytesMax) {}

Handled Resolver::answer(std::span<const uint8_t> message, const SocketAddress& from,
                         Request* request, std::span<uint8_t> out) {
  Result<DnsQuery> query = read_dns_query(message);
  if (!query.ok()) {
    const bool unsupported = query.status().code() == Code::kUnsupported;
    return refuse(message, unsupported ? rcode::kNotImp : rcode::kFormErr, out);
  }
  request->query = *query;
  keep_question(message, request);
  request->client = privacy_.apply(policy_->options.privacy, from, request->arrival.wall_ms);
  return decide(*request, out);
}

// The header decides whether there is anybody to answer: a message with QR set is a response, and
// answering responses would let two servers talk for ever.
Handled Resolver::refuse(std::span<const uint8_t> message, uint16_t rcode, std::span<uint8_t> out) {
  const Result<DnsHeader> header = read_dns_header(message);
  const bool silent = !header.ok() || header->qr;
  const MalformedReply reply = silent                    ? MalformedReply::kNone
                               : rcode == rcode::kNotImp ? MalformedReply::kNotImp
                                                         : MalformedReply::kFormErr;
  stats().malformed[static_cast<size_t>(reply)].add();
  if (silent) return {};
  DnsQuery query;  // the header is all that is known
  query.header = *header;
  return {Verdict::kUnlogged, write_error_response(query, rcode, out), {}};
}

Handled Resolver::decide(const Request& request, std::span<uint8_t> out) {
  const DnsQuery& query = request.query;
  if (const auto code = unserved(query)) return plain(request, Outcome::kRefused, *code, out);
  if (query.qtype == qtype::kAny) return any_answer(request, out);
  if (!policy_->local.find(query.qname).empty()) return local(request, out);
  if (const auto list = policy_->rules.match(query.qname)) {
    return blocked(request, policy_->rules.lists()[*list].name, out);
  }
  const uint32_t now_s = seconds(request.arrival.monotonic_us);
  if (!cache_.lookup(CacheKey::of(query), now_s, &cached_)) return {Verdict::kForward, 0, {}};
  stats().cache_hits.add();
  return cached_answer(request, cached_.view(now_s), out);
}

// A local name without the type asked for is NODATA: the name exists, nobody else is asked.
Handled Resolver::local(const Request& request, std::span<uint8_t> out) const {
  const DnsQuery& query = request.query;
  const size_t bytes = write_answer(request, rcode::kNoError, out, [&](DnsWriter& writer) {
    policy_->local.write_answer(query.qname, query.qtype, &writer);
  });
  return {Verdict::kAnswer, bytes, {.outcome = Outcome::kLocal, .response_bytes = bytes}};
}

// No SOA is invented for NODATA and NXDOMAIN, so clients keep those only as long as they like.
Handled Resolver::blocked(const Request& request, std::string_view list,
                          std::span<uint8_t> out) const {
  const DnsQuery& query = request.query;
  const bool null_ip = policy_->options.blocked_answer == BlockedAnswer::kNullIp;
  const uint16_t code = null_ip ? rcode::kNoError : rcode::kNxDomain;
  const size_t bytes = write_answer(request, code, out, [&](DnsWriter& writer) {
    constexpr std::array<uint8_t, 16> kNull{};
    const size_t size = query.qtype == qtype::kA ? 4 : query.qtype == qtype::kAaaa ? 16 : 0;
    if (!null_ip || size == 0) return;
    writer.record(DnsWriter::Section::kAnswer, query.qname, query.qtype, kClassIn,
                  policy_->options.blocked_ttl_s, std::span(kNull).first(size));
  });
  return {Verdict::kAnswer,
          bytes,
          {.outcome = Outcome::kBlocked, .rcode = code, .response_bytes = bytes, .list = list}};
}

void Resolver::record(const Request& request, const Decision& decision, int64_t done_us,
                      bool sent) {
  recorder_.record(request, decision, done_us, sent, policy_->options.log_queries);
}

void Resolver::forward(const Request& request, SendAnswer send) {
  auto waiting = std::make_shared<Waiting>(Waiting{request, std::move(send), policy_});
  ++pending_;
  if (pending_ > kPendingQueriesMax) {
    stats().overloads.add();
    return deliver_failure(*waiting);
  }
  const CacheKey key = CacheKey::of(request.query);
  // Called on the thread of whoever leads the flight; the answer is delivered on this one.
  FlightWaiter waiter = [this, waiting](const std::shared_ptr<const UpstreamAnswer>& answer) {
    asio::dispatch(io_, [this, waiting, answer] { deliver(*waiting, answer); });
  };
  switch (cache_.join(key, seconds(monotonic_us()), std::move(waiter), &cached_)) {
    case DnsCache::Join::kHit:
      return deliver_cached(*waiting);
    case DnsCache::Join::kLead:
      stats().cache_misses.add();
      return ask(key, policy_);
    case DnsCache::Join::kWait:
      stats().cache_misses.add();
      return;
    case DnsCache::Join::kFull:
      stats().overloads.add();
      return deliver_failure(*waiting);
  }
}

// The leader's part of a flight. It ends through complete() whatever happens, or its waiters would
// wait for ever.
void Resolver::ask(const CacheKey& key, const std::shared_ptr<const Policy>& policy) {
  if (asking_ == kUpstreamQueriesMax) {
    stats().overloads.add();
    return cache_.complete(key, seconds(monotonic_us()), nullptr);
  }
  ++asking_;
  auto done = [this, key](const std::shared_ptr<const UpstreamAnswer>& answer) {
    --asking_;
    cache_.complete(key, seconds(monotonic_us()), answer);
  };
  std::make_shared<UpstreamQuery>(io_, random_, key, policy, done)->start();
}

void Resolver::deliver(const Waiting& waiting,
                       const std::shared_ptr<const UpstreamAnswer>& answer) {
  if (!answer) return deliver_failure(waiting);
  const AnswerView view = answer->answer.view();
  const size_t bytes = render_answer(view, waiting.request, room_);
  finish(waiting, std::span(room_).first(bytes),
         {.outcome = Outcome::kForwarded,
          .ad = shows_ad(view, waiting.request),
          .rcode = view.rcode,
          .response_bytes = bytes,
          .upstream = answer->upstream->text()});
}

// Somebody's answer came between answer() and forward().
void Resolver::deliver_cached(const Waiting& waiting) {
  stats().cache_hits.add();
  const Handled handled =
      cached_answer(waiting.request, cached_.view(seconds(monotonic_us())), room_);
  finish(waiting, std::span(room_).first(handled.bytes), handled.decision);
}

void Resolver::deliver_failure(const Waiting& waiting) {
  const Handled handled = plain(waiting.request, Outcome::kFailed, rcode::kServFail, room_);
  finish(waiting, std::span(room_).first(handled.bytes), handled.decision);
}

void Resolver::finish(const Waiting& waiting, std::span<const uint8_t> message, Decision decision) {
  --pending_;
  const bool sent = waiting.send(message);
  recorder_.record(waiting.request, decision, monotonic_us(), sent,
                   waiting.policy->options.log_queries);
}

}  // namespace weir
