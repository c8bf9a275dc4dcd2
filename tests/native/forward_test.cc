// The forwarder over real HTTP on loopback: the models of both ends (support/forward_model.h)
// behind a server and a log source. What the protocol does is tested with core's Sender; here it is
// the wire, the thread, and what people are told.
#include <prometheus/metric_family.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "catch.h"
#include "native/forward/forwarder.h"
#include "native/runtime/clock.h"
#include "support/caught_log.h"
#include "support/forward_model.h"
#include "support/http_test_server.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

using test::http_response;
using test::HttpRequest;
using test::HttpResponse;
using test::HttpTestServer;

// Waits for what another thread does; the bound only ends a test that has failed.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// A log source over models; shared between the test and the forwarder's thread.
struct SharedLogs {
  std::mutex mutex;
  std::vector<test::ModelLog> logs;  // the last one is the current one
  uint64_t serial = 0;
  int failures = 0;  // of cut, to come
  uint64_t database_number = 1;

  void open_log() {
    test::ModelLog log;
    log.id.bytes[0] = static_cast<uint8_t>(logs.size() + 1);
    logs.push_back(log);
  }
  void add_events(uint64_t count) {
    const std::lock_guard lock(mutex);
    const int64_t last_hour_ms = wall_clock_ms() - kHourMs;
    for (uint64_t i = 0; i < count; ++i) logs.back().events.push_back({++serial, last_hour_ms});
  }
  uint64_t acked(size_t index) {
    const std::lock_guard lock(mutex);
    return logs[index].acked;
  }
};

class ModelSource final : public LogSource {
 public:
  explicit ModelSource(std::shared_ptr<SharedLogs> shared) : shared_(std::move(shared)) {}

  uint64_t database_number() override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->database_number;
  }
  Result<std::vector<LogState>> logs() override {
    const std::lock_guard lock(shared_->mutex);
    std::vector<LogState> states;
    for (const test::ModelLog& log : shared_->logs) {
      LogState state;
      state.log_no = static_cast<int64_t>(states.size()) + 1;
      state.log = log.id;
      state.end = log.end();
      state.acked = log.acked;
      states.push_back(state);
    }
    return states;
  }
  int64_t current_log_no() override {
    const std::lock_guard lock(shared_->mutex);
    return static_cast<int64_t>(shared_->logs.size());
  }
  Result<CutResult> cut(int64_t log_no, uint64_t from, int64_t wall_ms,
                        const CutLimits& limits) override {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->failures > 0) {
      --shared_->failures;
      return Status(Code::kUnavailable, "the disk is on fire");
    }
    return log(log_no).cut(from, wall_ms, limits);
  }
  Status set_acked(int64_t log_no, uint64_t acked) override {
    const std::lock_guard lock(shared_->mutex);
    log(log_no).acked = std::max(log(log_no).acked, acked);
    return {};
  }
  Status fork(int64_t log_no, uint64_t from) override {
    const std::lock_guard lock(shared_->mutex);
    shared_->open_log();
    test::ModelLog& old = log(log_no);
    const auto moved = old.events.begin() + static_cast<std::ptrdiff_t>(from);
    shared_->logs.back().events.assign(moved, old.events.end());
    std::fill(moved, old.events.end(), test::ModelEvent{0, wall_clock_ms()});
    return {};
  }

 private:
  test::ModelLog& log(int64_t log_no) { return shared_->logs[static_cast<size_t>(log_no) - 1]; }
  std::shared_ptr<SharedLogs> shared_;
};

// A forwarder, its log and its receiver. By default the receiver is the model; `before` may answer
// in its place.
class Bench {
 public:
  explicit Bench(uint64_t events = 0) {
    logs->open_log();
    if (events > 0) logs->add_events(events);
    options.site = "den";
    options.http.token = "a-secret-token";
    options.http.headers = {{"X-Extra", "another-secret"}};
    options.sender = {.interval_ms = 20, .retry_ms_min = 5, .retry_ms_max = 40, .jitter_seed = 3};
    options.poll_ms = 10;
    server = std::make_unique<HttpTestServer>([this](const HttpRequest& r) { return handle(r); });
    options.http.base_url = server->url();
  }

  void start() {
    auto made = Forwarder::start(options, std::make_unique<ModelSource>(logs));
    REQUIRE(made.ok());
    forwarder = std::move(made).value();
  }
  bool delivered(uint64_t events) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      return receiver.stored().size() == events;
    });
  }
  size_t request_count() {
    const std::lock_guard lock(mutex);
    return requests.size();
  }

  ForwarderOptions options;
  std::shared_ptr<SharedLogs> logs = std::make_shared<SharedLogs>();
  std::mutex mutex;  // of what follows
  test::ModelReceiver receiver;
  std::vector<HttpRequest> requests;
  // With the number of the request, from 0. Answers nothing to leave it to the model.
  std::function<std::optional<HttpResponse>(size_t)> before;
  size_t lost_answers = 0;  // of PUT, to come

  std::unique_ptr<HttpTestServer> server;
  std::unique_ptr<Forwarder> forwarder;  // ends before the server

  std::unique_ptr<HttpResponse> handle(const HttpRequest& request) {
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    if (before) {
      if (auto response = before(requests.size() - 1)) {
        return std::make_unique<HttpResponse>(std::move(*response));
      }
    }
    const std::string path(request.target());
    if (request.method() == boost::beast::http::verb::get) return render(receiver.get(path));
    const std::string& body = request.body();
    auto response =
        render(receiver.put(path, {reinterpret_cast<const uint8_t*>(body.data()), body.size()}));
    if (lost_answers == 0) return response;
    --lost_answers;
    return nullptr;
  }

 private:
  static std::unique_ptr<HttpResponse> render(const ReceiverAnswer& answer) {
    std::string body = "{";
    const auto put = [&](const std::string& key, const std::string& value) {
      body += (body.size() == 1 ? "\"" : ",\"") + key + "\":" + value;
    };
    if (answer.stored_through) put("stored_through", std::to_string(*answer.stored_through));
    if (answer.interval_s) put("interval_s", std::to_string(*answer.interval_s));
    if (answer.fork) put("code", "\"fork\"");
    put("last", "null");
    if (answer.last) {
      body.resize(body.rfind(','));
      put("last", "{\"first\":" + std::to_string(answer.last->first) +
                      ",\"count\":" + std::to_string(answer.last->count) +
                      ",\"crc\":" + std::to_string(answer.last->crc) + "}");
    }
    return std::make_unique<HttpResponse>(http_response(answer.http_status, body + "}"));
  }
};

TEST_CASE("events arrive, those before the start and those after") {
  Bench bench(5);
  bench.start();
  CHECK(bench.delivered(5));
  bench.logs->add_events(3);
  CHECK(bench.delivered(8));
  CHECK(eventually([&] { return bench.logs->acked(0) == 8; }));
  CHECK(eventually([&] { return bench.forwarder->stats().lag_events == 0; }));
  CHECK(bench.forwarder->stats().senders.events_acked == 8);
}

TEST_CASE("a request has its path, the token and the configured headers") {
  Bench bench(1);
  bench.options.http.base_url += "/weir";
  bench.start();
  CHECK(bench.delivered(1));
  bench.forwarder->stop();
  const HttpRequest& put = bench.requests.at(1);
  CHECK(put.method_string() == "PUT");
  CHECK(put.target() == "/weir/v1/sites/den/logs/01000000000000000000000000000000/0");
  CHECK(put["Authorization"] == "Bearer a-secret-token");
  CHECK(put["X-Extra"] == "another-secret");
  CHECK(put["Expect"].empty());
}

TEST_CASE("closed logs are forwarded as well, each under its name") {
  Bench bench(4);
  bench.logs->open_log();
  bench.logs->add_events(2);
  bench.start();
  CHECK(bench.delivered(6));
  const std::lock_guard lock(bench.mutex);
  CHECK(bench.receiver.logs.size() == 2);
}

TEST_CASE("a lost answer is asked for again and nothing is doubled") {
  Bench bench(5);
  bench.lost_answers = 2;
  bench.start();
  CHECK(eventually([&] { return bench.logs->acked(0) == 5; }));
  bench.forwarder->stop();
  CHECK(bench.receiver.stored().size() == 5);
  CHECK(bench.forwarder->stats().senders.failures >= 1);
}

TEST_CASE("a 409 makes it ask again and go on from there") {
  Bench bench(5);
  bench.before = [](size_t number) -> std::optional<HttpResponse> {
    if (number != 1) return std::nullopt;
    return http_response(409, R"({"code":"gap","stored_through":0})");
  };
  bench.start();
  CHECK(bench.delivered(5));
  bench.forwarder->stop();
  CHECK(bench.forwarder->stats().senders.conflicts == 1);
}

TEST_CASE("Retry-After of a 429 is waited for") {
  Bench bench(5);
  bench.before = [](size_t number) -> std::optional<HttpResponse> {
    if (number != 0) return std::nullopt;
    HttpResponse response = http_response(429);
    response.set("Retry-After", "1");
    return response;
  };
  const int64_t begin_us = monotonic_us();
  bench.start();
  CHECK(bench.delivered(5));
  CHECK(monotonic_us() - begin_us >= 1'000'000);
}

TEST_CASE("503 is repeated until it is over") {
  Bench bench(5);
  bench.before = [](size_t number) -> std::optional<HttpResponse> {
    if (number > 3) return std::nullopt;
    return http_response(503);
  };
  bench.start();
  CHECK(bench.delivered(5));
}

TEST_CASE("a refused token is reported once, without the token, and its end as well") {
  CaughtLog log;
  Bench bench(5);
  std::atomic<bool> refusing{true};
  bench.before = [&](size_t) -> std::optional<HttpResponse> {
    if (!refusing) return std::nullopt;
    return http_response(401);
  };
  bench.start();
  CHECK(eventually([&] { return bench.request_count() >= 4; }));
  CHECK(eventually([&] { return bench.forwarder->stats().senders.last_http_status == 401; }));
  refusing = false;
  CHECK(bench.delivered(5));
  bench.forwarder.reset();
  CHECK(log.count("refuses forward.token") == 1);
  CHECK(log.count("works again") == 1);
  CHECK(log.count("secret") == 0);
}

TEST_CASE("a receiver that is down when it starts gets everything later") {
  CaughtLog log;
  Bench bench(5);
  const uint16_t port = bench.server->port();
  bench.server.reset();
  bench.start();
  CHECK(eventually([&] { return bench.forwarder->stats().senders.failures >= 3; }));
  bench.server = std::make_unique<HttpTestServer>(
      [&](const HttpRequest& request) { return bench.handle(request); }, port);
  CHECK(bench.delivered(5));
  bench.forwarder.reset();
  CHECK(log.count("the receiver:") == 1);
}

TEST_CASE("a huge answer counts as none") {
  Bench bench(5);
  bench.before = [](size_t number) -> std::optional<HttpResponse> {
    if (number > 1) return std::nullopt;
    const std::string body = R"({"stored_through":0})";
    return http_response(
        200, body + std::string(kForwardAnswerBytesMax + 1 - number - body.size(), ' '));
  };
  bench.start();
  CHECK(bench.delivered(5));
  bench.forwarder->stop();
  CHECK(bench.forwarder->stats().senders.failures == 1);  // one byte less is an answer
}

TEST_CASE("an answer that is no JSON object counts as none") {
  Bench bench(5);
  bench.before = [](size_t number) -> std::optional<HttpResponse> {
    constexpr const char* kBodies[] = {"<html>",
                                       "",
                                       "[]",
                                       "{\"stored_through\":\"0\"}",
                                       "{\"stored_through\":-1}",
                                       "{\"stored_through\":1e99}"};
    if (number >= std::size(kBodies)) return std::nullopt;
    return http_response(200, kBodies[number]);
  };
  bench.start();
  CHECK(bench.delivered(5));
  bench.forwarder->stop();
  CHECK(bench.forwarder->stats().senders.failures == 6);
}

TEST_CASE("an answer that does not come is given up and asked for again") {
  Bench bench(5);
  bench.options.http.exchange_timeout_ms = 300;
  bench.before = [](size_t number) -> std::optional<HttpResponse> {
    if (number != 1) return std::nullopt;
    return http_response(HttpTestServer::kHang);
  };
  bench.start();
  CHECK(bench.delivered(5));
}

TEST_CASE("a redirect is not followed") {
  Bench bench(5);
  bench.before = [&](size_t number) -> std::optional<HttpResponse> {
    if (number != 0) return std::nullopt;
    HttpResponse response = http_response(302);
    response.set("Location", "/elsewhere");
    return response;
  };
  bench.start();
  CHECK(bench.delivered(5));
  bench.forwarder->stop();
  for (const HttpRequest& request : bench.requests) CHECK(request.target() != "/elsewhere");
}

TEST_CASE("stopping ends a request that hangs") {
  Bench bench(5);
  bench.options.http.exchange_timeout_ms = 3'600'000;
  bench.before = [](size_t) { return http_response(HttpTestServer::kHang); };
  bench.start();
  CHECK(eventually([&] { return bench.request_count() == 1; }));
  bench.forwarder->stop();
  bench.forwarder->stop();  // may be repeated
}

TEST_CASE("wake sends without waiting for the interval") {
  Bench bench(1);
  bench.options.sender.interval_ms = 3'600'000;
  bench.options.poll_ms = 3'600'000;
  bench.start();
  CHECK(bench.delivered(1));
  bench.logs->add_events(1);
  CHECK(eventually([&] {
    bench.forwarder->wake();
    const std::lock_guard lock(bench.mutex);
    return bench.receiver.stored().size() == 2;
  }));
}

TEST_CASE("a failing database is waited for and reported once") {
  CaughtLog log;
  Bench bench(5);
  bench.logs->failures = 1;
  bench.start();
  CHECK(bench.delivered(5));
  CHECK(eventually([&] { return bench.forwarder->stats().local_failures == 1; }));
  bench.forwarder.reset();
  CHECK(log.count("the disk is on fire") == 1);
}

TEST_CASE("other events under our numbers: the log goes on under a new name, nothing doubled") {
  Bench bench(5);
  const std::string path = "/v1/sites/den/logs/01000000000000000000000000000000";
  bench.receiver.logs[path] = {{0, 9, 77, false, {1, 2, 3, 4, 5, 106, 107, 108, 109}}};
  bench.start();
  bench.logs->add_events(2);
  CHECK(bench.delivered(11));
  CHECK(eventually([&] { return bench.forwarder->stats().forks == 1; }));
  // The two events may come before the log goes on in a new one, and then move there, or after.
  CHECK(eventually([&] {
    const uint64_t old_acked = bench.logs->acked(0);
    return (old_acked == 7 || old_acked == 5) && bench.logs->acked(1) == 2;
  }));
  bench.forwarder->stop();
  for (const auto& [serial, times] : bench.receiver.stored()) CHECK(times == 1);
}

// A damaged database made way for a new one, and came back with its logs in front.
TEST_CASE("in another database a number is another log's, and each log goes on under its name") {
  Bench bench(5);
  bench.start();
  CHECK(bench.delivered(5));
  test::ModelLog old;
  {
    const std::lock_guard lock(bench.logs->mutex);
    old = bench.logs->logs.at(0);
    bench.logs->logs.at(0) = {};
    bench.logs->logs.at(0).id.bytes[0] = 77;
    ++bench.logs->database_number;
  }
  bench.logs->add_events(3);
  CHECK(bench.delivered(8));
  {
    const std::lock_guard lock(bench.logs->mutex);
    bench.logs->logs.insert(bench.logs->logs.begin(), old);
    ++bench.logs->database_number;
  }
  bench.logs->add_events(2);
  CHECK(bench.delivered(10));
  bench.forwarder->stop();
  for (const auto& [serial, times] : bench.receiver.stored()) CHECK(times == 1);
  CHECK(bench.receiver.logs.size() == 2);
}

TEST_CASE("what was new at a start that found no receiver is new at the next one") {
  const TemporaryFolder folder;
  Bench bench(5);
  bench.options.marks_path = folder.path("forward.marks");
  const std::string path = "/v1/sites/den/logs/01000000000000000000000000000000";
  bench.receiver.logs[path] = {{0, 9, 77, false, {1, 2, 3, 4, 5, 106, 107, 108, 109}}};
  std::atomic<bool> away{true};
  bench.before = [&](size_t) -> std::optional<HttpResponse> {
    if (!away) return std::nullopt;
    return http_response(503);
  };
  bench.start();
  bench.logs->add_events(2);
  CHECK(eventually([&] { return bench.request_count() > 0; }));
  bench.forwarder.reset();
  away = false;
  bench.start();
  CHECK(bench.delivered(11));
}

TEST_CASE("marks that cannot be saved hold nothing up, are told once, and saved when they can be") {
  const CaughtLog log;
  const TemporaryFolder folder;
  Bench bench(5);
  bench.options.marks_path = folder.path("data/forward.marks");
  std::atomic<bool> away{true};
  bench.before = [&](size_t) -> std::optional<HttpResponse> {
    if (!away) return std::nullopt;
    return http_response(503);
  };
  bench.start();
  CHECK(eventually([&] { return bench.request_count() > 2; }));
  std::filesystem::create_directory(folder.path("data"));
  CHECK(eventually([&] { return std::filesystem::exists(bench.options.marks_path); }));
  away = false;
  CHECK(bench.delivered(5));
  bench.forwarder.reset();
  CHECK(log.count("forward: the file of marks: ") == 1);
  CHECK(log.count("forward: the file of marks works again") == 1);
}

TEST_CASE("a URL that would show the token is refused") {
  for (const char* url : {"http://weir.example", "http://192.0.2.1:80", "ftp://127.0.0.1", "",
                          "http://127.0.0.1@weir.example", "http://localhost.example"}) {
    CAPTURE(url);
    Bench bench;
    bench.options.http.base_url = url;
    const auto made = Forwarder::start(bench.options, std::make_unique<ModelSource>(bench.logs));
    CHECK(made.status().code() == Code::kInvalid);
  }
  for (const char* url :
       {"https://weir.example", "http://[::1]:80", "http://localhost:80/x", "http://127.1.2.3"}) {
    CAPTURE(url);
    CHECK(HttpClient::make({.base_url = url, .token = {}, .headers = {}}).ok());
  }
}

TEST_CASE("the metrics have their names") {
  Bench bench(5);
  bench.start();
  CHECK(bench.delivered(5));
  size_t found = 0;
  for (const auto& family : bench.forwarder->Collect()) {
    CHECK(family.name.starts_with("weir_forward_"));
    found += family.name == "weir_forward_lag_events" ? 1U : 0U;
  }
  CHECK(found == 1);
}

}  // namespace
}  // namespace weir
