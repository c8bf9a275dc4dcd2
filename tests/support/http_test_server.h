// HttpTestServer: a real HTTP server on loopback, one connection at a time, whose answers a test
// decides.
#pragma once

#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <string>

namespace weir::test {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

HttpResponse http_response(int status, std::string body = {});

class HttpTestServer {
 public:
  // Called on the server's thread. Nothing: the connection is closed without an answer. kHang as
  // status: no answer comes until the server is stopped or the client gives up.
  using Handler = std::function<std::unique_ptr<HttpResponse>(const HttpRequest&)>;
  static constexpr int kHang = 999;

  // Listens on `port` of 127.0.0.1, 0: one that the kernel chooses.
  explicit HttpTestServer(Handler handler, uint16_t port = 0);
  ~HttpTestServer();

  uint16_t port() const;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::test
