// Stub clients for tests: they send bytes as told and hand back what comes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "native/runtime/unique_fd.h"
#include "support/dns_messages.h"

namespace weir {

// How long a test waits for what must come.
inline constexpr int kPatienceMs = 20'000;

class UdpClient {
 public:
  explicit UdpClient(const std::string& server);

  void send(std::span<const uint8_t> message);
  // The next datagram, or nothing after `patience_ms`.
  std::optional<Bytes> receive(int patience_ms = kPatienceMs);
  std::optional<Bytes> ask(std::span<const uint8_t> query);

 private:
  UniqueFd fd_;
};

class TcpClient {
 public:
  explicit TcpClient(const std::string& server);

  // With the length before it, unless `framed` is false. False: the connection is gone.
  bool send(std::span<const uint8_t> message, bool framed = true);
  void end_sending();
  // The next message; nothing when the connection ended (or patience did).
  std::optional<Bytes> receive();
  // True if the server ends the connection without sending anything more.
  bool is_closed() { return !receive().has_value() && ended_; }

 private:
  bool read_exactly(std::span<uint8_t> out);

  UniqueFd fd_;
  bool ended_ = false;
};

}  // namespace weir
