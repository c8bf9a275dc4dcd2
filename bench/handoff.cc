// handoff: what does a DNS thread pay to hand an event to the writer?
//
// Question: nanoseconds per event of RingSink::offer (counters of the ledger page, gauge, ring), of
// the inline hand-off, and of the rival, in the same run. The rival is what a first version of such
// a log has: a row of std::strings, pushed to a std::deque under a std::mutex. Each measured span
// lies between two readings of the clock, so that one is in it; `clock` is that reading alone,
// which no hand-off can be quicker than.
//
// Load: one producer, then two. Each offers kBurstEvents to its EventSink, as a DNS thread does
// after a recvmmsg, and waits until its next burst is due: 250,000 events/s together, which is 25
// times what Weir promises, so that the writer keeps up and what is measured is no queue. An
// event and its texts are made on the producer's stack right before they are offered, as a DNS
// thread makes them; that is in no span, and noting a span is in none either. The consumer does as
// the writer does: it wakes every 10 ms, decodes and discards. `lost` counts what found no room.
//
// All take turns, a second each, for nine rounds. A row is the median of the rounds; `least` is the
// quietest one, which on a host with other guests says more of the code and less of them.
//
// The rate is part of the answer: the longer a producer waits, the more often its next event finds
// code and data no longer in the caches, which others share. Each of two producers waits twice as
// long as one does alone.
//
//   handoff [--smoke] [--json]
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench_folder.h"
#include "bench_report.h"
#include "native/store/ring_sink.h"
#include "support/event_generator.h"

namespace weir::bench {
namespace {

constexpr size_t kBurstEvents = 16;
constexpr uint64_t kEventsPerSecond = 250'000;
constexpr size_t kDistinctEvents = 64;
constexpr int kRounds = 9;

using BenchClock = std::chrono::steady_clock;

// Counts spans by their nanoseconds, exactly up to its size; what is longer counts as the longest.
class SpanCounts {
 public:
  void add(BenchClock::duration span) {
    const auto ns = static_cast<size_t>(std::chrono::nanoseconds(span).count());
    ++counts_[std::min(ns, counts_.size() - 1)];
    total_ns_ += ns;
    ++spans_;
  }
  void add(const SpanCounts& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ns_ += other.total_ns_;
    spans_ += other.spans_;
  }
  double mean_ns() const { return static_cast<double>(total_ns_) / static_cast<double>(spans_); }
  double quantile_ns(double share) const {
    const auto rank = static_cast<uint64_t>(share * static_cast<double>(spans_));
    uint64_t seen = 0;
    for (size_t ns = 0; ns < counts_.size(); ++ns) {
      seen += counts_[ns];
      if (seen > rank) return static_cast<double>(ns);
    }
    return static_cast<double>(counts_.size());
  }

 private:
  std::vector<uint64_t> counts_ = std::vector<uint64_t>(1 << 16);
  uint64_t total_ns_ = 0;
  uint64_t spans_ = 0;
};

// A way to hand events over: a sink for each producer's thread, drain() for the consumer's.
class Handoff {
 public:
  virtual ~Handoff() = default;
  virtual EventSink& sink(size_t producer) = 0;
  virtual void drain() = 0;
  virtual uint64_t lost() const = 0;
};

// Ours, with everything that counts.
class SinkHandoff final : public Handoff {
 public:
  SinkHandoff(size_t producers, bool is_inline) {
    auto page = LedgerPage::open(folder_.file("ledger.page"));
    require(page.status());
    page_ = std::move(page).value();
    intake_.inline_handoff = is_inline;
    for (size_t i = 0; i < producers; ++i) {
      sinks_.push_back(std::make_unique<RingSink>(kBufferEventsDefault * kRingBytesPerEvent,
                                                  page_->slot(i), intake_));
    }
  }
  EventSink& sink(size_t producer) override { return *sinks_[producer]; }
  void drain() override {
    uint64_t sum = 0;
    const auto take = [&sum](ByteView bytes) { sum += decode_event(bytes)->qname.size(); };
    uint64_t count = intake_.inline_batch.read(
        kBufferEventsDefault, [&](ByteView bytes, const Completion&) { take(bytes); });
    for (const auto& sink : sinks_) {
      count += sink->ring().read(kBufferEventsDefault, take);
      sink->ring().release();
    }
    intake_.gauge.give_back(count);
    seen_ = sum;
  }
  uint64_t lost() const override {
    return page_->totals().dropped[static_cast<size_t>(DropReason::kBufferFull)];
  }

 private:
  const Folder folder_;
  std::unique_ptr<LedgerPage> page_;
  Intake intake_{kBufferEventsDefault};
  std::vector<std::unique_ptr<RingSink>> sinks_;
  volatile uint64_t seen_ = 0;  // so that decoding is not optimised away
};

// None at all: what is left is the clock.
class NoHandoff final : public Handoff, private EventSink {
 public:
  EventSink& sink(size_t) override { return *this; }
  void drain() override {}
  uint64_t lost() const override { return 0; }

 private:
  void offer(const Event&) noexcept override {}
};

// The rival.
class DequeHandoff final : public Handoff, private EventSink {
 public:
  EventSink& sink(size_t) override { return *this; }
  void drain() override {
    std::deque<Row> rows;
    {
      const std::lock_guard lock(mutex_);
      rows.swap(rows_);
    }
  }
  uint64_t lost() const override { return lost_; }

 private:
  struct Row {
    int64_t time_ms;
    std::string client, qname;
    uint16_t qtype, rcode;
    uint32_t duration_us;
    std::string list, upstream;
  };

  void offer(const Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    if (rows_.size() >= kBufferEventsDefault) {
      ++lost_;
      return;
    }
    rows_.push_back({event.time_ms, client_text(event.client), std::string(event.qname),
                     event.qtype, event.rcode, event.duration_us, std::string(event.list),
                     std::string(event.upstream)});
  }

  std::mutex mutex_;
  std::deque<Row> rows_;
  uint64_t lost_ = 0;
};

// An event as a DNS thread has it when it offers it: fields and texts just written.
class MadeEvent {
 public:
  const Event& make(const Event& model) {
    event_ = model;
    end_ = texts_.data();
    for (std::string_view* text : {&event_.qname, &event_.list, &event_.upstream}) write(text);
    return event_;
  }

 private:
  void write(std::string_view* text) {
    *text = {end_, text->copy(end_, text->size())};
    end_ += text->size();
  }

  Event event_;
  std::array<char, kEventBytesMax> texts_;
  char* end_ = nullptr;
};

SpanCounts produce(EventSink& sink, const std::vector<Event>& events, size_t count,
                   BenchClock::duration burst_interval) {
  SpanCounts spans;
  std::array<BenchClock::duration, kBurstEvents> burst;
  MadeEvent made;
  auto due = BenchClock::now();
  for (size_t sent = 0; sent < count;) {
    while (BenchClock::now() < due) {
    }
    due += burst_interval;
    for (BenchClock::duration& span : burst) {
      const Event& event = made.make(events[sent++ % kDistinctEvents]);
      const auto begin = BenchClock::now();
      sink.offer(event);
      span = BenchClock::now() - begin;
    }
    for (const BenchClock::duration span : burst) spans.add(span);
  }
  return spans;
}

SpanCounts measure(Handoff& handoff, size_t producers, const std::vector<Event>& events,
                   size_t count) {
  std::atomic<bool> ended{false};
  std::thread consumer([&] {
    while (!ended) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      handoff.drain();
    }
  });
  const BenchClock::duration interval =
      std::chrono::nanoseconds(1'000'000'000 * kBurstEvents * producers / kEventsPerSecond);
  std::vector<SpanCounts> spans(producers);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < producers; ++i) {
    threads.emplace_back(
        [&, i] { spans[i] = produce(handoff.sink(i), events, count / producers, interval); });
  }
  for (std::thread& thread : threads) thread.join();
  ended = true;
  consumer.join();
  SpanCounts all;
  for (const SpanCounts& part : spans) all.add(part);
  return all;
}

// Of a value that was measured in each round.
class Rounds {
 public:
  void add(double value) { values_.insert(std::ranges::upper_bound(values_, value), value); }
  double median() const { return values_[values_.size() / 2]; }
  double least() const { return values_.front(); }

 private:
  std::vector<double> values_;  // ascending
};

struct Case {
  std::string name;
  std::unique_ptr<Handoff> handoff;
  Rounds mean_ns{};
  Rounds p999_ns{};
};

void print(const BenchReport& report, const Case& ours, const Case& rival) {
  constexpr const char* kRival = "mutex and deque of strings";
  const auto row = [&](const char* suffix, double value, double rival_value) {
    report.row(ours.name + suffix, value, "ns", kRival, rival_value);
  };
  row("_mean", ours.mean_ns.median(), rival.mean_ns.median());
  row("_mean_least", ours.mean_ns.least(), rival.mean_ns.least());
  row("_p999", ours.p999_ns.median(), rival.p999_ns.median());
  row("_p999_least", ours.p999_ns.least(), rival.p999_ns.least());
  report.row(ours.name + "_lost", static_cast<double>(ours.handoff->lost()), "events");
}

void run(const BenchReport& report, size_t producers) {
  const size_t count = report.smoke() ? 20'000 : kEventsPerSecond;
  EventGenerator generator;
  std::vector<Event> events(kDistinctEvents);
  for (Event& event : events) event = generator.next();
  const std::string suffix = std::to_string(producers);
  std::vector<Case> cases;
  cases.push_back({"deque_" + suffix, std::make_unique<DequeHandoff>()});
  cases.push_back({"clock_" + suffix, std::make_unique<NoHandoff>()});
  cases.push_back({"ring_" + suffix, std::make_unique<SinkHandoff>(producers, false)});
  cases.push_back({"inline_" + suffix, std::make_unique<SinkHandoff>(producers, true)});
  for (int round = 0; round < (report.smoke() ? 1 : kRounds); ++round) {
    for (Case& each : cases) {
      const SpanCounts spans = measure(*each.handoff, producers, events, count);
      each.mean_ns.add(spans.mean_ns());
      each.p999_ns.add(spans.quantile_ns(0.999));
    }
  }
  const Case& rival = cases.front();
  for (const Case& each : cases) {
    if (&each != &rival) print(report, each, rival);
  }
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  const weir::bench::BenchReport report("handoff", argc, argv);
  for (const size_t producers : {size_t{1}, size_t{2}}) weir::bench::run(report, producers);
  return 0;
}
