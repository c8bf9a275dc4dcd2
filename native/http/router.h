// Router: what is answered to a request, without sockets.
//
// Part of native/http; not for others.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native/http/server.h"

namespace weir {

struct RouterRequest {
  std::string method;
  std::string target;
  std::string host;  // empty: no Host header
};

struct RouterAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  int64_t retry_after_s = 0;  // 0: no such header
};

// An RFC 9457 document by the core, so that all errors look alike.
RouterAnswer problem_answer(int status, std::string_view code, std::string_view detail);
// The service is overloaded; the same request may be repeated after a second.
RouterAnswer busy_answer();

// True if `host` (a Host header) is an IP literal, localhost or one of `names`, with any port.
bool is_host_allowed(std::string_view host, const std::vector<std::string>& names);

// Thread-safe.
class Router {
 public:
  Router(HttpServices services, std::vector<std::string> hosts);

  // The answer, where giving it is a matter of microseconds; nothing where slow() must.
  std::optional<RouterAnswer> quick(const RouterRequest& request) const;
  // Metrics and the API. Blocks for as long as the database takes.
  RouterAnswer slow(const RouterRequest& request) const;

 private:
  RouterAnswer metrics() const;
  RouterAnswer api_answer(const RouterRequest& request) const;

  HttpServices services_;
  std::vector<std::string> hosts_;
};

}  // namespace weir
