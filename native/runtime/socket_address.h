// SocketAddress: an IPv4 or IPv6 address with a port, as text and as the kernel wants it.
//
// Numeric only: resolving names would need a resolver, which is what we are.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

class SocketAddress {
 public:
  SocketAddress() = default;  // family AF_UNSPEC

  // "192.0.2.1:53", "[2001:db8::1]:53"; without a port ("192.0.2.1", "2001:db8::1",
  // "[2001:db8::1]") the default is taken, unless that is 0: then the port is required.
  static Result<SocketAddress> parse(std::string_view text, uint16_t default_port);

  // The inverse of parse, always with the port.
  std::string text() const;
  sa_family_t family() const { return address_.any.sa_family; }
  uint16_t port() const;
  void set_port(uint16_t port);
  bool is_wildcard() const;  // 0.0.0.0 or ::
  bool is_loopback() const;  // 127.0.0.0/8 or ::1
  // Precondition: the family is AF_INET, AF_INET6 respectively.
  const in_addr& v4() const { return address_.v4.sin_addr; }
  const in6_addr& v6() const { return address_.v6.sin6_addr; }

  const sockaddr* data() const { return &address_.any; }
  sockaddr* data() { return &address_.any; }  // room for capacity() bytes
  socklen_t size() const;
  static constexpr socklen_t capacity() { return sizeof(sockaddr_in6); }

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6{};
  } address_;
};

}  // namespace weir
