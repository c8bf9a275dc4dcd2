// UdpBatch: takes up to kUdpBatchMessages datagrams with one recvmmsg and sends their answers with
// one sendmmsg.
//
// On a socket bound to a wildcard address an answer must leave from the address that the query came
// to, or the client drops it: that address travels along in a control message (IP_PKTINFO).
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <span>

#include "native/runtime/socket_address.h"
#include "weir/limits.h"

namespace weir {

// Where a datagram came from, and through which address of ours.
struct UdpPeer {
  SocketAddress address;
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  size_t control_bytes = 0;
};

// Makes the kernel tell the address of arrival; for sockets bound to a wildcard address. False: not
// possible, errno says why.
bool request_arrival_address(int fd, sa_family_t family);

// Sends one answer. False if the kernel does not take it now.
bool send_udp(int fd, const UdpPeer& peer, std::span<const uint8_t> message);

// Thread-compatible.
class UdpBatch {
 public:
  UdpBatch();

  // Takes what waits at the socket, without blocking. Returns the number of datagrams; 0 if there
  // are none (or the socket fails; then it fails again when awaited).
  size_t receive(int fd);

  // Of the datagrams of the last receive().
  std::span<const uint8_t> message(size_t i) const;
  bool oversized(
      size_t i) const;  // it was longer than kUdpQueryBytesMax; only the beginning is here
  const UdpPeer& peer(size_t i) const { return slots_[i].peer; }

  // Room for the answer to i; of kUdpPayloadBytesMax bytes.
  std::span<uint8_t> answer(size_t i) { return slots_[i].answer; }
  // Sends answers (the first answer_bytes[i] bytes of answer(i), 0: none) and sets sent[i] where
  // the kernel took it.
  void send(int fd, std::span<const size_t> answer_bytes, std::span<bool> sent);

 private:
  struct Slot {
    UdpPeer peer;
    std::array<uint8_t, kUdpQueryBytesMax> query;
    std::array<uint8_t, kUdpPayloadBytesMax> answer;
    iovec vector;
  };
  std::unique_ptr<Slot[]> slots_;
  std::array<mmsghdr, kUdpBatchMessages> received_{};
};

}  // namespace weir
