#include "support/scripted_upstream.h"

#include <poll.h>

#include "native/dns/listen_sockets.h"

namespace weir {
namespace {

constexpr int kPollMs = 10;

bool read_exactly(int fd, std::span<uint8_t> out) {
  for (size_t done = 0; done < out.size();) {
    const ssize_t count = ::recv(fd, out.data() + done, out.size() - done, 0);
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

ScriptedUpstream::ScriptedUpstream(Script script) : script_(std::move(script)) {
  const SocketAddress any_port = SocketAddress::parse("127.0.0.1:0", 0).value();
  ListenSockets sockets = open_listen_sockets(any_port, 1).value();
  address_ = sockets.address;
  udp_ = std::move(sockets.udp[0]);
  tcp_ = std::move(sockets.tcp[0]);
  other_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  thread_ = std::thread([this] { run(); });
}

ScriptedUpstream::~ScriptedUpstream() {
  stop_ = true;
  thread_.join();
}

void ScriptedUpstream::run() {
  while (!stop_) {
    pollfd ready[] = {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
    if (::poll(ready, 2, kPollMs) <= 0) continue;
    if (ready[0].revents != 0) answer_udp();
    if (ready[1].revents != 0) answer_tcp();
  }
}

void ScriptedUpstream::answer_udp() {
  Bytes query(kMessageBytesMax);
  SocketAddress from;
  socklen_t size = SocketAddress::capacity();
  const ssize_t count = ::recvfrom(udp_.get(), query.data(), query.size(), 0, from.data(), &size);
  if (count < 0) return;
  query.resize(static_cast<size_t>(count));
  ++udp_queries_;
  for (const ScriptedReply& reply : script_(query, Transport::kUdp)) {
    const int fd = reply.from_other_port ? other_.get() : udp_.get();
    ::sendto(fd, reply.message.data(), reply.message.size(), 0, from.data(), from.size());
  }
}

// One query per connection, which is how Weir asks.
void ScriptedUpstream::answer_tcp() {
  const UniqueFd connection(::accept(tcp_.get(), nullptr, nullptr));
  Bytes prefix(2);
  if (!read_exactly(connection.get(), prefix)) return;
  Bytes query(static_cast<size_t>(prefix[0] << 8 | prefix[1]));
  if (!read_exactly(connection.get(), query)) return;
  ++tcp_queries_;
  for (const ScriptedReply& reply : script_(query, Transport::kTcp)) {
    Bytes framed = {static_cast<uint8_t>(reply.message.size() >> 8),
                    static_cast<uint8_t>(reply.message.size())};
    framed.insert(framed.end(), reply.message.begin(), reply.message.end());
    ::send(connection.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
  }
}

ScriptedUpstream::Script address_script(uint32_t ttl_s) {
  return [ttl_s](const Bytes& query, Transport) -> std::vector<ScriptedReply> {
    const std::string name = read_dns_query(query).value().qname.text();
    return {{make_response(query, {address_record(name, 1, ttl_s)})}};
  };
}

ScriptedUpstream::Script silent_script() {
  return [](const Bytes&, Transport) { return std::vector<ScriptedReply>(); };
}

}  // namespace weir
