// Await, drain, answer: a wake-up drains a bounded number of batches, so that TCP and upstream
// sockets of the thread get their turn under any load.
#include "native/dns/udp_listener.h"

namespace weir {

UdpListener::UdpListener(asio::io_context& io, UniqueFd socket, Resolver& resolver)
    : socket_(io, socket.release()),
      resolver_(resolver),
      entries_(std::make_unique<Entry[]>(kUdpBatchMessages)) {}

void UdpListener::stop_reading() {
  reading_ = false;
  error_code ignored;  // nothing to cancel is fine
  socket_.cancel(ignored);
}

void UdpListener::await() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
    // An error of the socket itself (a network that went away) is cleared by reading it.
    if (error == asio::error::operation_aborted || !reading_) return;
    for (size_t i = 0; i < kUdpBatchesPerTurn && drain(); ++i) continue;
    await();
  });
}

// One batch; false if the socket had less than that.
bool UdpListener::drain() {
  const size_t count = batch_.receive(socket_.native_handle());
  const ClockPair arrival = ClockPair::now();
  for (size_t i = 0; i < count; ++i) handle(i, arrival);
  send_answers(count);
  return count == kUdpBatchMessages;
}

void UdpListener::handle(size_t i, const ClockPair& arrival) {
  Entry& entry = entries_[i];
  entry.request.transport = Transport::kUdp;
  entry.request.arrival = arrival;
  const UdpPeer& peer = batch_.peer(i);
  entry.handled =
      batch_.oversized(i)
          ? resolver_.refuse(batch_.message(i), rcode::kFormErr, batch_.answer(i))
          : resolver_.answer(batch_.message(i), peer.address, &entry.request, batch_.answer(i));
  if (entry.handled.verdict != Verdict::kForward) return;
  resolver_.forward(entry.request, [this, peer](std::span<const uint8_t> message) {
    return send_udp(socket_.native_handle(), peer, message);
  });
}

void UdpListener::send_answers(size_t count) {
  std::array<size_t, kUdpBatchMessages> bytes{};
  std::array<bool, kUdpBatchMessages> sent{};
  for (size_t i = 0; i < count; ++i) bytes[i] = entries_[i].handled.bytes;
  batch_.send(socket_.native_handle(), std::span(bytes).first(count), sent);
  const int64_t done_us = monotonic_us();
  for (size_t i = 0; i < count; ++i) {
    const Entry& entry = entries_[i];
    if (entry.handled.verdict != Verdict::kAnswer) continue;
    resolver_.record(entry.request, entry.handled.decision, done_us, sent[i]);
  }
}

}  // namespace weir
