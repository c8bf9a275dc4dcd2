// HttpServer: health, metrics and the API of the native binary over HTTP/1.1.
//
// One thread of its own does all the I/O. What reads the database or collects metrics runs on a
// small bounded pool, so that a slow question never keeps /healthz waiting; when the pool's queue
// is full, the answer is 503 at once. The API itself is the core's: the same operations, and so the
// same bytes, as at the edge.
//
//   GET /healthz   the process is alive
//   GET /readyz    it serves: HttpServices::ready says so
//   GET /metrics   Prometheus text format
//   GET /api/v1/*  operations of weir/api.h
//   GET /          what this is, as plain text
//
// Only loopback addresses are listened on (control/ refuses others), and callers are trusted. A web
// page can make a browser send requests here, so the Host header must be an IP literal, localhost
// or one of `hosts`: a page that had its name rebound to 127.0.0.1 is answered 421. It does not do
// TLS, request bodies, or any method that changes something.
#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "native/runtime/operation_runner.h"
#include "weir/limits.h"
#include "weir/query.h"

namespace weir {

struct HttpOptions {
  std::vector<std::string> listen;  // "127.0.0.1:8053", "[::1]:0"
  std::vector<std::string> hosts;   // names that may stand in the Host header besides localhost
  unsigned workers = 2;             // threads of the pool
  size_t connections_max = kHttpConnectionsMax;
  std::chrono::milliseconds request_timeout{30'000};  // waiting for a request and reading its head
  std::chrono::milliseconds write_timeout{30'000};    // until the client has taken the answer
  std::chrono::milliseconds stop_timeout{2'000};      // for answers under way at stop()
};

// What the server shows. All functions are called from several threads at once; everything outlives
// the server.
struct HttpServices {
  OperationRunner* runner = nullptr;
  std::function<Result<Ledger>()> ledger;  // the live ledger
  std::function<Status()> ready;           // ok: DNS is answered and the database is open; no I/O
  std::vector<const prometheus::Collectable*> metrics;
  std::string own_site;  // see ApiRequest
};

// Thread-safe.
class HttpServer : public prometheus::Collectable {
 public:
  HttpServer(HttpOptions options, HttpServices services);
  ~HttpServer() override;  // stop()

  // Binds every address, then starts the threads; after a failure nothing runs. The status names
  // the address.
  Status start();
  // Takes no more requests, finishes the answers under way within stop_timeout, joins the threads.
  // May be repeated.
  void stop();
  // "address:port" in the order of options.listen, with the ports that the kernel chose.
  std::vector<std::string> listening() const;

  // The weir_http_* families; they are part of /metrics without being in HttpServices::metrics.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
