// Simulation of the batcher: a seeded sequence of adds, waits, full buffers, failures of the
// environment and of the data, hour changes and clocks that step back, with a model beside it that
// knows what must be true. A failure prints its seed and the command that repeats it.
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "support/event_generator.h"
#include "weir/batcher.h"

namespace weir {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int kSeeds = 400;
constexpr int kSteps = 400;

// What a durable database would hold: for every number what stands there.
struct Stored {
  enum class Kind { kEvent, kGap };
  Kind kind;
  std::string qname;
  int64_t time_ms = 0;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed)
      : random_(seed),
        start_(random_.below(1000)),
        options_(draw_options()),
        batcher_(LogId{{9}}, start_, options_) {}

  void run() {
    for (int step = 0; step < kSteps; ++step) {
      now_ms_ += static_cast<int64_t>(random_.below(120));
      take_turn();
    }
    failing_until_ = 0;
    finish();
    check_log();
  }

 private:
  BatcherOptions draw_options() {
    BatcherOptions options;
    options.buffer_events_max = 1 + random_.below(300);
    options.batch_events_max = 1 + random_.below(80);
    options.batch_bytes_max = 200 + random_.below(4000);
    FlushIntervals& intervals = options.flush_intervals;
    intervals.configured_ms = 1 + static_cast<int64_t>(random_.below(2000));
    intervals.quiet_ms = intervals.configured_ms + static_cast<int64_t>(random_.below(2000));
    intervals.full_ms = std::min(intervals.configured_ms, kFlushIntervalMsFast);
    options.jitter_seed = random_.next();
    return options;
  }

  void take_turn() {
    switch (random_.below(12)) {
      case 0:
        batcher_.set_fill(static_cast<int>(random_.below(101)));
        break;
      case 1:
        event_ms_ += kHourMs * (static_cast<int64_t>(random_.below(3)) - 1);  // also back
        break;
      case 2:
        if (random_.chance(4)) failing_until_ = now_ms_ + static_cast<int64_t>(random_.below(5000));
        break;
      case 3:
        if (random_.chance(8)) batcher_.drain(now_ms_);
        break;
      default:
        add_some();
    }
    poll_once();
  }

  void add_some() {
    for (uint64_t left = random_.below(25); left > 0; --left) {
      event_ms_ += static_cast<int64_t>(random_.below(2000)) - 500;
      const std::string name = "n" + std::to_string(given_.size()) + ".example";
      Event event;
      event.time_ms = event_ms_;
      event.qname = name;
      event.duration_us = static_cast<uint32_t>(random_.next());
      const bool full = batcher_.events_held() >= options_.buffer_events_max;
      uint64_t number = 0;
      const Status status = batcher_.add(event, now_ms_, &number);
      REQUIRE(status.ok() == !full);
      if (full) {
        REQUIRE(status.code() == Code::kFull);
        continue;
      }
      REQUIRE(number == start_ + given_.size());
      given_.push_back({Stored::Kind::kEvent, name, event_ms_});
      added_at_.push_back(now_ms_);
      if (random_.chance(60)) poison_.insert(number);
    }
    REQUIRE(batcher_.events_held() <= options_.buffer_events_max);
  }

  void poll_once() {
    // A deadline that has passed must yield a batch: nothing rests unnoticed.
    const bool due = batcher_.next_deadline_ms() <= now_ms_;
    const Batch* batch = batcher_.poll(now_ms_);
    REQUIRE((batch != nullptr) == due);
    if (batch == nullptr) {
      check_age();
      return;
    }
    REQUIRE(batch->first == start_ + stored_.size());
    REQUIRE(batch->segments.size() <= kBatchSegmentsMax);
    REQUIRE(batch->events + batch->dropped_data == batch->count);
    answer(*batch);
  }

  // Without a failure in between no event waits longer than the longest interval.
  void check_age() {
    if (batcher_.idle() || failed_) return;
    const int64_t oldest = added_at_[stored_.size()];
    REQUIRE(now_ms_ - oldest < options_.flush_intervals.quiet_ms + 120);
  }

  void answer(const Batch& batch) {
    if (now_ms_ < failing_until_ || random_.chance(20)) {
      if (batch.attempt > 1) REQUIRE(batch.segments == last_bytes_);
      last_bytes_ = batch.segments;
      failed_ = true;
      batcher_.failed(Status(Code::kUnavailable, "busy"), now_ms_);
      return;
    }
    if (batch.attempt > 1) REQUIRE(batch.segments == last_bytes_);
    const auto poison = poison_.lower_bound(batch.first);
    if (batch.events > 0 && poison != poison_.end() && *poison < batch.first + batch.count) {
      batcher_.failed(Status(Code::kTooLarge, "poison"), now_ms_);
      return;
    }
    failed_ = false;
    for (const Bytes& segment : batch.segments) store(segment);
    batcher_.acked();
    REQUIRE(batcher_.durable_through() == start_ + stored_.size());
  }

  void store(const Bytes& segment) {
    const auto reader = SegmentReader::open(segment);
    REQUIRE(reader.ok());
    const SegmentHead& head = reader.value().head();
    REQUIRE(head.first == start_ + stored_.size());
    if (head.kind == SegmentKind::kGap) {
      REQUIRE(head.gap_reason == GapReason::kData);
      stored_.insert(stored_.end(), head.count, {Stored::Kind::kGap, "", 0});
      return;
    }
    REQUIRE(head.first_ms / kHourMs == head.last_ms / kHourMs);
    for (size_t i = 0; i < reader.value().count(); ++i) {
      const Event event = reader.value().event(i);
      stored_.push_back({Stored::Kind::kEvent, std::string(event.qname), event.time_ms});
    }
  }

  void finish() {
    batcher_.drain(now_ms_);
    for (int turns = 0; !batcher_.idle(); ++turns) {
      REQUIRE(turns < 100'000);
      now_ms_ = std::max(now_ms_, batcher_.next_deadline_ms());
      poll_once();
    }
    REQUIRE(batcher_.next_deadline_ms() == kNever);
  }

  // Every added event is there exactly once, as itself or, if it was poisoned, as a gap.
  void check_log() {
    REQUIRE(stored_.size() == given_.size());
    uint64_t gaps = 0;
    for (size_t i = 0; i < given_.size(); ++i) {
      const bool poisoned = poison_.contains(start_ + i);
      gaps += poisoned ? 1 : 0;
      REQUIRE((stored_[i].kind == Stored::Kind::kGap) == poisoned);
      if (poisoned) continue;
      REQUIRE(stored_[i].qname == given_[i].qname);
      REQUIRE(stored_[i].time_ms == given_[i].time_ms);
    }
    REQUIRE(batcher_.stats().added == given_.size());
    REQUIRE(batcher_.stats().dropped_data == gaps);
    REQUIRE(batcher_.stats().acked == given_.size() - gaps);
  }

  TestRandom random_;
  uint64_t start_;
  BatcherOptions options_;
  Batcher batcher_;
  int64_t now_ms_ = 0;
  int64_t event_ms_ = 1'790'000'000'000;
  int64_t failing_until_ = 0;
  bool failed_ = false;
  std::vector<Stored> given_, stored_;
  std::vector<int64_t> added_at_;
  std::set<uint64_t> poison_;
  std::vector<Bytes> last_bytes_;
};

TEST_CASE("whatever happens, every event is stored once or is a declared gap") {
  if (const char* seed = std::getenv("WEIR_SIM_SEED")) {
    Simulation(std::strtoull(seed, nullptr, 10)).run();
    return;
  }
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("WEIR_SIM_SEED=" << seed << " core_batcher_sim_test");
    Simulation(seed).run();
  }
}

}  // namespace
}  // namespace weir
