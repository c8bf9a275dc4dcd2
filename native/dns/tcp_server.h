// TcpServer: the TCP side of one thread: accepts connections on its listening sockets and bounds
// how many there are and how long they may do nothing.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "native/dns/asio.h"
#include "native/dns/tcp_session.h"
#include "native/runtime/unique_fd.h"

namespace weir {

// Lives on one thread.
class TcpServer {
 public:
  // `resolver` outlives this.
  TcpServer(asio::io_context& io, Resolver& resolver, const DnsOptions& options);

  // Begins to accept from a listening socket.
  void add(UniqueFd socket, sa_family_t family);
  // No more connections and no more queries; answers still go out.
  void stop_reading();
  size_t session_count() const { return sessions_.size(); }

 private:
  using Acceptor = asio::ip::tcp::acceptor;

  void accept(Acceptor& acceptor);
  void admit(asio::ip::tcp::socket socket);
  void displace_oldest();
  void sweep();

  asio::io_context& io_;
  Resolver& resolver_;
  size_t connections_max_;
  int64_t idle_timeout_us_;
  std::chrono::milliseconds sweep_interval_;
  asio::steady_timer sweep_timer_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<Acceptor*> stalled_;  // accept again at the next sweep
  std::unordered_map<TcpSession*, std::shared_ptr<TcpSession>> sessions_;
  bool reading_ = true;
};

}  // namespace weir
