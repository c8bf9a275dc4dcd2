// The HTTP server over real sockets, with a runner that answers what the test wants.
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "catch.h"
#include "native/http/router.h"
#include "native/http/server.h"
#include "native/runtime/guarded.h"
#include "native/runtime/metrics.h"
#include "native/runtime/socket_address.h"

namespace weir {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Response = http::response<http::string_body>;

// Answers every operation alike; can be held, to be slow on purpose.
class FakeRunner : public OperationRunner {
 public:
  Status run(Operation&, const std::function<void(Emit)>& emit) override {
    std::unique_lock lock(mutex_);
    ++running_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --running_;
    if (!failure_.ok()) return failure_;
    emit({HttpHead{200, "application/json", 0}, "{\"fake\":"});
    emit({std::nullopt, "true}"});
    return {};
  }
  void hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void wait_running(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_ >= count; });
  }

  void fail_with(Status failure) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Status failure_;
  bool held_ = false;
  size_t running_ = 0;
};

class FakeMetrics : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    return {MetricFamilyBuilder("weir_fake_total", "", prometheus::MetricType::Counter)
                .add({}, 7)
                .build()};
  }
};

// A blocking client on one connection.
class Client {
 public:
  explicit Client(const HttpServer& server, size_t listener = 0) : socket_(io_) {
    SocketAddress address = *SocketAddress::parse(server.listening()[listener], 0);
    socket_.connect({asio::ip::make_address("127.0.0.1"), address.port()});
  }
  Client& send(std::string_view text) {
    boost::system::error_code error;  // a server that has closed already shows in read()
    asio::write(socket_, asio::buffer(text), error);
    return *this;
  }
  // The next response; nothing if the connection ends first.
  std::optional<Response> read(bool is_head = false) {
    http::response_parser<http::string_body> parser;
    parser.skip(is_head);
    boost::system::error_code error;
    http::read(socket_, buffer_, parser, error);
    if (error) return std::nullopt;
    return parser.release();
  }
  std::optional<Response> get(std::string_view target) {
    return send("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n").read();
  }
  bool is_closed() {
    char byte;
    boost::system::error_code error;
    return socket_.read_some(asio::buffer(&byte, 1), error) == 0 && error;
  }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

// A running server and what it shows.
struct Fixture {
  explicit Fixture(HttpOptions options = {})
      : server(with_address(std::move(options)), services()) {
    REQUIRE(server.start().ok());
  }
  ~Fixture() { runner.release(); }

  static HttpOptions with_address(HttpOptions options) {
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    return options;
  }
  HttpServices services() {
    auto copy = [](const auto& value) { return value; };
    return {&runner,
            [this, copy] { return ledger.with(copy); },
            [this, copy] { return ready.with(copy); },
            {&metrics},
            "home"};
  }

  FakeRunner runner;
  FakeMetrics metrics;
  Guarded<Result<Ledger>> ledger{Ledger{}};
  Guarded<Status> ready;
  HttpServer server;
};

std::string field(const Response& response, std::string_view name) {
  auto found = response.find(boost::beast::string_view(name.data(), name.size()));
  return found == response.end() ? "" : std::string(found->value());
}

TEST_CASE("health, readiness and the root page are answered") {
  Fixture fixture;
  Client client(fixture.server);
  CHECK(client.get("/healthz")->body() == "ok\n");
  CHECK(client.get("/readyz")->body() == "ready\n");
  CHECK(client.get("/")->body().find("/api/v1/queries") != std::string::npos);
  CHECK(client.get("/healthz?x=1")->result_int() == 200);
}

TEST_CASE("a server that is not ready says why") {
  Fixture fixture;
  fixture.ready.with(
      [](Status& ready) { ready = Status(Code::kUnavailable, "the lists are being read"); });
  auto response = Client(fixture.server).get("/readyz");
  CHECK(response->result_int() == 503);
  CHECK(response->body().find("the lists are being read") != std::string::npos);
}

TEST_CASE("metrics of every part are served as text, the server's own too") {
  Fixture fixture;
  auto response = Client(fixture.server).get("/metrics");
  CHECK(field(*response, "Content-Type").starts_with("text/plain; version=0.0.4"));
  CHECK(response->body().find("weir_fake_total 7") != std::string::npos);
  CHECK(response->body().find("weir_http_answers_total{status=\"2xx\"} 0") != std::string::npos);
}

TEST_CASE("the API answers what the operation emits, piece after piece") {
  Fixture fixture;
  auto response = Client(fixture.server).get("/api/v1/stats?since=1h");
  CHECK(response->result_int() == 200);
  CHECK(field(*response, "Content-Type") == "application/json");
  CHECK(response->body() == "{\"fake\":true}");
}

TEST_CASE("an operation that fails is a problem document") {
  Fixture fixture;
  fixture.runner.fail_with({Code::kUnavailable, "database is locked"});
  auto response = Client(fixture.server).get("/api/v1/stats");
  CHECK(response->result_int() == 503);
  CHECK(field(*response, "Retry-After") == "1");
  CHECK(field(*response, "Content-Type") == "application/problem+json");
  fixture.runner.fail_with({Code::kCorrupt, "bad page"});
  CHECK(Client(fixture.server).get("/api/v1/stats")->result_int() == 500);
}

TEST_CASE("a ledger that cannot be read is a problem document") {
  Fixture fixture;
  CHECK(Client(fixture.server).get("/api/v1/ledger")->result_int() == 200);
  fixture.ledger.with([](Result<Ledger>& ledger) { ledger = Status(Code::kUnavailable, "busy"); });
  CHECK(Client(fixture.server).get("/api/v1/ledger")->result_int() == 503);
  CHECK(Client(fixture.server).get("/api/v1/overview")->result_int() == 503);
  CHECK(Client(fixture.server).get("/api/v1/stats")->result_int() == 200);
}

TEST_CASE("every other path is a problem document with 404") {
  Fixture fixture;
  for (const char* path : {"/nothing", "/api", "/metrics/x", "/healthz/", "//"}) {
    INFO(path);
    auto response = Client(fixture.server).get(path);
    CHECK(response->result_int() == 404);
    CHECK(field(*response, "Content-Type") == "application/problem+json");
  }
}

TEST_CASE("methods other than GET and HEAD are refused with what is allowed") {
  Fixture fixture;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    INFO(method);
    auto response = Client(fixture.server)
                        .send(std::string(method) + " /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        .read();
    CHECK(response->result_int() == 405);
    CHECK(field(*response, "Allow") == "GET, HEAD");
  }
}

TEST_CASE("HEAD has the head of GET and no body") {
  Fixture fixture;
  Client client(fixture.server);
  auto response = client.send("HEAD /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n").read(true);
  CHECK(response->result_int() == 200);
  CHECK(field(*response, "Content-Length") == "13");
  CHECK(client.get("/healthz")->body() == "ok\n");
}

TEST_CASE("every answer forbids a browser what it could do with it") {
  Fixture fixture;
  for (const char* path : {"/", "/api/v1/stats", "/nothing"}) {
    auto response = Client(fixture.server).get(path);
    CHECK(field(*response, "X-Content-Type-Options") == "nosniff");
    CHECK(field(*response, "Content-Security-Policy").starts_with("default-src 'none'"));
    CHECK(field(*response, "Cache-Control") == "no-store");
    CHECK(field(*response, "Cross-Origin-Resource-Policy") == "same-origin");
    CHECK_FALSE(field(*response, "Date").empty());
    CHECK(field(*response, "Access-Control-Allow-Origin").empty());
  }
}

TEST_CASE("a Host header names an address, localhost or a configured name") {
  const std::vector<std::string> names{"nas.home"};
  for (const char* good : {"127.0.0.1", "127.0.0.1:8053", "[::1]:8053", "192.0.2.1", "localhost",
                           "LocalHost:8053", "nas.home", "NAS.home:80"}) {
    INFO(good);
    CHECK(is_host_allowed(good, names));
  }
  for (const char* bad : {"evil.example", "evil.example:8053", "localhost.evil.example",
                          "127.0.0.1.evil.example", "nas.home.", "", ":80", "[::1"}) {
    INFO(bad);
    CHECK_FALSE(is_host_allowed(bad, names));
  }
}

TEST_CASE("a rebound name is misdirected, and no Host is bad") {
  HttpOptions options;
  options.hosts = {"nas.home"};
  Fixture fixture(options);
  auto ask = [&](std::string_view host) {
    return Client(fixture.server)
        .send("GET /healthz HTTP/1.1\r\n" + std::string(host) + "\r\n")
        .read()
        ->result_int();
  };
  CHECK(ask("Host: evil.example\r\n") == 421);
  CHECK(ask("Host: nas.home\r\n") == 200);
  CHECK(ask("") == 400);
}

TEST_CASE("a connection serves one request after another") {
  Fixture fixture;
  Client client(fixture.server);
  for (int i = 0; i < 20; ++i) CHECK(client.get("/api/v1/stats")->result_int() == 200);
}

TEST_CASE("pipelined requests are answered in their order") {
  Fixture fixture;
  Client client(fixture.server);
  client.send(
      "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.read()->body() == "{\"fake\":true}");
  CHECK(client.read()->body() == "ok\n");
  CHECK(client.read()->result_int() == 404);
}

TEST_CASE("Connection: close and HTTP/1.0 end the connection after the answer") {
  Fixture fixture;
  Client one(fixture.server);
  one.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(one.read()->body() == "ok\n");
  CHECK(one.is_closed());
  Client two(fixture.server);
  two.send("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
  CHECK(two.read()->body() == "ok\n");
  CHECK(two.is_closed());
}

TEST_CASE("a head goes to its bound and not past it") {
  Fixture fixture;
  const std::string start = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ";
  const std::string end = "\r\n\r\n";
  auto ask = [&](size_t head_bytes) {
    std::string padding(head_bytes - start.size() - end.size(), 'x');
    return Client(fixture.server).send(start + padding + end).read()->result_int();
  };
  CHECK(ask(kHttpHeaderBytesMax) == 200);
  CHECK(ask(kHttpHeaderBytesMax + 1) == 431);
  CHECK(ask(4 * kHttpHeaderBytesMax) == 431);
}

TEST_CASE("a target goes to its bound and not past it") {
  Fixture fixture;
  const std::string path = "/healthz?";
  auto ask = [&](size_t bytes) {
    return Client(fixture.server).get(path + std::string(bytes - path.size(), 'x'))->result_int();
  };
  CHECK(ask(kApiTargetBytesMax) == 200);
  CHECK(ask(kApiTargetBytesMax + 1) == 414);
}

TEST_CASE("a request with a body is refused and the connection ends") {
  Fixture fixture;
  for (const char* fields :
       {"Content-Length: 1\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 99999999999\r\n\r\n"}) {
    INFO(fields);
    Client client(fixture.server);
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields));
    auto response = client.read();
    REQUIRE(response);
    CHECK(response->result_int() == 413);
    CHECK(client.is_closed());
  }
  auto empty = Client(fixture.server)
                   .send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
                   .read();
  CHECK(empty->result_int() == 200);
}

TEST_CASE("what is not HTTP is refused") {
  Fixture fixture;
  for (const char* text : {"\r\n\r\nnonsense\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
                           "GET / HTTP/9\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"}) {
    INFO(text);
    auto response = Client(fixture.server).send(text).read();
    REQUIRE(response);
    CHECK(response->result_int() == 400);
  }
  auto absolute = Client(fixture.server)
                      .send("GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
                      .read();
  CHECK(absolute->result_int() == 400);
}

TEST_CASE("a client that does not finish its head is hung up on") {
  HttpOptions options;
  options.request_timeout = std::chrono::milliseconds(50);
  Fixture fixture(options);
  Client client(fixture.server);
  client.send("GET /healthz HTT");
  CHECK(client.is_closed());
}

TEST_CASE("a client that goes away in the middle of an answer harms nobody") {
  Fixture fixture;
  fixture.runner.hold();
  {
    Client gone(fixture.server);
    gone.send("GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n");
    fixture.runner.wait_running(1);
  }
  fixture.runner.release();
  CHECK(Client(fixture.server).get("/api/v1/stats")->result_int() == 200);
}

TEST_CASE("slow questions keep nobody from asking about health") {
  Fixture fixture;
  fixture.runner.hold();
  Client one(fixture.server);
  Client two(fixture.server);
  one.send("GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n");
  two.send("GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n");
  fixture.runner.wait_running(HttpOptions{}.workers);
  CHECK(Client(fixture.server).get("/healthz")->result_int() == 200);
  fixture.runner.release();
  CHECK(one.read());
  CHECK(two.read());
}

TEST_CASE("one question more than the bound is answered 503 at once") {
  Fixture fixture;
  fixture.runner.hold();
  // On one thread each connection is read in turn, so the answer to the last of these requests
  // comes after all of them were queued.
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < kHttpJobsMax; ++i) {
    clients.push_back(std::make_unique<Client>(fixture.server));
    clients.back()->send(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(clients.back()->read()->body() == "ok\n");
  }
  auto refused = Client(fixture.server).get("/api/v1/stats");
  CHECK(refused->result_int() == 503);
  CHECK(field(*refused, "Retry-After") == "1");
  fixture.runner.release();
  for (auto& client : clients) CHECK(client->read()->result_int() == 200);
}

TEST_CASE("connections go to their bound and not past it") {
  HttpOptions options;
  options.connections_max = 2;
  Fixture fixture(options);
  Client one(fixture.server);
  Client two(fixture.server);
  CHECK(one.get("/healthz"));
  CHECK(two.get("/healthz"));
  CHECK_FALSE(Client(fixture.server).get("/healthz"));
  CHECK(one.get("/metrics")->body().find("weir_http_refused_total{what=\"connection\"} 1") !=
        std::string::npos);
}

TEST_CASE("it listens on every address and tells the ports") {
  HttpOptions options;
  options.listen = {"127.0.0.1:0", "127.0.0.1:0"};
  Fixture fixture(options);
  REQUIRE(fixture.server.listening().size() == 2);
  CHECK(fixture.server.listening()[0] != fixture.server.listening()[1]);
  CHECK(Client(fixture.server, 0).get("/healthz"));
  CHECK(Client(fixture.server, 1).get("/healthz"));
}

TEST_CASE("a port in use is one clear line") {
  Fixture fixture;
  HttpOptions options;
  options.listen = fixture.server.listening();
  HttpServer second(options, fixture.services());
  Status status = second.start();
  CHECK(status.code() == Code::kUnavailable);
  CHECK(status.message() ==
        "cannot listen on http " + options.listen[0] + ": Address already in use");
}

TEST_CASE("stop finishes the answer under way and takes no more") {
  Fixture fixture;
  Client idle(fixture.server);
  CHECK(idle.get("/healthz"));
  fixture.runner.hold();
  Client busy(fixture.server);
  busy.send("GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n");
  fixture.runner.wait_running(1);
  std::thread stopper([&] { fixture.server.stop(); });
  CHECK(idle.is_closed());
  fixture.runner.release();
  auto response = busy.read();
  REQUIRE(response);
  CHECK(response->body() == "{\"fake\":true}");
  CHECK(field(*response, "Connection") == "close");
  CHECK(busy.is_closed());
  stopper.join();
  fixture.server.stop();  // may be repeated
}

TEST_CASE("stop hangs up on a client that does not take its answer") {
  HttpOptions options;
  options.stop_timeout = std::chrono::milliseconds(50);
  Fixture fixture(options);
  fixture.runner.hold();
  Client client(fixture.server);
  client.send("GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\n");
  fixture.runner.wait_running(1);
  std::thread stopper([&] { fixture.server.stop(); });
  CHECK(client.is_closed());
  fixture.runner.release();
  stopper.join();
}

}  // namespace
}  // namespace weir
