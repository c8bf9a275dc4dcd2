// Threads of the HTTP server: one runs the io_context, `workers` run the pool. A request crosses
// over twice: to the pool with its connection, and back with the answer.
#include "native/http/server.h"

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstring>
#include <deque>
#include <set>
#include <thread>

#include "native/http/connection.h"
#include "native/http/router.h"
#include "native/runtime/metrics.h"
#include "native/runtime/socket_address.h"
#include "native/runtime/thread_name.h"

namespace weir {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};  // after running out of descriptors
constexpr std::array<const char*, 5> kStatusClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};

tcp::endpoint to_endpoint(const SocketAddress& address) {
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), address.data(), address.size());
  endpoint.resize(address.size());
  return endpoint;
}

}  // namespace

// Lives on the I/O thread, except where a member says otherwise.
struct HttpServer::State : HttpConnection::Owner {
  State(HttpOptions given, HttpServices services)
      : options(std::move(given)), router(std::move(services), options.hosts) {}

  Status bind(const std::string& text);
  // An address that is listened on.
  struct Listener {
    tcp::acceptor acceptor;
    asio::steady_timer pause;  // before the next accept(), when one has failed
  };
  void accept(Listener& listener);
  void on_accepted(Listener& listener, ErrorCode error, tcp::socket socket);
  void begin_stop();

  void handle(std::shared_ptr<HttpConnection> connection, RouterRequest request) override;
  void answered(int status) override { ++answers[static_cast<size_t>(status / 100 - 1)]; }
  void closed(HttpConnection* connection) override;

  const HttpOptions options;
  const Router router;  // any thread
  asio::io_context io{1};
  asio::steady_timer stop_timer{io};
  std::deque<Listener> listeners;      // a deque: handlers keep references
  std::vector<std::string> addresses;  // constant after start()
  std::set<HttpConnection*> connections;
  std::unique_ptr<asio::thread_pool> pool;
  std::thread thread;

  // Any thread.
  std::atomic<bool> stopping{false};
  std::atomic<size_t> jobs{0};
  std::array<std::atomic<uint64_t>, kStatusClasses.size()> answers{};
  std::atomic<uint64_t> refused_connections{0};
  std::atomic<uint64_t> refused_jobs{0};
};

Status HttpServer::State::bind(const std::string& text) {
  WEIR_ASSIGN(SocketAddress address, SocketAddress::parse(text, 0));
  tcp::endpoint endpoint = to_endpoint(address);
  tcp::acceptor acceptor(io);
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.protocol() == tcp::v6())
    acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return {Code::kUnavailable, "cannot listen on http " + text + ": " + error.message()};
  address.set_port(acceptor.local_endpoint(error).port());
  addresses.push_back(address.text());
  listeners.push_back({std::move(acceptor), asio::steady_timer(io)});
  return {};
}

void HttpServer::State::accept(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](ErrorCode error, tcp::socket socket) {
    on_accepted(listener, error, std::move(socket));
  });
}

// Out of descriptors or memory: trying again at once would only burn the processor.
void HttpServer::State::on_accepted(Listener& listener, ErrorCode error, tcp::socket socket) {
  if (stopping || error == asio::error::operation_aborted) return;
  if (error) {
    ++refused_connections;
    listener.pause.expires_after(kAcceptPause);
    listener.pause.async_wait([this, &listener](ErrorCode cancelled) {
      if (!cancelled) accept(listener);
    });
    return;
  }
  if (connections.size() >= options.connections_max) {
    ++refused_connections;  // the socket closes here
  } else {
    auto connection = std::make_shared<HttpConnection>(std::move(socket), *this, options);
    connections.insert(connection.get());
    connection->start();
  }
  accept(listener);
}

// Jobs that wait when the server stops are answered without being run.
void HttpServer::State::handle(std::shared_ptr<HttpConnection> connection, RouterRequest request) {
  if (std::optional<RouterAnswer> answer = router.quick(request))
    return connection->answer(std::move(*answer));
  if (jobs.fetch_add(1) >= kHttpJobsMax) {
    --jobs;
    ++refused_jobs;
    return connection->answer(busy_answer());
  }
  asio::post(*pool, [this, work = asio::make_work_guard(io), connection = std::move(connection),
                     request = std::move(request)]() mutable {
    RouterAnswer answer = stopping ? busy_answer() : router.slow(request);
    --jobs;
    // The connection must end on the I/O thread: this thread gives up its share first.
    asio::post(io, [connection = std::move(connection), answer = std::move(answer)]() mutable {
      connection->answer(std::move(answer));
    });
  });
}

void HttpServer::State::closed(HttpConnection* connection) {
  connections.erase(connection);
  if (stopping && connections.empty()) stop_timer.cancel();
}

// Idle connections close now, the others after their answer, and all of them at the deadline. The
// I/O thread ends when nothing is left to wait for.
void HttpServer::State::begin_stop() {
  stopping = true;
  for (Listener& listener : listeners) {
    ErrorCode ignored;  // an acceptor that cannot be closed accepts nothing either
    listener.acceptor.close(ignored);
    listener.pause.cancel();
  }
  for (HttpConnection* connection : connections) connection->close_when_idle();
  if (connections.empty()) return;
  stop_timer.expires_after(options.stop_timeout);
  stop_timer.async_wait([this](ErrorCode cancelled) {
    if (cancelled) return;
    for (HttpConnection* connection : connections) connection->abort();
  });
}

HttpServer::HttpServer(HttpOptions options, HttpServices services) {
  services.metrics.push_back(this);
  state_ = std::make_unique<State>(std::move(options), std::move(services));
}

HttpServer::~HttpServer() { stop(); }

Status HttpServer::start() {
  State& state = *state_;
  for (const std::string& address : state.options.listen) {
    if (Status status = state.bind(address); !status.ok()) {
      state.listeners.clear();
      state.addresses.clear();
      return status;
    }
  }
  state.pool = std::make_unique<asio::thread_pool>(state.options.workers);
  for (State::Listener& listener : state.listeners) state.accept(listener);
  state.thread = std::thread([&state] {
    set_thread_name("weir-http");
    state.io.run();
  });
  return {};
}

void HttpServer::stop() {
  State& state = *state_;
  if (!state.thread.joinable()) return;
  asio::post(state.io, [&state] { state.begin_stop(); });
  state.thread.join();
  state.pool->join();
}

std::vector<std::string> HttpServer::listening() const { return state_->addresses; }

std::vector<prometheus::MetricFamily> HttpServer::Collect() const {
  using prometheus::MetricType;
  MetricFamilyBuilder answers("weir_http_answers_total", "HTTP answers by class of status",
                              MetricType::Counter);
  for (size_t i = 0; i < kStatusClasses.size(); ++i)
    answers.add({{"status", kStatusClasses[i]}}, state_->answers[i]);
  MetricFamilyBuilder refused("weir_http_refused_total", "Refused because a bound was reached",
                              MetricType::Counter);
  refused.add({{"what", "connection"}}, state_->refused_connections)
      .add({{"what", "request"}}, state_->refused_jobs);
  MetricFamilyBuilder jobs("weir_http_jobs", "Requests queued or running on the pool",
                           MetricType::Gauge);
  jobs.add({}, state_->jobs);
  return {answers.build(), refused.build(), jobs.build()};
}

}  // namespace weir
