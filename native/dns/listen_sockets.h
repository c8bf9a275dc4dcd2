// The sockets that one listening address needs: a UDP and a TCP socket for each thread, all on one
// port (SO_REUSEPORT), so that the kernel spreads the clients over the threads.
#pragma once

#include <vector>

#include "native/runtime/socket_address.h"
#include "native/runtime/unique_fd.h"
#include "weir/status.h"

namespace weir {

struct ListenSockets {
  SocketAddress address;  // with the port that the kernel chose, if it was 0
  std::vector<UniqueFd> udp;
  std::vector<UniqueFd> tcp;  // listening
};

// kUnavailable, naming address, port and transport, if any of them cannot be had. In particular a
// port that another process holds is refused even if that one allows sharing, too.
Result<ListenSockets> open_listen_sockets(const SocketAddress& address, unsigned threads);

}  // namespace weir
