// The owner of threads, sockets, cache and policy. All of it is made before the first thread starts
// and taken down after the last has ended; in between only the policy changes.
#include "native/dns/server.h"

#include <future>
#include <utility>

#include "native/dns/listen_sockets.h"
#include "native/dns/worker.h"

namespace weir {
namespace {

// The changed options that a running server cannot take on.
std::vector<std::string> pending_restart(const DnsOptions& running, const DnsOptions& wanted) {
  std::vector<std::string> names;
  if (running.listen != wanted.listen) names.push_back("dns.listen");
  if (dns_thread_count(running) != dns_thread_count(wanted)) names.push_back("dns.threads");
  if (running.cache_bytes_max != wanted.cache_bytes_max) names.push_back("dns.cache_bytes_max");
  if (running.tcp_idle_timeout_ms != wanted.tcp_idle_timeout_ms) {
    names.push_back("dns.tcp_idle_timeout_ms");
  }
  if (running.tcp_connections_max != wanted.tcp_connections_max) {
    names.push_back("dns.tcp_connections_max");
  }
  return names;
}

Result<std::vector<ListenSockets>> open_all(const DnsOptions& options, unsigned threads) {
  std::vector<ListenSockets> all;
  for (const std::string& text : options.listen) {
    WEIR_ASSIGN(const SocketAddress address, SocketAddress::parse(text, 0));
    WEIR_ASSIGN(ListenSockets sockets, open_listen_sockets(address, threads));
    all.push_back(std::move(sockets));
  }
  return all;
}

}  // namespace

struct DnsServer::State {
  State(DnsOptions options_given, std::vector<EventSink*> sinks_given)
      : options(std::move(options_given)), sinks(std::move(sinks_given)), stats(sinks.size()) {}

  Status start();
  void make_workers(std::vector<ListenSockets> sockets);
  void spread(const std::shared_ptr<const Policy>& next);
  void stop();

  DnsOptions options;  // that the running workers were made with
  std::vector<EventSink*> sinks;
  std::vector<DnsThreadStats> stats;  // by thread; they outlive a stop
  // What Collect() reads from other threads.
  Guarded<std::shared_ptr<const Policy>> policy;
  Guarded<std::shared_ptr<DnsCache>> cache;
  std::vector<std::string> listening;
  std::vector<std::unique_ptr<Worker>> workers;
};

Status DnsServer::State::start() {
  WEIR_CHECK(workers.empty() && sinks.size() == dns_thread_count(options));
  WEIR_ASSIGN(const std::shared_ptr<const Policy> first, make_policy(options, nullptr));
  WEIR_ASSIGN(std::vector<ListenSockets> sockets, open_all(options, dns_thread_count(options)));
  const auto made =
      std::make_shared<DnsCache>(options.cache_bytes_max, RandomSource().next<uint64_t>());
  cache.with([&](auto& current) { current = made; });
  policy.with([&](auto& current) { current = first; });
  make_workers(std::move(sockets));
  return {};
}

void DnsServer::State::make_workers(std::vector<ListenSockets> sockets) {
  // Every thread gets a copy of one key: a client has one pseudonym, whichever thread answers.
  const PrivacyFilter privacy(make_pseudonym_key(), wall_clock_ms());
  const auto first = policy.with([](const auto& current) { return current; });
  DnsCache& shared_cache = *cache.with([](const auto& current) { return current; });
  for (unsigned i = 0; i < sinks.size(); ++i) {
    auto worker =
        std::make_unique<Worker>(i, options, shared_cache, Recorder(&stats[i], sinks[i]), privacy);
    worker->set_policy(first);
    for (ListenSockets& address : sockets) {
      worker->add_udp(std::move(address.udp[i]));
      worker->add_tcp(std::move(address.tcp[i]), address.address.family());
    }
    workers.push_back(std::move(worker));
  }
  listening.clear();
  for (const ListenSockets& address : sockets) listening.push_back(address.address.text());
  for (const auto& worker : workers) worker->start();
}

// Returns when every thread obeys `next`, so that the caller may rely on it.
void DnsServer::State::spread(const std::shared_ptr<const Policy>& next) {
  policy.with([&](auto& current) { current = next; });
  std::vector<std::promise<void>> done(workers.size());
  for (size_t i = 0; i < workers.size(); ++i) {
    workers[i]->post([&next, &promise = done[i], worker = workers[i].get()] {
      worker->set_policy(next);
      promise.set_value();
    });
  }
  for (std::promise<void>& promise : done) promise.get_future().wait();
}

void DnsServer::State::stop() {
  // No query takes longer than this, so whoever still waits then has been given up already.
  const uint32_t grace_ms = policy.with(
      [](const auto& current) { return current ? current->options.upstream_deadline_ms : 0; });
  for (const auto& worker : workers) worker->begin_stop(grace_ms);
  for (const auto& worker : workers) worker->join();
  // Flights that the deadline cut off hold sessions, whose sockets must go before their threads'
  // io_contexts do.
  cache.with([](const auto& current) {
    if (current) current->drop_flights();
  });
  workers.clear();
  listening.clear();
}

DnsServer::DnsServer(DnsOptions options, std::vector<EventSink*> sinks)
    : state_(std::make_unique<State>(std::move(options), std::move(sinks))) {}

DnsServer::~DnsServer() { stop(); }

Status DnsServer::start() { return state_->start(); }

Result<std::vector<std::string>> DnsServer::reload(DnsOptions options) {
  const auto current = state_->policy.with([](const auto& policy) { return policy; });
  WEIR_ASSIGN(const std::shared_ptr<const Policy> next, make_policy(options, current.get()));
  state_->spread(next);
  return pending_restart(state_->options, options);
}

void DnsServer::stop() { state_->stop(); }

std::vector<std::string> DnsServer::listening() const { return state_->listening; }

std::vector<prometheus::MetricFamily> DnsServer::Collect() const {
  const auto policy = state_->policy.with([](const auto& current) { return current; });
  const auto cache = state_->cache.with([](const auto& current) { return current; });
  if (!policy || !cache) return {};  // not started
  std::vector<const DnsThreadStats*> threads;
  for (const DnsThreadStats& stats : state_->stats) threads.push_back(&stats);
  return dns_metric_families(threads, cache->stats(), *policy);
}

}  // namespace weir
