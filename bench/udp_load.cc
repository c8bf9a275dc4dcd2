#include "udp_load.h"

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

namespace weir::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kSockets = 4;
constexpr size_t kIdsRemembered = 1024;  // far more than are in flight

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Turns the query in `message` into an answer with one A record, in place; 0 if it is no query.
size_t answer_in_place(uint8_t* message, size_t size) {
  static constexpr uint8_t kRecord[] = {0xC0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 7};
  if (size < 17) return 0;
  size_t end = 12;
  while (end < size && message[end] != 0) end += size_t{message[end]} + 1;
  end += 5;  // the root, type and class
  if (end > size || end + sizeof kRecord > kMessageBytes) return 0;
  message[2] = 0x81;
  message[3] = 0x80;
  message[7] = 1;
  std::memset(message + 8, 0, 4);
  std::memcpy(message + end, kRecord, sizeof kRecord);
  return end + sizeof kRecord;
}

// One client socket. Sends and reads in batches, with one reading of the clock for each.
class Client {
 public:
  Client(uint16_t port, const std::vector<Message>& queries, const std::vector<uint16_t>& order,
         size_t offset)
      : fd_(bound_socket(0)), queries_(queries), order_(order), next_(offset) {
    sockaddr_in server = loopback(port);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) die("connect");
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  int fd() const { return fd_; }

  void send(size_t count) {
    while (count > 0) {
      size_t batch = std::min(count, kBatch);
      out_.prepare(false);
      const Clock::time_point now = Clock::now();
      for (size_t i = 0; i < batch; ++i) fill(i, now);
      int sent = sendmmsg(fd_, out_.headers.data(), static_cast<unsigned>(batch), 0);
      if (sent <= 0) return;
      count -= static_cast<size_t>(sent);
    }
  }

  // How many answers were there.
  size_t receive(std::vector<uint32_t>* latencies_ns) {
    in_.prepare(false);
    const int received = recvmmsg(fd_, in_.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
    const size_t count = received > 0 ? static_cast<size_t>(received) : 0;
    const Clock::time_point now = Clock::now();
    for (size_t i = 0; i < count; ++i) latencies_ns->push_back(latency_ns(i, now));
    return count;
  }

 private:
  uint32_t latency_ns(size_t i, Clock::time_point now) const {
    const size_t id = size_t{in_.bytes[i][0]} << 8 | in_.bytes[i][1];
    const auto latency = std::chrono::nanoseconds(now - sent_at_[id % kIdsRemembered]).count();
    return static_cast<uint32_t>(std::min<int64_t>(latency, std::numeric_limits<uint32_t>::max()));
  }

  void fill(size_t i, Clock::time_point now) {
    const Message& query = queries_[order_[next_++ % order_.size()]];
    std::memcpy(out_.bytes[i].data(), query.data(), query.size());
    sent_at_[id_ % kIdsRemembered] = now;
    out_.bytes[i][0] = static_cast<uint8_t>(id_ >> 8);
    out_.bytes[i][1] = static_cast<uint8_t>(id_++);
    out_.parts[i].iov_len = query.size();
  }

  int fd_;
  const std::vector<Message>& queries_;
  const std::vector<uint16_t>& order_;
  size_t next_;
  uint16_t id_ = 1;
  std::array<Clock::time_point, kIdsRemembered> sent_at_{};
  Datagrams out_, in_;
};

}  // namespace

void die(const char* what) {
  std::fprintf(stderr, "bench: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

int bound_socket(uint16_t port) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(port);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
  return fd;
}

uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) die("getsockname");
  return ntohs(address.sin_port);
}

uint16_t free_port() {
  int fd = bound_socket(0);
  uint16_t port = port_of(fd);
  close(fd);
  return port;
}

void Datagrams::prepare(bool with_peers) {
  for (size_t i = 0; i < kBatch; ++i) {
    parts[i] = {bytes[i].data(), kMessageBytes};
    headers[i] = {};
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    if (!with_peers) continue;
    headers[i].msg_hdr.msg_name = &peers[i];
    headers[i].msg_hdr.msg_namelen = sizeof peers[i];
  }
}

void respond(int fd, const std::atomic<bool>& stop) {
  auto datagrams = std::make_unique<Datagrams>();
  timeval timeout{0, 100'000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) die("timeout");
  while (!stop.load(std::memory_order_relaxed)) {
    datagrams->prepare(true);
    int count = recvmmsg(fd, datagrams->headers.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (count <= 0) continue;
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      size_t size = datagrams->headers[i].msg_len;
      datagrams->parts[i].iov_len = answer_in_place(datagrams->bytes[i].data(), size);
    }
    sendmmsg(fd, datagrams->headers.data(), static_cast<unsigned>(count), 0);
  }
}

Load run_load(uint16_t port, const std::vector<Message>& queries,
              const std::vector<uint16_t>& order, size_t window, double seconds) {
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<pollfd> polls;
  for (size_t i = 0; i < kSockets; ++i) {
    size_t offset = i * order.size() / kSockets;
    clients.push_back(std::make_unique<Client>(port, queries, order, offset));
    polls.push_back({clients.back()->fd(), POLLIN, 0});
    clients.back()->send(window);
  }
  Load load;
  auto begin = Clock::now();
  auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  while (elapsed() < seconds) {
    if (poll(polls.data(), polls.size(), 200) <= 0) {
      for (auto& client : clients) client->send(window);
      ++load.stalls;
      continue;
    }
    for (auto& client : clients) {
      size_t count = client->receive(&load.latencies_ns);
      load.answered += count;
      client->send(count);
    }
  }
  load.seconds = elapsed();
  return load;
}

}  // namespace weir::bench
