#include "weir/forward.h"

#include "catch.h"
#include "support/forward_model.h"

namespace weir {
namespace {

using test::ModelLog;
using test::ModelReceiver;

constexpr int64_t kStartMs = 500'000 * kHourMs;  // UTC, the beginning of an hour
const std::string kPath = "/v1/sites/den/logs/01000000000000000000000000000000";

// A host around one sender: does its actions against the models until it waits. Answers that a test
// wants otherwise are put into `scripted`, one per exchange.
class Host {
 public:
  explicit Host(uint64_t events, Sender::Start start = {}) : sender_(make(events, start)) {}

  // Runs to the next Wait, or the end; returns until when it waits.
  int64_t run() {
    for (int steps = 0; steps < 500; ++steps) {
      const Sender::Action action = sender_.next(now_ms, kStartMs + now_ms);
      if (const auto* wait = std::get_if<Sender::Wait>(&action)) return wait->until_ms;
      if (std::holds_alternative<Sender::Finished>(action)) {
        finished = true;
        return 0;
      }
      take(action);
    }
    FAIL("the sender does not come to rest");
    return 0;
  }
  // Goes on at the time for which the sender waits.
  int64_t run_at(int64_t time_ms) {
    now_ms = time_ms;
    return run();
  }
  void add_events(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      log.events.push_back({++serial_, kStartMs + now_ms});
    }
    sender_.set_own_end(log.end(), false);
  }
  void refuse(int http_status, int64_t retry_after_s = 0) {
    scripted.push_back({.http_status = http_status, .retry_after_s = retry_after_s});
  }

  ModelLog log;
  ModelReceiver receiver;
  std::vector<ReceiverAnswer> scripted;
  std::vector<std::string> requests;
  std::vector<Bytes> bodies;
  std::optional<uint64_t> fork;
  Status local;  // what local operations answer
  int64_t now_ms = 1000;
  bool finished = false;
  bool lose_answers = false;

  Sender& sender() { return sender_; }

 private:
  Sender make(uint64_t events, Sender::Start start) {
    log.id.bytes[0] = 1;
    for (uint64_t i = 0; i < events; ++i) log.events.push_back({++serial_, kStartMs});
    start.log = log.id;
    start.site = "den";
    start.own_end = events;
    if (start.trusted_end == 0) start.trusted_end = events;
    log.acked = start.acked;
    return Sender(start, {.interval_ms = 10'000, .retry_ms_min = 1'000, .retry_ms_max = 60'000});
  }

  void answer(const std::string& what, const ReceiverAnswer& real) {
    requests.push_back(what);
    ReceiverAnswer given = lose_answers ? ReceiverAnswer{} : real;
    if (!scripted.empty()) {
      given = scripted.front();
      scripted.erase(scripted.begin());
    }
    sender_.on_answer(given, now_ms);
  }

  void take(const Sender::Action& action) {
    if (const auto* get = std::get_if<Sender::Get>(&action)) {
      answer("GET", receiver.get(get->path));
    } else if (const auto* put = std::get_if<Sender::Put>(&action)) {
      bodies.emplace_back(put->body.begin(), put->body.end());
      const bool reaches = scripted.empty() || scripted.front().http_status == 0;
      answer("PUT " + put->path.substr(put->path.rfind('/') + 1),
             reaches ? receiver.put(put->path, put->body) : ReceiverAnswer{});
    } else if (const auto* cut = std::get_if<Sender::Cut>(&action)) {
      sender_.on_cut(local, log.cut(cut->from, kStartMs + now_ms, cut->limits), now_ms);
    } else if (const auto* verify = std::get_if<Sender::Verify>(&action)) {
      sender_.on_verified(local, log.same(*verify), now_ms);
    } else if (const auto* save = std::get_if<Sender::Save>(&action)) {
      if (local.ok()) log.acked = save->acked;
      sender_.on_saved(local, now_ms);
    } else if (const auto* forked = std::get_if<Sender::Fork>(&action)) {
      fork = forked->from;
      sender_.on_saved(local, now_ms);
    }
  }

  uint64_t serial_ = 0;
  Sender sender_;
};

using Requests = std::vector<std::string>;

TEST_CASE("a sender asks where the receiver stands, then sends what it lacks") {
  Host host(5);
  host.run();
  CHECK(host.requests == Requests{"GET", "PUT 0"});
  CHECK(host.log.acked == 5);
  CHECK(host.sender().verified());
  CHECK(host.sender().stats().events_acked == 5);
  CHECK(host.receiver.stored().size() == 5);
}

TEST_CASE("paths name site, log and first event") {
  Host host(1);
  host.run();
  REQUIRE(host.receiver.logs.size() == 1);
  CHECK(host.receiver.logs.begin()->first == kPath);
}

TEST_CASE("a sender that was told of more than the database has rests until there is more") {
  Host host(0);
  host.sender().set_own_end(5, false);
  host.run();
  CHECK(host.requests == Requests{"GET"});
  host.run_at(host.now_ms + 60'000);
  CHECK(host.requests == Requests{"GET"});
  host.add_events(3);
  host.run_at(host.now_ms + 60'000);
  CHECK(host.requests == Requests{"GET", "PUT 0"});
  CHECK(host.log.acked == 3);
}

TEST_CASE("the open tail is sent whole again each interval") {
  Host host(3);
  host.run();
  host.add_events(2);
  const int64_t until = host.run();
  CHECK(until == 1000 + 10'000);
  host.run_at(until);
  CHECK(host.requests == Requests{"GET", "PUT 0", "PUT 0"});
  CHECK(host.receiver.logs[kPath].size() == 1);
  CHECK(host.receiver.logs[kPath][0].count == 5);
}

TEST_CASE("nothing is sent while nothing is new, until the hour is over and the tail is sealed") {
  Host host(3);
  const int64_t until = host.run();
  CHECK(until == kHourMs + kSealDelayMs);
  CHECK(host.receiver.logs[kPath][0].open);
  CHECK(host.run_at(until) == INT64_MAX);
  CHECK_FALSE(host.receiver.logs[kPath][0].open);
}

TEST_CASE("a full segment does not wait for the interval") {
  Host host(1);
  host.run();
  host.add_events(kSegmentEdgeEventsMax - 2);
  CHECK(host.run() == 11'000);
  host.add_events(1);
  host.run();
  CHECK(host.log.acked == kSegmentEdgeEventsMax);
}

TEST_CASE("wake sends what there is without waiting") {
  Host host(1);
  host.run();
  host.add_events(1);
  host.sender().wake();
  host.run();
  CHECK(host.log.acked == 2);
}

TEST_CASE("a receiver's shorter interval is kept, a longer one is not") {
  for (const int64_t asked_s : {3, 60, 0}) {
    Host host(1);
    host.receiver.interval_s = asked_s;
    host.run();
    host.add_events(1);
    CHECK(host.run() == 1000 + std::clamp<int64_t>(asked_s, 1, 10) * 1000);
  }
}

TEST_CASE("the same bytes are repeated after a lost answer, and count once") {
  Host host(5);
  host.scripted = {host.receiver.get(kPath), {}};
  const int64_t until = host.run();
  CHECK(host.log.acked == 0);
  host.add_events(1);
  host.run_at(until);
  REQUIRE(host.bodies.size() == 2);
  CHECK(host.bodies[0] == host.bodies[1]);
  CHECK(host.log.acked == 5);
  CHECK(host.receiver.stored().size() == 5);
}

TEST_CASE("backoff doubles up to its bound and never falls below half of it") {
  Host host(5);
  host.lose_answers = true;
  int64_t delay_ms = 1'000;
  for (int failures = 0; failures < 12; ++failures) {
    const int64_t until = host.run();
    CHECK(until - host.now_ms > delay_ms / 2);
    CHECK(until - host.now_ms <= delay_ms);
    delay_ms = std::min<int64_t>(delay_ms * 2, 60'000);
    host.now_ms = until;
  }
  CHECK(host.sender().stats().failures == 12);
  CHECK(host.sender().stats().last_http_status == 0);
}

TEST_CASE("Retry-After is honoured, up to its bound") {
  for (const int http_status : {429, 503}) {
    Host host(5);
    host.refuse(http_status, 100);
    CHECK(host.run() == 101'000);
    host.refuse(http_status, kRetryAfterMsMax / 1000 + 1);
    CHECK(host.run_at(101'000) == 101'000 + kRetryAfterMsMax);
    host.refuse(http_status, -5);
    CHECK(host.run_at(101'000 + kRetryAfterMsMax) > 101'000 + kRetryAfterMsMax);
  }
}

TEST_CASE("other refusals wait the longest backoff and then repeat") {
  for (const int http_status : {301, 400, 401, 403, 404}) {
    Host host(5);
    host.refuse(http_status);
    CHECK(host.run() == 61'000);
    host.run_at(61'000);
    CHECK(host.log.acked == 5);
  }
}

TEST_CASE("a 200 without stored_through is no answer of a receiver") {
  Host host(5);
  host.refuse(200);
  CHECK(host.run() > host.now_ms);
  CHECK(host.requests == Requests{"GET"});
}

TEST_CASE("a gap at the receiver, which lost its newest rows, is filled again") {
  Host host(3);
  host.run();
  const auto old = host.receiver.logs;
  host.add_events(5);
  host.sender().wake();
  host.run_at(kHourMs + kSealDelayMs);  // sealed
  host.receiver.logs = old;
  host.add_events(2);
  host.sender().wake();
  host.run();
  CHECK(host.sender().stats().conflicts == 1);
  CHECK(host.receiver.stored().size() == 10);
  CHECK(host.log.acked == 10);
}

TEST_CASE("a receiver that lost everything gets everything") {
  Host host(3);
  host.run();
  host.receiver.logs.clear();
  host.add_events(1);
  host.sender().wake();
  host.run_at(2 * kHourMs);
  CHECK(host.receiver.stored().size() == 4);
}

TEST_CASE("an overlap, since an earlier answer never came, is verified and passed over") {
  Host host(8, {.acked = 0});
  host.receiver.put(kPath + "/0", host.log.cut(0, kStartMs, {}).body);
  host.log.acked = 0;
  host.add_events(2);
  host.scripted = {ModelReceiver().get(kPath)};  // an old standing: it had nothing yet
  host.run();
  CHECK(host.receiver.stored().size() == 10);
  CHECK(host.log.acked == 10);
  CHECK_FALSE(host.fork.has_value());
}

TEST_CASE("conflict after conflict backs off instead of spinning") {
  Host host(3);
  for (int i = 0; i < 2; ++i) {
    host.scripted.push_back(host.receiver.get(kPath));
    host.refuse(409);
  }
  CHECK(host.run() > host.now_ms);
  CHECK(host.requests.size() == 4);
}

TEST_CASE("a receiver that never means what it says is asked with backoff") {
  Host host(3);
  ReceiverAnswer wrong;
  wrong.http_status = 200;
  wrong.stored_through = 2;
  for (int i = 0; i < 2; ++i) {
    host.scripted.push_back(host.receiver.get(kPath));
    host.scripted.push_back(wrong);
  }
  CHECK(host.run() > host.now_ms);
  CHECK(host.log.acked == 0);
}

TEST_CASE("a receiver that is ahead of our end is a fork from the trusted end") {
  Host host(5, {.acked = 2, .trusted_end = 4});
  host.receiver.logs[kPath] = {{0, 9, 77, false, {}}};
  host.run();
  CHECK(host.fork == 4);
  CHECK(host.finished);
}

TEST_CASE("other content under the same numbers is a fork") {
  Host host(9, {.acked = 2, .trusted_end = 4});
  host.receiver.logs[kPath] = {{0, 3, 1, false, {}}, {3, 4, 77, false, {}}};
  host.run();
  CHECK(host.fork == 4);
}

TEST_CASE("other content within what was trusted forks from the row that differs") {
  Host host(9, {.acked = 9});
  host.receiver.logs[kPath] = {{0, 3, 1, false, {}}, {3, 4, 77, false, {}}};
  host.run();
  CHECK(host.fork == 3);
}

TEST_CASE("a fork that the receiver finds is a fork from what was acked") {
  Host host(3);
  host.run();
  host.add_events(1);
  host.sender().wake();
  host.scripted = {{.http_status = 409, .stored_through = 3, .fork = true}};
  host.run();
  CHECK(host.fork == 3);
  CHECK(host.finished);
}

TEST_CASE("a closed log whose receiver is ahead is all there: no fork") {
  Host host(5, {.acked = 2, .closed = true});
  host.receiver.logs[kPath] = {{0, 9, 77, false, {}}};
  host.run();
  CHECK_FALSE(host.fork.has_value());
  CHECK(host.log.acked == 5);
  CHECK(host.finished);
}

TEST_CASE("a closed log is sealed at once and its sender finishes") {
  Host host(5, {.closed = true});
  host.run();
  CHECK(host.finished);
  REQUIRE(host.receiver.logs[kPath].size() == 1);
  CHECK_FALSE(host.receiver.logs[kPath][0].open);
}

TEST_CASE("a log that closes while its tail is open is sealed then") {
  Host host(5);
  host.run();
  host.sender().set_own_end(5, true);
  host.run();
  CHECK(host.finished);
  CHECK_FALSE(host.receiver.logs[kPath].back().open);
}

TEST_CASE("422 ends in a gap for the event that is refused, and for no other") {
  Host host(100);
  host.receiver.poison = {1, 37, 100};
  host.run();
  CHECK(host.log.acked == 100);
  CHECK(host.sender().stats().gaps_declared == 3);
  const auto stored = host.receiver.stored();
  CHECK(stored.size() == 97);
  CHECK_FALSE(stored.contains(37));
}

TEST_CASE("422 in the growing tail leaves what is stored of it") {
  Host host(11);
  host.run();
  host.receiver.poison = {15};
  host.add_events(9);
  host.sender().wake();
  host.run();
  CHECK(host.log.acked == 20);
  CHECK(host.receiver.stored().size() == 19);
  CHECK(host.sender().stats().conflicts == 0);
}

TEST_CASE("413 makes the bodies smaller until they pass") {
  Host host(400);
  host.receiver.body_bytes_max = 600;
  host.run();
  CHECK(host.log.acked == 400);
  CHECK(host.sender().stats().gaps_declared == 0);
  CHECK(host.receiver.stored().size() == 400);
}

TEST_CASE("a receiver that refuses even gaps is asked again at the longest backoff") {
  Host host(1);
  host.scripted = {host.receiver.get(kPath)};
  host.refuse(422);
  host.refuse(422);
  CHECK(host.run() == 61'000);
  host.run_at(61'000);
  CHECK(host.log.acked == 1);
}

TEST_CASE("each local operation that fails is repeated") {
  for (int failing = 0; failing < 4; ++failing) {
    Host host(8, {.acked = 0});
    host.receiver.put(kPath + "/0", host.log.cut(0, kStartMs, {.segment_events_max = 4}).body);
    for (int step = 0; step < 20 && host.log.acked < 8; ++step) {
      host.local = step == failing ? Status(Code::kUnavailable, "busy") : Status();
      host.now_ms = std::max(host.now_ms, std::min<int64_t>(host.run(), host.now_ms + 60'000));
    }
    CHECK(host.log.acked == 8);
    CHECK(host.receiver.stored().size() == 8);
  }
}

}  // namespace
}  // namespace weir
