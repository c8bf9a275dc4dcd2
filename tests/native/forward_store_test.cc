// The forwarder between two real databases: operations on SQLite on this side, the receiver's own
// operations on SQLite behind HTTP on the other. In the end both hold the same events.
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "contract/stores.h"
#include "native/forward/forwarder.h"
#include "native/runtime/clock.h"
#include "support/http_test_server.h"
#include "weir/access.h"

namespace weir {
namespace {

using test::HttpRequest;
using test::HttpResponse;
using test::HttpTestServer;

// A database that several threads use.
class SharedStore final : public OperationRunner {
 public:
  Status run(Operation& operation, const std::function<void(Emit)>& emit) override {
    const std::lock_guard lock(mutex_);
    return run_operation(operation, store_.executor(), emit);
  }
  // Use it while no other thread does.
  Executor& executor() { return store_.executor(); }

 private:
  std::mutex mutex_;
  SqliteStore store_;
};

class Receiver {
 public:
  Receiver() { REQUIRE(run(store.executor(), put_token(token_, "sender", "ingest:den", 1)).ok()); }

  std::unique_ptr<HttpResponse> answer(const HttpRequest& request) {
    if (away) return nullptr;
    HttpResponse response = test::http_response(500);
    const auto operation = operation_of(request);
    const Status status = store.run(*operation, [&](const Emit& emit) {
      response.body() += emit.bytes;
      if (emit.head) response.result(static_cast<unsigned>(emit.head->status));
    });
    response.prepare_payload();
    return status.ok() ? std::make_unique<HttpResponse>(std::move(response)) : nullptr;
  }

  SharedStore store;
  std::atomic<bool> away{false};

 private:
  // /v1/sites/den/logs/{log_id}[/{first}]
  OperationPtr operation_of(const HttpRequest& request) {
    constexpr std::string_view kPrefix = "/v1/sites/den/logs/";
    const std::string path = std::string(request.target()).substr(kPrefix.size());
    const auto log = parse_log_id(path.substr(0, 32));
    WEIR_CHECK(log.ok());
    if (path.size() == 32) return ingest_state("den", *log, token_, 60);
    IngestRequest put;
    put.site = "den";
    put.log = *log;
    put.first = std::stoull(path.substr(33));
    put.body = Bytes(request.body().begin(), request.body().end());
    put.token_sha256 = token_;
    put.now_ms = wall_clock_ms();
    return ingest(std::move(put));
  }

  const Bytes token_ = Bytes(kTokenHashBytes, 0x11);
};

// Waits for another thread; the bound only ends a test that has failed.
bool acked_through(SharedStore& store, int64_t log_no, uint64_t end) {
  for (int i = 0; i < 2000; ++i) {
    std::vector<LogState> logs;
    if (!store.run(*list_logs("", &logs), {}).ok()) return false;
    for (const LogState& log : logs) {
      if (log.log_no == log_no && log.acked == end) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class Sending {
 public:
  Sending() : server_([this](const HttpRequest& request) { return receiver.answer(request); }) {
    LogState state;
    REQUIRE(run(store.executor(), open_log(sample_log(1), "den", 1, &state)).ok());
    log_no = state.log_no;
  }

  void start() {
    ForwarderOptions options;
    options.http.base_url = server_.url();
    options.site = "den";
    options.sender = {.interval_ms = 20, .retry_ms_min = 5, .retry_ms_max = 40};
    options.poll_ms = 10;
    LogWriterHooks hooks;
    hooks.database_number = [] { return uint64_t{1}; };
    hooks.current_log_no = [this] { return log_no; };
    hooks.fork = [](int64_t, uint64_t) { return Status(Code::kUnsupported, "no fork here"); };
    auto made = Forwarder::start(options, operation_log_source(store, hooks));
    REQUIRE(made.ok());
    forwarder = std::move(made).value();
  }
  // Events [first, first + count) of the hour that began `hours` before this one.
  void append(uint64_t first, uint64_t count, int64_t hours) {
    const int64_t hour_ms = (wall_clock_ms() / kHourMs - hours) * kHourMs;
    const auto operation = weir::append(
        batch_of(log_no, {sample_segment({.first = first, .count = count, .start_ms = hour_ms})}));
    REQUIRE(store.run(*operation, {}).ok());
  }
  bool both_hold_the_same() {
    return content_of(store.executor(), log_no) == content_of(receiver.store.executor(), 1);
  }

  SharedStore store;
  Receiver receiver;
  int64_t log_no = 0;
  std::unique_ptr<Forwarder> forwarder;

 private:
  HttpTestServer server_;  // ends before the receiver
};

TEST_CASE("a log of several hours arrives, and so does what is appended meanwhile") {
  Sending sending;
  sending.append(0, 100, 3);
  sending.append(100, 50, 1);
  sending.append(150, 20, 0);
  sending.start();
  CHECK(acked_through(sending.store, sending.log_no, 170));
  sending.append(170, 30, 0);
  CHECK(acked_through(sending.store, sending.log_no, 200));
  sending.append(200, 30, 0);
  CHECK(acked_through(sending.store, sending.log_no, 230));
  sending.forwarder.reset();
  CHECK(sending.both_hold_the_same());
}

TEST_CASE("a forwarder that starts again goes on where the receiver stands") {
  Sending sending;
  sending.append(0, 100, 2);
  sending.append(100, 10, 0);
  sending.start();
  CHECK(acked_through(sending.store, sending.log_no, 110));
  sending.forwarder.reset();
  sending.append(110, 10, 0);
  sending.start();
  CHECK(acked_through(sending.store, sending.log_no, 120));
  sending.forwarder.reset();
  CHECK(sending.both_hold_the_same());
}

TEST_CASE("what is appended while the receiver is away arrives when it is back") {
  Sending sending;
  sending.append(0, 10, 1);
  sending.receiver.away = true;
  sending.start();
  sending.append(10, 10, 0);
  sending.append(20, 10, 0);
  sending.receiver.away = false;
  CHECK(acked_through(sending.store, sending.log_no, 30));
  sending.forwarder.reset();
  CHECK(sending.both_hold_the_same());
}

TEST_CASE("more than one request's worth of events arrives in one go") {
  Sending sending;
  for (uint64_t hour = 0; hour < 40; ++hour) {
    sending.append(hour * 50, 50, static_cast<int64_t>(40 - hour));
  }
  sending.start();
  CHECK(acked_through(sending.store, sending.log_no, 2000));
  CHECK(sending.forwarder->stats().senders.requests <= 6);  // GET, 3 × PUT of 16 segments at most
  sending.forwarder.reset();
  CHECK(sending.both_hold_the_same());
}

}  // namespace
}  // namespace weir
