// HttpClient: one HTTP exchange at a time with one receiver, over libcurl.
//
// Certificates are always verified, redirects never followed (they would carry the token away), and
// the answer is bounded. Plain http goes past every proxy. The bearer token and the headers are in
// no message and no log.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

struct HttpClientOptions {
  std::string base_url;  // https://…, or http:// with a loopback address or localhost
  std::string token;
  std::map<std::string, std::string> headers;
  int64_t connect_timeout_ms = 10'000;
  int64_t exchange_timeout_ms = 60'000;  // all of it: a MiB takes that long at 140 kbit/s
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  int64_t retry_after_s = 0;
};

// Lives on one thread, but for wake() and stop().
class HttpClient {
 public:
  // kInvalid if the URL would show the token to others.
  static Result<std::unique_ptr<HttpClient>> make(const HttpClientOptions& options);
  ~HttpClient();

  // With a body PUT, without one GET. Blocks until the answer is there, a timeout is over or stop()
  // was called. kUnavailable: no answer came, or none that was bounded by kForwardAnswerBytesMax.
  Result<HttpAnswer> exchange(const std::string& path, std::optional<ByteView> body);
  // Sleeps until wake() or stop(), or for `timeout_ms`.
  void sleep(int64_t timeout_ms);

  // Any thread. stop() ends the exchange under way and lets later ones fail at once.
  void wake();
  void stop();

 private:
  HttpClient();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
