// UdpListener: one UDP socket of one thread. Awaits datagrams, drains them in batches and answers
// what can be answered at once in batches, too.
#pragma once

#include <array>
#include <memory>

#include "native/dns/asio.h"
#include "native/dns/resolver.h"
#include "native/dns/udp_batch.h"
#include "native/runtime/unique_fd.h"

namespace weir {

// Lives on one thread and until that has ended: answers that come later are sent through it.
class UdpListener {
 public:
  // `resolver` outlives this.
  UdpListener(asio::io_context& io, UniqueFd socket, Resolver& resolver);

  void start() { await(); }
  // No more queries; answers are still sent.
  void stop_reading();

 private:
  // What is known of a datagram of the batch until its answer has been sent.
  struct Entry {
    Request request;
    Handled handled;
  };

  void await();
  bool drain();
  void handle(size_t i, const ClockPair& arrival);
  void send_answers(size_t count);

  asio::posix::stream_descriptor socket_;
  Resolver& resolver_;
  UdpBatch batch_;
  std::unique_ptr<Entry[]> entries_;
  bool reading_ = true;
};

}  // namespace weir
