// Plain socket calls: the options must be set between socket() and bind(), and each failure is to
// be told with the address that it belongs to.
#include "native/dns/listen_sockets.h"

#include "native/dns/udp_batch.h"
#include "native/runtime/system_error.h"

namespace weir {
namespace {

constexpr int kTcpBacklog = 511;           // connections that wait to be accepted
constexpr int kUdpReceiveBytes = 4 << 20;  // absorbs bursts; the kernel may grant less
constexpr unsigned kPortAttemptsMax = 32;  // for a port that is free for UDP and for TCP
enum class Sharing : uint8_t { kExclusive, kShared };

Status failure(const SocketAddress& address, int type) {
  return system_status("cannot listen on " + address.text() +
                       (type == SOCK_DGRAM ? " (UDP)" : " (TCP)"));
}

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

Result<UniqueFd> open_bound(const SocketAddress& address, int type, Sharing sharing) {
  UniqueFd fd(::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  bool ok = fd.valid();
  // An IPv6 wildcard leaves IPv4 to its own listener.
  if (address.family() == AF_INET6) ok = ok && set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // For TCP: old connections in TIME_WAIT do not hold the port.
  if (type == SOCK_STREAM) ok = ok && set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (sharing == Sharing::kShared) ok = ok && set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  ok = ok && ::bind(fd.get(), address.data(), address.size()) == 0;
  if (!ok) return failure(address, type);
  return fd;
}

Status prepare_udp(const SocketAddress& address, int fd) {
  if (address.is_wildcard() && !request_arrival_address(fd, address.family())) {
    return failure(address, SOCK_DGRAM);
  }
  // Best effort: net.core.rmem_max bounds it.
  set_option(fd, SOL_SOCKET, SO_RCVBUF, kUdpReceiveBytes);
  return {};
}

// With SO_REUSEPORT alone, a second server of the same user would bind, too, and get half of the
// queries: an exclusive socket first shows whether the port is free.
Status check_free(const SocketAddress& address, int type) {
  return open_bound(address, type, Sharing::kExclusive).status();
}

// The kernel chooses by UDP; whether TCP has the same port free is seen when it is opened.
Result<SocketAddress> choose_port(SocketAddress address) {
  WEIR_ASSIGN(const UniqueFd probe, open_bound(address, SOCK_DGRAM, Sharing::kExclusive));
  socklen_t size = SocketAddress::capacity();
  if (::getsockname(probe.get(), address.data(), &size) != 0) return failure(address, SOCK_DGRAM);
  return address;
}

Result<ListenSockets> open_at(const SocketAddress& address, unsigned threads) {
  WEIR_TRY(check_free(address, SOCK_DGRAM));
  WEIR_TRY(check_free(address, SOCK_STREAM));
  ListenSockets sockets;
  sockets.address = address;
  for (unsigned i = 0; i < threads; ++i) {
    WEIR_ASSIGN(UniqueFd udp, open_bound(address, SOCK_DGRAM, Sharing::kShared));
    WEIR_TRY(prepare_udp(address, udp.get()));
    WEIR_ASSIGN(UniqueFd tcp, open_bound(address, SOCK_STREAM, Sharing::kShared));
    if (::listen(tcp.get(), kTcpBacklog) != 0) return failure(address, SOCK_STREAM);
    sockets.udp.push_back(std::move(udp));
    sockets.tcp.push_back(std::move(tcp));
  }
  return sockets;
}

}  // namespace

Result<ListenSockets> open_listen_sockets(const SocketAddress& address, unsigned threads) {
  if (address.port() != 0) return open_at(address, threads);
  for (unsigned attempt = 1;; ++attempt) {
    WEIR_ASSIGN(const SocketAddress chosen, choose_port(address));
    Result<ListenSockets> sockets = open_at(chosen, threads);
    if (sockets.ok() || attempt == kPortAttemptsMax) return sockets;
  }
}

}  // namespace weir
