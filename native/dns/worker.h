// Worker: one DNS thread with everything that lives on it.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "native/dns/asio.h"
#include "native/dns/resolver.h"
#include "native/dns/tcp_server.h"
#include "native/dns/udp_listener.h"

namespace weir {

// Made, started and joined by the server's owner; everything else happens on its own thread.
class Worker {
 public:
  // References and pointers outlive this.
  Worker(unsigned number, const DnsOptions& options, DnsCache& cache, Recorder recorder,
         const PrivacyFilter& privacy);
  ~Worker() { join(); }

  // Before start().
  void add_udp(UniqueFd socket);
  void add_tcp(UniqueFd socket, sa_family_t family);
  void set_policy(std::shared_ptr<const Policy> policy);

  void start();
  // The thread runs `work` soon; from any thread.
  void post(std::function<void()> work) { asio::post(io_, std::move(work)); }
  // Takes no more queries and ends when those in flight are answered, at the latest after
  // `grace_ms`. Returns at once.
  void begin_stop(uint32_t grace_ms);
  void join();

 private:
  void end_when_idle();

  // The order matters: what is below uses what is above.

  unsigned number_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> keep_running_;
  Resolver resolver_;
  TcpServer tcp_;
  std::vector<std::unique_ptr<UdpListener>> udp_;
  asio::steady_timer stop_timer_;
  int64_t stop_by_us_ = 0;
  std::thread thread_;
};

}  // namespace weir
