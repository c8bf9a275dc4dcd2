// ScriptedUpstream: a DNS server on the loopback, UDP and TCP on one port, whose every reply a test
// decides: right, wrong, late, from another port, or none.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "native/runtime/socket_address.h"
#include "native/runtime/unique_fd.h"
#include "support/dns_messages.h"
#include "weir/event.h"

namespace weir {

struct ScriptedReply {
  Bytes message;
  bool from_other_port = false;  // UDP only
};

class ScriptedUpstream {
 public:
  // Called on the upstream's thread for each query; what it returns is sent in that order. May
  // block: other queries wait meanwhile.
  using Script = std::function<std::vector<ScriptedReply>(const Bytes& query, Transport transport)>;

  explicit ScriptedUpstream(Script script);
  ~ScriptedUpstream();

  std::string text(const char* scheme = "udp") const { return scheme + ("://" + address_.text()); }
  unsigned udp_queries() const { return udp_queries_; }
  unsigned tcp_queries() const { return tcp_queries_; }

 private:
  void run();
  void answer_udp();
  void answer_tcp();

  Script script_;
  SocketAddress address_;
  UniqueFd udp_;
  UniqueFd tcp_;
  UniqueFd other_;
  std::atomic<bool> stop_{false};
  std::atomic<unsigned> udp_queries_{0};
  std::atomic<unsigned> tcp_queries_{0};
  std::thread thread_;
};

// Answers every query with one address record that lives for `ttl_s`.
ScriptedUpstream::Script address_script(uint32_t ttl_s = 300);

// Says nothing.
ScriptedUpstream::Script silent_script();

}  // namespace weir
