// recvmmsg and sendmmsg over fixed slots. A slot keeps the datagram, its sender and room for the
// answer, so that a batch needs no allocation and an answer goes back through the same headers.
#include "native/dns/udp_batch.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>

namespace weir {
namespace {

msghdr header_for(const UdpPeer& peer, iovec* vector) {
  // sendmsg takes pointers to non-const and does not write through them.
  auto* address = const_cast<sockaddr*>(peer.address.data());
  auto* control = const_cast<uint8_t*>(peer.control.data());
  msghdr header{};
  header.msg_name = address;
  header.msg_namelen = peer.address.size();
  header.msg_iov = vector;
  header.msg_iovlen = 1;
  header.msg_control = peer.control_bytes == 0 ? nullptr : control;
  header.msg_controllen = peer.control_bytes;
  return header;
}

// As received, the control message names the interface too. For IPv4 it is cleared: routing decides
// where the answer leaves. IPv6 needs it for link-local clients.
void keep_control(const msghdr& header, UdpPeer* peer) {
  peer->control_bytes = 0;
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  if (control == nullptr || (header.msg_flags & MSG_CTRUNC) != 0) return;
  if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(control), sizeof(info));
    info.ipi_ifindex = 0;
    std::memcpy(CMSG_DATA(control), &info, sizeof(info));
    peer->control_bytes = CMSG_SPACE(sizeof(in_pktinfo));
  } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
    peer->control_bytes = CMSG_SPACE(sizeof(in6_pktinfo));
  }
}

}  // namespace

bool request_arrival_address(int fd, sa_family_t family) {
  const int on = 1;
  return family == AF_INET ? ::setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0
                           : ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
}

bool send_udp(int fd, const UdpPeer& peer, std::span<const uint8_t> message) {
  iovec vector{const_cast<uint8_t*>(message.data()), message.size()};
  const msghdr header = header_for(peer, &vector);
  return ::sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

UdpBatch::UdpBatch() : slots_(std::make_unique<Slot[]>(kUdpBatchMessages)) {}

size_t UdpBatch::receive(int fd) {
  for (size_t i = 0; i < kUdpBatchMessages; ++i) {
    Slot& slot = slots_[i];
    slot.vector = {slot.query.data(), slot.query.size()};
    msghdr& header = received_[i].msg_hdr;
    header = header_for(slot.peer, &slot.vector);
    header.msg_namelen = SocketAddress::capacity();
    header.msg_control = slot.peer.control.data();
    header.msg_controllen = slot.peer.control.size();
  }
  const int count = ::recvmmsg(fd, received_.data(), kUdpBatchMessages, MSG_DONTWAIT, nullptr);
  if (count <= 0) return 0;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    keep_control(received_[i].msg_hdr, &slots_[i].peer);
  }
  return static_cast<size_t>(count);
}

std::span<const uint8_t> UdpBatch::message(size_t i) const {
  return std::span(slots_[i].query).first(received_[i].msg_len);
}

bool UdpBatch::oversized(size_t i) const {
  return (received_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

void UdpBatch::send(int fd, std::span<const size_t> answer_bytes, std::span<bool> sent) {
  std::array<mmsghdr, kUdpBatchMessages> headers;
  std::array<size_t, kUdpBatchMessages> owners;
  size_t count = 0;
  for (size_t i = 0; i < answer_bytes.size(); ++i) {
    sent[i] = false;
    if (answer_bytes[i] == 0) continue;
    Slot& slot = slots_[i];
    slot.vector = {slot.answer.data(), answer_bytes[i]};
    headers[count] = {.msg_hdr = header_for(slot.peer, &slot.vector), .msg_len = 0};
    owners[count++] = i;
  }
  for (size_t next = 0; next < count;) {
    const int done = ::sendmmsg(fd, headers.data() + next, static_cast<unsigned>(count - next),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    // An error belongs to the first message alone (a full socket, an address that cannot be
    // answered): it is given up, the others get their try.
    for (int i = 0; i < done; ++i) sent[owners[next + static_cast<size_t>(i)]] = true;
    next += static_cast<size_t>(done > 0 ? done : 1);
  }
}

}  // namespace weir
