#include "weir/batcher.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "catch.h"
#include "support/event_generator.h"

namespace weir {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kHour = 1'790'000'000'000 / 3'600'000 * 3'600'000;
const LogId kLog{{1, 2, 3}};

Event event_at(int64_t time_ms) {
  Event event;
  event.time_ms = time_ms;
  event.qname = "nas.home";
  event.qtype = 1;
  return event;
}

BatcherOptions small_options() {
  BatcherOptions options;
  options.buffer_events_max = 100;
  options.batch_events_max = 10;
  options.flush_intervals = {.configured_ms = 1000, .full_ms = 100, .quiet_ms = 5000};
  return options;
}

// A batcher at 50 % fill, where the flush interval is the configured one.
struct Fixture {
  Batcher batcher;
  explicit Fixture(const BatcherOptions& options = small_options(), uint64_t next = 0)
      : batcher(kLog, next, options) {
    batcher.set_fill(50);
  }
  void add(int count, int64_t now_ms, int64_t time_ms = kHour) {
    for (int i = 0; i < count; ++i) REQUIRE(batcher.add(event_at(time_ms), now_ms).ok());
  }
};

SegmentHead head_of(const Bytes& segment) {
  auto head = read_segment_head(segment);
  REQUIRE(head.ok());
  return *head;
}

const Status kBusy(Code::kUnavailable, "busy");
const Status kPoison(Code::kConstraint, "refused");

TEST_CASE("events are numbered from `next` in the order of add") {
  Fixture f(small_options(), 41);
  uint64_t number = 0;
  REQUIRE(f.batcher.add(event_at(kHour), 0, &number).ok());
  CHECK(number == 41);
  REQUIRE(f.batcher.add(event_at(kHour), 0, &number).ok());
  CHECK(number == 42);
  CHECK(f.batcher.next() == 43);
  CHECK(f.batcher.durable_through() == 41);
}

TEST_CASE("an idle batcher has no batch and no deadline") {
  Fixture f;
  CHECK(f.batcher.idle());
  CHECK(f.batcher.poll(1'000'000) == nullptr);
  CHECK(f.batcher.next_deadline_ms() == kNever);
}

TEST_CASE("a batch is due when its oldest event is a flush interval old, and not before") {
  Fixture f;
  f.add(1, 500);
  f.add(1, 1400);
  CHECK(f.batcher.next_deadline_ms() == 1500);
  CHECK(f.batcher.poll(1499) == nullptr);
  const Batch* batch = f.batcher.poll(1500);
  REQUIRE(batch != nullptr);
  CHECK(batch->events == 2);
  CHECK(batch->attempt == 1);
}

TEST_CASE("a batch is due at once at batch_events_max, and not one event earlier") {
  Fixture f;
  f.add(9, 0);
  CHECK(f.batcher.poll(1) == nullptr);
  f.add(1, 0);
  CHECK(f.batcher.next_deadline_ms() <= 1);
  const Batch* batch = f.batcher.poll(1);
  REQUIRE(batch != nullptr);
  CHECK(batch->count == 10);
  CHECK(batch->segments.size() == 1);
}

TEST_CASE("a batch is due at once when its bytes reach the bound") {
  BatcherOptions options = small_options();
  options.batch_events_max = 1000;
  options.buffer_events_max = 1000;
  options.batch_bytes_max = 5000;
  Fixture f(options);
  EventGenerator events;
  int added = 0;
  while (f.batcher.poll(0) == nullptr) {
    REQUIRE(f.batcher.add(events.next(), 0).ok());
    REQUIRE(++added < 1000);
  }
  CHECK(added > 1);
}

TEST_CASE("the fuller the buffer, the sooner it flushes") {
  Fixture f;
  f.add(1, 0);
  f.batcher.set_fill(80);
  CHECK(f.batcher.next_deadline_ms() == 100);
  f.batcher.set_fill(79);
  CHECK(f.batcher.next_deadline_ms() == 1000);
  f.batcher.set_fill(21);
  CHECK(f.batcher.next_deadline_ms() == 1000);
  f.batcher.set_fill(20);
  CHECK(f.batcher.next_deadline_ms() == 5000);
}

TEST_CASE("one interval for all holds however full the buffer is") {
  BatcherOptions options = small_options();
  options.flush_intervals = FlushIntervals::always(1000);
  Fixture f(options);
  f.add(1, 0);
  for (const int percent : {0, 20, 21, 79, 80, 100}) {
    f.batcher.set_fill(percent);
    CHECK(f.batcher.next_deadline_ms() == 1000);
  }
}

TEST_CASE("at one interval for all, a batch is cut by its size all the same") {
  BatcherOptions options = small_options();
  options.flush_intervals = FlushIntervals::always(1000);
  Fixture f(options);
  f.batcher.set_fill(100);
  f.add(9, 0);
  CHECK(f.batcher.poll(0) == nullptr);
  f.add(1, 0);
  CHECK(f.batcher.poll(0) != nullptr);
}

TEST_CASE("new flush intervals hold for events that are open already") {
  Fixture f;
  f.add(1, 0);
  f.batcher.set_flush_intervals({.configured_ms = 200, .full_ms = 50, .quiet_ms = 300});
  CHECK(f.batcher.next_deadline_ms() == 200);
  f.batcher.set_fill(80);
  CHECK(f.batcher.next_deadline_ms() == 50);
  f.batcher.set_fill(20);
  CHECK(f.batcher.next_deadline_ms() == 300);
}

TEST_CASE("deadlines fire under steady traffic") {
  Fixture f;
  int batches = 0;
  for (int64_t now = 0; now < 10'000; now += 250) {
    f.add(1, now);
    if (f.batcher.poll(now) == nullptr) continue;
    ++batches;
    f.batcher.acked();
  }
  CHECK(batches == 8);
}

TEST_CASE("there is one batch at a time") {
  Fixture f;
  f.add(25, 0);
  REQUIRE(f.batcher.poll(0) != nullptr);
  CHECK(f.batcher.poll(99'999) == nullptr);
  CHECK(f.batcher.next_deadline_ms() == kNever);
  f.batcher.acked();
  CHECK(f.batcher.durable_through() == 10);
  const Batch* second = f.batcher.poll(0);
  REQUIRE(second != nullptr);
  CHECK(second->first == 10);
}

TEST_CASE("a full buffer refuses and numbers nothing") {
  Fixture f;
  f.add(100, 0);
  CHECK(f.batcher.add(event_at(kHour), 0).code() == Code::kFull);
  CHECK(f.batcher.next() == 100);
  CHECK(f.batcher.stats().refused_full == 1);
  REQUIRE(f.batcher.poll(0) != nullptr);
  CHECK(f.batcher.add(event_at(kHour), 0).code() == Code::kFull);  // in flight is held too
  f.batcher.acked();
  CHECK(f.batcher.add(event_at(kHour), 0).ok());
}

TEST_CASE("an event out of bounds is refused and not numbered") {
  Fixture f;
  CHECK(f.batcher.add(event_at(kTimeMsMax + 1), 0).code() == Code::kInvalid);
  CHECK(f.batcher.next() == 0);
  CHECK(f.batcher.idle());
}

TEST_CASE("a segment belongs to one UTC hour, whichever way the clock goes") {
  Fixture f;
  f.add(2, 0, kHour - 1);
  f.add(3, 0, kHour);
  f.add(1, 0, kHour - 1);
  f.batcher.drain(0);
  const Batch* batch = f.batcher.poll(0);
  REQUIRE(batch != nullptr);
  REQUIRE(batch->segments.size() == 3);
  CHECK(head_of(batch->segments[0]).count == 2);
  CHECK(head_of(batch->segments[1]).first == 2);
  CHECK(head_of(batch->segments[1]).count == 3);
  CHECK(head_of(batch->segments[2]).last_ms == kHour - 1);
}

TEST_CASE("a batch has at most kBatchSegmentsMax segments, and is due when it has them") {
  BatcherOptions options = small_options();
  options.batch_events_max = 1000;
  Fixture wide(options);
  for (size_t i = 0; i <= kBatchSegmentsMax; ++i) {
    CHECK(wide.batcher.poll(0) == nullptr);
    wide.add(1, 0, kHour + static_cast<int64_t>(i % 2) * 3'600'000);
  }
  const Batch* batch = wide.batcher.poll(0);
  REQUIRE(batch != nullptr);
  CHECK(batch->segments.size() == kBatchSegmentsMax);
  CHECK(batch->count == kBatchSegmentsMax);
}

TEST_CASE("an error of the environment repeats the same bytes, later and later") {
  Fixture f;
  f.add(10, 0);
  const Batch* batch = f.batcher.poll(0);
  REQUIRE(batch != nullptr);
  const std::vector<Bytes> bytes = batch->segments;
  int64_t now = 0;
  for (int attempt = 1; attempt <= 12; ++attempt) {
    f.batcher.failed(kBusy, now);
    const int64_t most = std::min(kRetryDelayMsMin << (attempt - 1), kRetryDelayMsMax);
    const int64_t delay = f.batcher.next_deadline_ms() - now;
    CHECK(delay >= most / 2);
    CHECK(delay <= most);
    CHECK(f.batcher.poll(now + delay - 1) == nullptr);
    now += delay;
    batch = f.batcher.poll(now);
    REQUIRE(batch != nullptr);
    CHECK(batch->attempt == attempt + 1);
    CHECK(batch->segments == bytes);
  }
  CHECK(f.batcher.stats().retries == 12);
  CHECK(f.batcher.stats().halvings == 0);
}

TEST_CASE("the backoff depends on the seed") {
  BatcherOptions options = small_options();
  std::vector<int64_t> delays;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    options.jitter_seed = seed;
    Fixture f(options);
    f.add(10, 0);
    REQUIRE(f.batcher.poll(0) != nullptr);
    f.batcher.failed(kBusy, 0);
    delays.push_back(f.batcher.next_deadline_ms());
  }
  CHECK(std::count(delays.begin(), delays.end(), delays[0]) < 8);
}

TEST_CASE("a data error halves the batch") {
  Fixture f;
  f.add(10, 0);
  REQUIRE(f.batcher.poll(0) != nullptr);
  f.batcher.failed(kPoison, 0);
  const Batch* first = f.batcher.poll(0);
  REQUIRE(first != nullptr);
  CHECK(first->first == 0);
  CHECK(first->count == 5);
  f.batcher.acked();
  const Batch* second = f.batcher.poll(0);
  REQUIRE(second != nullptr);
  CHECK(second->first == 5);
  CHECK(second->count == 5);
  CHECK(f.batcher.stats().halvings == 1);
}

TEST_CASE("a batch of several segments is halved between them first") {
  Fixture f;
  f.add(3, 0, kHour - 1);
  f.add(3, 0, kHour);
  f.batcher.drain(0);
  REQUIRE(f.batcher.poll(0) != nullptr);
  f.batcher.failed(kPoison, 0);
  const Batch* batch = f.batcher.poll(0);
  REQUIRE(batch != nullptr);
  CHECK(batch->count == 3);
  CHECK(batch->segments.size() == 1);
}

// Commits everything, refusing each batch that holds event `poison`.
void commit_around(Batcher& batcher, uint64_t poison, std::vector<SegmentHead>* committed) {
  batcher.drain(0);
  for (int turns = 0; !batcher.idle(); ++turns) {
    REQUIRE(turns < 100);
    const Batch* batch = batcher.poll(0);
    REQUIRE(batch != nullptr);
    if (batch->events > 0 && poison >= batch->first && poison < batch->first + batch->count) {
      batcher.failed(kPoison, 0);
      continue;
    }
    for (const Bytes& segment : batch->segments) committed->push_back(head_of(segment));
    batcher.acked();
  }
}

TEST_CASE("one poisoned event becomes a gap and all others are committed") {
  for (uint64_t poison = 0; poison < 10; ++poison) {
    Fixture f;
    f.add(10, 0);
    std::vector<SegmentHead> committed;
    commit_around(f.batcher, poison, &committed);
    uint64_t end = 0;
    uint64_t events = 0;
    for (const SegmentHead& head : committed) {
      CHECK(head.first == end);
      end = head.end();
      if (head.kind == SegmentKind::kGap) {
        CHECK(head.first == poison);
        CHECK(head.count == 1);
        CHECK(head.gap_reason == GapReason::kData);
      } else {
        events += head.count;
      }
    }
    CHECK(end == 10);
    CHECK(events == 9);
    CHECK(f.batcher.stats().dropped_data == 1);
    CHECK(f.batcher.stats().acked == 9);
  }
}

TEST_CASE("a refused gap is repeated, since there is nothing left to halve") {
  Fixture f;
  f.add(1, 0);
  f.batcher.drain(0);
  REQUIRE(f.batcher.poll(0) != nullptr);
  f.batcher.failed(kPoison, 0);
  const Batch* gap = f.batcher.poll(0);
  REQUIRE(gap != nullptr);
  CHECK(gap->events == 0);
  CHECK(gap->dropped_data == 1);
  f.batcher.failed(kPoison, 0);
  CHECK(f.batcher.poll(0) == nullptr);
  REQUIRE(f.batcher.poll(f.batcher.next_deadline_ms()) != nullptr);
  CHECK(f.batcher.stats().dropped_data == 1);
}

TEST_CASE("heads carry the log's counters, so that they balance at every segment's end") {
  Fixture f(small_options(), 1000);
  LedgerCounters outside;
  outside.offered = 1207;
  outside.dropped[static_cast<size_t>(DropReason::kBufferFull)] = 200;
  outside.dropped[static_cast<size_t>(DropReason::kCrash)] = 7;
  f.batcher.set_ledger(outside);
  f.add(5, 0, kHour - 1);
  f.add(10, 0, kHour);
  std::vector<SegmentHead> committed;
  commit_around(f.batcher, 1003, &committed);
  for (const SegmentHead& head : committed) {
    const uint64_t gaps = head.end() > 1003 ? 1 : 0;
    CHECK(head.ledger.offered == 207 + head.end());
    CHECK(head.ledger.dropped[static_cast<size_t>(DropReason::kBufferFull)] == 200);
    CHECK(head.ledger.dropped[static_cast<size_t>(DropReason::kData)] == gaps);
  }
}

TEST_CASE("drain flushes at once and cuts a backoff short, until the next event") {
  Fixture f;
  f.add(1, 0);
  f.batcher.drain(0);
  REQUIRE(f.batcher.poll(0) != nullptr);
  f.batcher.failed(kBusy, 0);
  CHECK(f.batcher.poll(0) == nullptr);
  f.batcher.drain(0);
  REQUIRE(f.batcher.poll(0) != nullptr);
  f.batcher.acked();
  CHECK(f.batcher.idle());
  f.add(1, 0);
  CHECK(f.batcher.poll(0) == nullptr);
}

TEST_CASE("the same events give the same segments") {
  std::vector<Bytes> segments[2];
  for (auto& run : segments) {
    Fixture f;
    EventGenerator events;
    for (int i = 0; i < 10; ++i) REQUIRE(f.batcher.add(events.next(), 0).ok());
    run = f.batcher.poll(0)->segments;
  }
  CHECK(segments[0] == segments[1]);
}

TEST_CASE("in another log what is held is numbered anew, in order, and gaps are let go") {
  Fixture f(small_options(), 40);
  f.add(1, 0);
  f.batcher.drain(0);
  REQUIRE(f.batcher.poll(0) != nullptr);
  f.batcher.failed(kPoison, 0);  // the event is a gap now
  f.add(12, 5);                  // more than one segment
  f.add(3, 6, 2 * kHour);
  const LogId other{{7}};
  CHECK(f.batcher.rehome(other, 100) == 1);
  CHECK(f.batcher.durable_through() == 100);
  CHECK(f.batcher.next() == 115);
  CHECK(f.batcher.events_held() == 15);
  CHECK(f.batcher.stats().added == 16);
  uint64_t next = 100;
  f.batcher.drain(10);
  while (const Batch* batch = f.batcher.poll(10)) {
    for (const Bytes& segment : batch->segments) {
      const SegmentHead head = head_of(segment);
      CHECK(head.log == other);
      CHECK(head.first == next);
      CHECK(head.ledger.dropped[static_cast<size_t>(DropReason::kData)] == 0);
      next = head.end();
    }
    f.batcher.acked();
  }
  CHECK(next == 115);
}

}  // namespace
}  // namespace weir
