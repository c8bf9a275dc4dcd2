// ingest, ingest_state: what a sender is told, and that it is true.
#include "contract/stores.h"
#include "support/failing_executor.h"
#include "weir/access.h"

namespace weir {
namespace {

const Bytes kToken(kTokenHashBytes, 0x11);    // ingest:home
const Bytes kReader(kTokenHashBytes, 0x22);   // read:*
const Bytes kUnknown(kTokenHashBytes, 0x33);  // of nobody

struct Answer {
  int status = 0;
  int64_t retry_after_s = 0;
  std::string body;
};

Answer answer_to(Executor& executor, OperationPtr operation) {
  Answer answer;
  const Status status = run_operation(*operation, executor, [&](const Emit& emit) {
    if (emit.head) {
      answer.status = emit.head->status;
      answer.retry_after_s = emit.head->retry_after_s;
    }
    answer.body += emit.bytes;
  });
  REQUIRE(status.ok());
  return answer;
}

Bytes body_of(const std::vector<Bytes>& segments) {
  Bytes body;
  for (const Bytes& segment : segments) body.insert(body.end(), segment.begin(), segment.end());
  return body;
}

struct Sent {
  uint64_t first = 0;
  std::vector<Bytes> segments;
  LogId log = sample_log(1);
  std::string site = "home";
  Bytes token = kToken;
};
Answer put(Executor& executor, const Sent& sent) {
  IngestRequest request;
  request.site = sent.site;
  request.log = sent.log;
  request.first = sent.first;
  request.body = body_of(sent.segments);
  request.token_sha256 = sent.token;
  request.now_ms = kSampleHourMs;
  return answer_to(executor, ingest(std::move(request)));
}
Answer ask(Executor& executor, const Bytes& token = kToken, const std::string& site = "home") {
  return answer_to(executor, ingest_state(site, sample_log(1), token, 60));
}

void allow(Executor& executor) {
  REQUIRE(run(executor, put_token(kToken, "sender", "ingest:home ingest:office", 1)).ok());
  REQUIRE(run(executor, put_token(kReader, "reader", "read:*", 1)).ok());
}

bool says(const Answer& answer, int status, const std::string& part) {
  CAPTURE(answer.status, answer.body);
  return answer.status == status && answer.body.find(part) != std::string::npos;
}
bool stored_through(const Answer& answer, uint64_t end) {
  return says(answer, 200, "{\"stored_through\":" + std::to_string(end) + ",");
}
bool conflicts(const Answer& answer, const std::string& code, uint64_t end) {
  return says(answer, 409,
              "\"code\":\"" + code + "\",\"stored_through\":" + std::to_string(end) + "}");
}

TEMPLATE_TEST_CASE("a log grows by what is sent, and a repeat changes nothing", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  allow(store.executor());
  const Sent first{0, {sample_segment({.count = 10}), sample_segment({.first = 10})}};
  CHECK(stored_through(put(store.executor(), first), 20));
  CHECK(stored_through(put(store.executor(), first), 20));
  CHECK(stored_through(put(store.executor(), {20, {sample_segment({.first = 20})}}), 30));
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 30));
}

TEMPLATE_TEST_CASE("an open tail is replaced by a longer one, sealed, and then continued", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  allow(store.executor());
  const auto tail = [](uint64_t count, bool open) {
    return Sent{5, {sample_segment({.first = 5, .count = count, .open = open})}};
  };
  CHECK(stored_through(put(store.executor(), {0, {sample_segment({.count = 5})}}), 5));
  CHECK(stored_through(put(store.executor(), tail(3, true)), 8));
  CHECK(stored_through(put(store.executor(), tail(9, true)), 14));
  CHECK(conflicts(put(store.executor(), tail(8, true)), "overlap", 14));
  CHECK(stored_through(put(store.executor(), tail(9, false)), 14));
  CHECK(conflicts(put(store.executor(), tail(12, false)), "overlap", 14));
  CHECK(stored_through(put(store.executor(), {14, {sample_segment({.first = 14})}}), 24));
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 24));
}

TEMPLATE_TEST_CASE("events that are there are not replaced by a gap", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  allow(store.executor());
  CHECK(stored_through(put(store.executor(), {0, {sample_segment({.open = true})}}), 10));
  const auto gap = [](uint64_t first) {
    return encode_gap(sample_log(1), first, 20, GapReason::kCorrupt, kSampleHourMs, {});
  };
  CHECK(conflicts(put(store.executor(), {0, {gap(0)}}), "overlap", 10));
  CHECK(stored_through(put(store.executor(), {10, {gap(10)}}), 20));
  CHECK(content_of(store.executor(), 1).front() == sample_lines(0, 1).front());
}

TEMPLATE_TEST_CASE("an open tail may be sealed and followed in one request", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  allow(store.executor());
  CHECK(
      stored_through(put(store.executor(), {0, {sample_segment({.count = 4, .open = true})}}), 4));
  const Sent more{0, {sample_segment({.count = 10}), sample_segment({.first = 10, .open = true})}};
  CHECK(stored_through(put(store.executor(), more), 20));
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 20));
}

TEMPLATE_TEST_CASE("what does not begin at the log's end is a gap or an overlap", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  allow(store.executor());
  CHECK(conflicts(put(store.executor(), {7, {sample_segment({.first = 7})}}), "gap", 0));
  CHECK(stored_through(put(store.executor(), {0, {sample_segment({})}}), 10));
  CHECK(conflicts(put(store.executor(), {11, {sample_segment({.first = 11})}}), "gap", 10));
  CHECK(conflicts(put(store.executor(), {9, {sample_segment({.first = 9})}}), "overlap", 10));
  CHECK(content_of(store.executor(), 1) == sample_lines(0, 10));
}

TEMPLATE_TEST_CASE("other events under the newest row's numbers are a fork", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  allow(store.executor());
  CHECK(stored_through(put(store.executor(), {0, {sample_segment({})}}), 10));
  const Sent other{0, {sample_segment({.start_ms = kSampleHourMs + 5})}};
  CHECK(conflicts(put(store.executor(), other), "fork", 10));
}

TEMPLATE_TEST_CASE("only a token of the log's own site may send and ask", "", MemoryStore,
                   SqliteStore) {
  TestType store;
  allow(store.executor());
  const auto as = [&](const Bytes& token, const std::string& site) {
    return put(store.executor(), {0, {sample_segment({})}, sample_log(1), site, token}).status;
  };
  CHECK(as({}, "home") == 401);
  CHECK(as(kUnknown, "home") == 401);
  CHECK(as(kReader, "home") == 403);
  CHECK(as(kToken, "attic") == 403);
  CHECK(as(kToken, "home") == 200);
  CHECK(as(kToken, "office") == 403);  // the log is home's
  CHECK(ask(store.executor(), {}).status == 401);
  CHECK(ask(store.executor(), kReader).status == 403);
  CHECK(ask(store.executor(), kToken, "office").status == 403);
}

TEMPLATE_TEST_CASE("a sender asks where to go on", "", MemoryStore, SqliteStore) {
  TestType store;
  allow(store.executor());
  CHECK(says(ask(store.executor()), 200, "{\"stored_through\":0,\"last\":null,\"limits\":{"));
  CHECK(stored_through(put(store.executor(), {0, {sample_segment({.count = 3})}}), 3));
  const Bytes last = sample_segment({.first = 3, .count = 4, .open = true});
  CHECK(stored_through(put(store.executor(), {3, {last}}), 7));
  const std::string crc = std::to_string(read_segment_head(last)->content_crc);
  CHECK(says(ask(store.executor()), 200,
             "{\"stored_through\":7,\"last\":{\"first\":3,\"count\":4,\"crc\":" + crc + "}"));
}

TEMPLATE_TEST_CASE("a body at the bound of segments is stored, one more is too large", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  allow(store.executor());
  Sent sent;
  for (uint64_t first = 0; first <= kIngestSegmentsMax; ++first) {
    sent.segments.push_back(sample_segment({.first = first, .count = 1}));
  }
  CHECK(put(store.executor(), sent).status == 413);
  sent.segments.pop_back();
  CHECK(stored_through(put(store.executor(), sent), kIngestSegmentsMax));
}

TEMPLATE_TEST_CASE("a segment at the bound of events is stored, one more is too large", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  allow(store.executor());
  SegmentBuilder builder;
  SegmentBuilder::Options options;
  options.log = sample_log(1);
  const Event event = sample_event(0);
  while (builder.count() < kSegmentEdgeEventsMax) REQUIRE(builder.add(event).ok());
  const Bytes full = builder.encode(options);
  REQUIRE(builder.add(event).ok());
  const Bytes over = builder.encode(options);
  CHECK(put(store.executor(), {0, {over}}).status == 413);
  CHECK(stored_through(put(store.executor(), {0, {full}}), kSegmentEdgeEventsMax));
  CHECK(put(store.executor(), {0, {Bytes(kIngestBytesMax + 1)}}).status == 413);
}

TEMPLATE_TEST_CASE("a body that is not the path's segments is invalid and leaves nothing", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  allow(store.executor());
  const Bytes good = sample_segment({});
  const auto refused = [&](const Sent& sent) { return put(store.executor(), sent).status == 422; };
  CHECK(refused({0, {}}));
  CHECK(refused({1, {good}}));
  CHECK(refused({0, {sample_segment({.log = sample_log(2)})}}));
  CHECK(refused({0, {good, sample_segment({.first = 11})}}));
  CHECK(refused({0, {sample_segment({.open = true}), sample_segment({.first = 10})}}));
  for (size_t size = 0; size < good.size(); ++size) {
    CHECK(refused({0, {Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size))}}));
  }
  for (size_t at = 0; at < good.size(); ++at) {
    if (at == 4) continue;  // the version of the format: the next test
    Bytes bad = good;
    bad[at] ^= 0x10;
    CHECK(refused({0, {bad}}));
  }
  CHECK(says(ask(store.executor()), 200, "{\"stored_through\":0,"));
}

TEMPLATE_TEST_CASE("a segment of a newer format is unsupported, not invalid, so it is kept", "",
                   MemoryStore, SqliteStore) {
  TestType store;
  allow(store.executor());
  Bytes newer = sample_segment({});
  ++newer[4];  // the version
  CHECK(put(store.executor(), {0, {newer}}).status == 501);
}

TEMPLATE_TEST_CASE("a sender that repeats through every failure neither loses nor doubles", "",
                   MemoryStore, SqliteStore) {
  const std::vector<Sent> all = {
      {0, {sample_segment({.count = 4}), sample_segment({.first = 4, .count = 2, .open = true})}},
      {4, {sample_segment({.first = 4, .count = 6, .open = true})}},
      {4, {sample_segment({.first = 4, .count = 6}), sample_segment({.first = 10})}}};
  using Moment = FailingExecutor::Moment;
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    bool clean = false;
    for (uint64_t step = 1; !clean; ++step) {
      CAPTURE(step);
      REQUIRE(step < 50);
      TestType store;
      allow(store.executor());
      FailingExecutor failing(&store.executor());
      failing.arm({.step = step, .moment = moment});
      for (const Sent& sent : all) {
        Answer answer = put(failing, sent);
        if (answer.status == 503) {
          CHECK(answer.retry_after_s > 0);
          answer = put(failing, sent);
        }
        CHECK(answer.status == 200);
      }
      CHECK(content_of(store.executor(), 1) == sample_lines(0, 20));
      clean = failing.failures() == 0;
    }
  }
}

}  // namespace
}  // namespace weir
