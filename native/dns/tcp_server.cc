// Deadlines are swept, not armed per connection: renewing one is then a store, and thousands of
// idle connections cost one timer.
#include "native/dns/tcp_server.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

// Often enough that a deadline is passed by an eighth at most.
std::chrono::milliseconds sweep_interval(uint32_t idle_timeout_ms) {
  return std::chrono::milliseconds(std::clamp(idle_timeout_ms / 8, 10U, 1000U));
}

}  // namespace

TcpServer::TcpServer(asio::io_context& io, Resolver& resolver, const DnsOptions& options)
    : io_(io),
      resolver_(resolver),
      connections_max_(options.tcp_connections_max),
      idle_timeout_us_(int64_t{options.tcp_idle_timeout_ms} * 1000),
      sweep_interval_(sweep_interval(options.tcp_idle_timeout_ms)),
      sweep_timer_(io) {
  sweep();
}

void TcpServer::add(UniqueFd socket, sa_family_t family) {
  acceptors_.push_back(std::make_unique<Acceptor>(
      io_, family == AF_INET ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), socket.release()));
  accept(*acceptors_.back());
}

void TcpServer::stop_reading() {
  reading_ = false;
  sweep_timer_.cancel();
  for (const auto& acceptor : acceptors_) {
    error_code ignored;
    acceptor->close(ignored);
  }
  // stop_reading() may close a session, which removes it from sessions_.
  const auto sessions = sessions_;
  for (const auto& [key, session] : sessions) session->stop_reading();
}

void TcpServer::accept(Acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](const error_code& error, asio::ip::tcp::socket socket) {
    if (!reading_) return;
    if (error) {
      // Out of descriptors: a quiet connection makes room. The next try waits for the sweep, or an
      // error that lasts would keep the thread busy.
      if (error == asio::error::no_descriptors) displace_oldest();
      stalled_.push_back(&acceptor);
      return;
    }
    admit(std::move(socket));
    accept(acceptor);
  });
}

void TcpServer::admit(asio::ip::tcp::socket socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return;  // gone already
  // Refusing the new one instead would let idle connections lock everybody out.
  if (sessions_.size() >= connections_max_) displace_oldest();
  SocketAddress from;
  std::memcpy(from.data(), endpoint.data(), endpoint.size());
  resolver_.stats().tcp_connections.add();
  auto session = std::make_shared<TcpSession>(std::move(socket), from, resolver_, idle_timeout_us_,
                                              [this](TcpSession* gone) { sessions_.erase(gone); });
  sessions_.emplace(session.get(), session);
  session->start();
}

// The one that would time out next: it has been quiet for longest.
void TcpServer::displace_oldest() {
  if (sessions_.empty()) return;
  const auto oldest = std::ranges::min_element(
      sessions_, {}, [](const auto& entry) { return entry.second->deadline_us(); });
  resolver_.stats().tcp_displacements.add();
  const std::shared_ptr<TcpSession> session = oldest->second;
  session->close();
}

void TcpServer::sweep() {
  sweep_timer_.expires_after(sweep_interval_);
  sweep_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    const int64_t now_us = monotonic_us();
    // First gathered, then closed: closing changes sessions_.
    std::vector<std::shared_ptr<TcpSession>> late;
    for (const auto& [key, session] : sessions_) {
      if (session->deadline_us() <= now_us) late.push_back(session);
    }
    for (const auto& session : late) {
      resolver_.stats().tcp_timeouts.add();
      session->close();
    }
    for (Acceptor* acceptor : std::exchange(stalled_, {})) accept(*acceptor);
    sweep();
  });
}

}  // namespace weir
