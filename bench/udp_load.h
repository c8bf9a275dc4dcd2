// UDP load for benches: batches of datagrams, a client that keeps a window of queries in flight,
// and a bare responder that is at once the upstream and the ceiling of what UDP on this machine can
// do. Loopback only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace weir::bench {

inline constexpr size_t kBatch = 32;
inline constexpr size_t kMessageBytes = 512;

// Says what failed and ends the bench.
[[noreturn]] void die(const char* what);

// A loopback UDP socket; port 0 lets the kernel choose.
int bound_socket(uint16_t port);
uint16_t port_of(int fd);
uint16_t free_port();

// Datagrams with their peers, for recvmmsg and sendmmsg.
struct Datagrams {
  std::array<std::array<uint8_t, kMessageBytes>, kBatch> bytes;
  std::array<sockaddr_in, kBatch> peers;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> headers;

  // Ready to receive into, or to send from, with peers if `with_peers`.
  void prepare(bool with_peers);
};

// Answers every query with one A record until `stop`.
void respond(int fd, const std::atomic<bool>& stop);

using Message = std::vector<uint8_t>;

inline constexpr size_t kFullWindow = 64;  // queries in flight that keep a server busy

struct Load {
  uint64_t answered = 0;
  uint64_t stalls = 0;  // windows that were given up because answers were lost
  double seconds = 0;
  std::vector<uint32_t> latencies_ns;  // of each answer, in no order
};
// Asks `queries` in the cyclic order given from 4 sockets with `window` queries in flight each, for
// `seconds`.
Load run_load(uint16_t port, const std::vector<Message>& queries,
              const std::vector<uint16_t>& order, size_t window, double seconds);

}  // namespace weir::bench
