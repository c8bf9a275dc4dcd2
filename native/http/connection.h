// HttpConnection: one TCP connection of the HTTP server, request after request.
//
// Part of native/http; not for others. Everything runs on the I/O thread; the work of a request may
// leave it and comes back by answer().
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "native/http/router.h"

namespace weir {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // What the connection needs of its server, which outlives it.
  class Owner {
   public:
    virtual ~Owner() = default;
    // Calls connection->answer() now, or later on the I/O thread; exactly once.
    virtual void handle(std::shared_ptr<HttpConnection> connection, RouterRequest request) = 0;
    virtual void answered(int status) = 0;
    virtual void closed(HttpConnection* connection) = 0;
  };

  HttpConnection(boost::asio::ip::tcp::socket socket, Owner& owner, const HttpOptions& options);
  ~HttpConnection();

  void start() { read(); }
  void answer(RouterAnswer answer);
  // Closes now if no answer is under way, else after it.
  void close_when_idle();
  // Closes now.
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

  void read();
  void on_head(boost::beast::error_code error);
  void refuse(boost::beast::error_code error);
  void on_written(boost::beast::error_code error);
  void linger();
  void discard();

  boost::beast::tcp_stream stream_;
  Owner& owner_;
  const HttpOptions& options_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  bool idle_ = true;         // no answer is owed
  bool keep_alive_ = false;  // the client wants the connection to stay
  bool is_head_ = false;
  bool closing_ = false;
};

}  // namespace weir
