// The parts of Boost.Asio that the DNS front end uses, and the bridge from our addresses.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

#include "native/runtime/socket_address.h"

namespace weir {

namespace asio = boost::asio;
using boost::system::error_code;

template <class Endpoint>
Endpoint to_endpoint(const SocketAddress& address) {
  Endpoint endpoint;
  endpoint.resize(address.size());
  std::memcpy(endpoint.data(), address.data(), address.size());
  return endpoint;
}

}  // namespace weir
