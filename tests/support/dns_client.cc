#include "support/dns_client.h"

#include <poll.h>
#include <sys/socket.h>

#include "native/runtime/socket_address.h"

namespace weir {
namespace {

UniqueFd connected(const std::string& server, int type) {
  const SocketAddress address = SocketAddress::parse(server, 0).value();
  UniqueFd fd(::socket(address.family(), type | SOCK_CLOEXEC, 0));
  WEIR_CHECK(::connect(fd.get(), address.data(), address.size()) == 0);
  return fd;
}

bool readable(int fd, int patience_ms) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, patience_ms) > 0;
}

}  // namespace

UdpClient::UdpClient(const std::string& server) : fd_(connected(server, SOCK_DGRAM)) {}

void UdpClient::send(std::span<const uint8_t> message) {
  WEIR_CHECK(::send(fd_.get(), message.data(), message.size(), 0) ==
             static_cast<ssize_t>(message.size()));
}

std::optional<Bytes> UdpClient::receive(int patience_ms) {
  if (!readable(fd_.get(), patience_ms)) return std::nullopt;
  Bytes message(kMessageBytesMax);
  const ssize_t count = ::recv(fd_.get(), message.data(), message.size(), 0);
  if (count < 0) return std::nullopt;
  message.resize(static_cast<size_t>(count));
  return message;
}

std::optional<Bytes> UdpClient::ask(std::span<const uint8_t> query) {
  send(query);
  return receive();
}

TcpClient::TcpClient(const std::string& server) : fd_(connected(server, SOCK_STREAM)) {}

bool TcpClient::send(std::span<const uint8_t> message, bool framed) {
  Bytes bytes;
  if (framed) {
    bytes = {static_cast<uint8_t>(message.size() >> 8), static_cast<uint8_t>(message.size())};
  }
  bytes.insert(bytes.end(), message.begin(), message.end());
  return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

void TcpClient::end_sending() { ::shutdown(fd_.get(), SHUT_WR); }

bool TcpClient::read_exactly(std::span<uint8_t> out) {
  for (size_t done = 0; done < out.size();) {
    if (!readable(fd_.get(), kPatienceMs)) return false;
    const ssize_t count = ::recv(fd_.get(), out.data() + done, out.size() - done, 0);
    if (count <= 0) {
      ended_ = true;
      return false;
    }
    done += static_cast<size_t>(count);
  }
  return true;
}

std::optional<Bytes> TcpClient::receive() {
  Bytes prefix(2);
  if (!read_exactly(prefix)) return std::nullopt;
  Bytes message(static_cast<size_t>(prefix[0] << 8 | prefix[1]));
  if (!read_exactly(message)) return std::nullopt;
  return message;
}

}  // namespace weir
