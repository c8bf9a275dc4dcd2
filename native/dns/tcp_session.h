// TcpSession: one client's TCP connection (RFC 7766): length-prefixed queries, pipelined, answered
// in the order in which their answers are ready.
//
// Bounded in all directions: a query's size, the queries without an answer (then nothing more is
// read), and time: the deadline moves only when a whole query has come or an answer has gone, so
// neither silence nor a trickle of bytes keeps a connection.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "native/dns/asio.h"
#include "native/dns/resolver.h"

namespace weir {

// Lives on one thread; kept alive by its operations and by its owner.
class TcpSession : public std::enable_shared_from_this<TcpSession> {
 public:
  // `resolver` outlives this. `closed` is called once, when the connection has been closed.
  TcpSession(asio::ip::tcp::socket socket, const SocketAddress& from, Resolver& resolver,
             int64_t idle_timeout_us, std::function<void(TcpSession*)> closed);

  void start();
  // No more queries are read; the connection closes when those before have their answers.
  void stop_reading();
  void close();

  // When the connection has been idle or too slow for too long; never while it is Weir that the
  // client waits for.
  int64_t deadline_us() const;

 private:
  static constexpr size_t kPrefixBytes = 2;

  void read();
  void handle_input();
  bool handle_query(std::span<const uint8_t> message);
  bool send(std::span<const uint8_t> message);
  void write();
  void renew() { deadline_us_ = monotonic_us() + idle_timeout_us_; }
  void close_if_done();

  asio::ip::tcp::socket socket_;
  SocketAddress from_;
  Resolver& resolver_;
  int64_t idle_timeout_us_;
  std::function<void(TcpSession*)> closed_;  // empty: closed
  int64_t deadline_us_ = 0;
  bool reading_ = false;
  bool ended_ = false;     // no more input is wanted or will come
  size_t unanswered_ = 0;  // queries read whose answers are not yet written
  size_t writing_ = 0;     // answers that the write under way covers
  std::deque<std::vector<uint8_t>> output_;
  size_t input_bytes_ = 0;
  std::array<uint8_t, kPrefixBytes + kTcpQueryBytesMax> input_;
};

}  // namespace weir
