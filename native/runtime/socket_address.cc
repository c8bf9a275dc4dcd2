// Text to address and back with inet_pton and inet_ntop; only where the port begins is decided
// here. A lone colon separates the port, more than one without brackets are IPv6, and brackets are
// for IPv6 only.
#include "native/runtime/socket_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace weir {
namespace {

Status bad_address(std::string_view text) {
  return {Code::kInvalid, "'" + std::string(text) + "' is not an address with a port"};
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;  // empty: none was given
};

// More than one colon outside brackets is an IPv6 address without a port.
bool split(std::string_view text, HostAndPort* parts) {
  if (!text.empty() && text.front() == '[') {
    size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    parts->host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (text.empty()) return parts->host.find(':') != std::string_view::npos;
    if (text.front() != ':' || text.size() == 1) return false;
    parts->port = text.substr(1);
    return parts->host.find(':') != std::string_view::npos;
  }
  size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    parts->host = text;
    return true;
  }
  parts->host = text.substr(0, colon);
  parts->port = text.substr(colon + 1);
  return !parts->port.empty();
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text, uint16_t default_port) {
  HostAndPort parts;
  if (!split(text, &parts)) return bad_address(text);
  uint16_t port = default_port;
  if (!parts.port.empty()) {
    const char* end = parts.port.data() + parts.port.size();
    auto read = std::from_chars(parts.port.data(), end, port);
    if (read.ec != std::errc() || read.ptr != end) return bad_address(text);
  } else if (default_port == 0) {
    return bad_address(text);
  }
  SocketAddress result;
  std::string host(parts.host);
  if (inet_pton(AF_INET, host.c_str(), &result.address_.v4.sin_addr) == 1) {
    result.address_.v4.sin_family = AF_INET;
  } else if (inet_pton(AF_INET6, host.c_str(), &result.address_.v6.sin6_addr) == 1) {
    result.address_.v6.sin6_family = AF_INET6;
  } else {
    return bad_address(text);
  }
  result.set_port(port);
  return result;
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &address_.v4.sin_addr, host, sizeof(host));
    return std::string(host) + ":" + std::to_string(port());
  }
  if (family() != AF_INET6) return "unspecified";
  inet_ntop(AF_INET6, &address_.v6.sin6_addr, host, sizeof(host));
  return "[" + std::string(host) + "]:" + std::to_string(port());
}

// Both families keep the port at the same place, but only one member of the union is active.
uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET ? address_.v4.sin_port : address_.v6.sin6_port);
}

void SocketAddress::set_port(uint16_t port) {
  (family() == AF_INET ? address_.v4.sin_port : address_.v6.sin6_port) = htons(port);
}

bool SocketAddress::is_wildcard() const {
  if (family() == AF_INET) return address_.v4.sin_addr.s_addr == INADDR_ANY;
  return family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address_.v6.sin6_addr);
}

bool SocketAddress::is_loopback() const {
  if (family() == AF_INET) return (ntohl(address_.v4.sin_addr.s_addr) >> 24) == 127;
  return family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address_.v6.sin6_addr);
}

socklen_t SocketAddress::size() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

}  // namespace weir
