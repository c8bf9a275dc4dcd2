#include "native/store/intake.h"

#include <atomic>
#include <thread>
#include <vector>

#include "catch.h"
#include "native/store/ledger_page.h"
#include "native/store/ring_sink.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

TEST_CASE("the gauge takes up to its capacity and not one more") {
  BufferGauge gauge(3);
  for (int i = 0; i < 3; ++i) CHECK(gauge.take());
  CHECK_FALSE(gauge.take());
  CHECK(gauge.held() == 3);
  CHECK(gauge.percent() == 100);
  gauge.give_back(2);
  CHECK(gauge.percent() == 33);
  CHECK(gauge.take());
}

TEST_CASE("several threads together never take more than the capacity") {
  constexpr uint64_t kCapacity = 1000;
  BufferGauge gauge(kCapacity);
  std::atomic<uint64_t> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) taken += gauge.take() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  // A thread that is being refused may refuse another one for a moment, never let one in.
  CHECK(taken <= kCapacity);
  CHECK(taken == gauge.held());
}

TEST_CASE("shares together take the whole capacity and not one more") {
  BufferGauge gauge(1000);
  BufferGauge::Share& first = gauge.open_share();
  BufferGauge::Share& second = gauge.open_share();
  uint64_t taken = 0;
  while (first.take()) {
    ++taken;
    if (second.take()) ++taken;
  }
  while (second.take()) ++taken;
  CHECK(taken == 1000);
  CHECK(gauge.held() == 1000);
  CHECK_FALSE(gauge.take());
  gauge.give_back(1);
  CHECK(gauge.held() == 999);
  CHECK(second.take());
  CHECK_FALSE(first.take());
}

TEST_CASE("what a share has reserved and not taken is no event, and little") {
  constexpr uint64_t kCapacity = 10'000;
  BufferGauge gauge(kCapacity);
  BufferGauge::Share& idle = gauge.open_share();
  REQUIRE(idle.take());
  CHECK(gauge.held() == 1);
  uint64_t taken = 1;
  while (gauge.take()) ++taken;
  CHECK(taken > kCapacity - kCapacity / BufferGauge::kFreePerPlace);
  CHECK(gauge.held() == taken);
}

TEST_CASE("a place that was put back can be taken again") {
  BufferGauge gauge(1);
  BufferGauge::Share& share = gauge.open_share();
  REQUIRE(share.take());
  share.put_back();
  CHECK(gauge.held() == 0);
  CHECK(share.take());
  CHECK_FALSE(share.take());
  CHECK(gauge.held() == 1);
}

TEST_CASE("shares on several threads keep the bound while a writer gives back, and add up") {
  constexpr uint64_t kCapacity = 500;
  constexpr int kTries = 20'000;
  BufferGauge gauge(kCapacity);
  std::atomic<uint64_t> taken{0};
  std::atomic<int> running{3};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&taken, &running, &share = gauge.open_share()] {
      for (int j = 0; j < kTries; ++j) taken += share.take() ? 1 : 0;
      --running;
    });
  }
  uint64_t given_back = 0;
  bool bounded = true;
  while (running > 0) {
    // Never more than were taken: the counter grows after the place is taken.
    const uint64_t left = taken - given_back;
    bounded = bounded && left <= kCapacity && gauge.held() <= kCapacity;
    gauge.give_back(left);
    given_back += left;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(bounded);
  CHECK(gauge.held() == taken - given_back);
}

TEST_CASE("of several dropped events one is kept as an example, until it is taken") {
  DropSample sample;
  CHECK(sample.take().empty());
  sample.leave(sample_event(3));
  sample.leave(sample_event(0));
  CHECK(sample.take() == "ads.example from 192.0.2.0");
  CHECK(sample.take().empty());
  sample.leave(sample_event(1));
  CHECK(sample.take() == "b.example from 192.0.2.1");
}

TEST_CASE("a long name is cut in the example") {
  DropSample sample;
  const std::string name(kNameTextBytesMax, 'x');
  Event event = sample_event(0);
  event.qname = name;
  sample.leave(event);
  CHECK(sample.take() == name.substr(0, 128) + " from 192.0.2.0");
}

// One producer with its counters, and nobody who reads the ring.
struct SinkFixture {
  TemporaryFolder folder;
  std::unique_ptr<LedgerPage> page;
  Intake intake;
  std::unique_ptr<RingSink> sink;

  explicit SinkFixture(size_t capacity) : intake(capacity) {
    auto opened = LedgerPage::open(folder.path("ledger.page"));
    REQUIRE(opened.ok());
    page = std::move(opened).value();
    sink = std::make_unique<RingSink>(0, page->slot(0), intake);
  }
  void offer(int count) {
    for (int i = 0; i < count; ++i) sink->offer(sample_event(0));
  }
  uint64_t dropped(DropReason reason) const {
    return page->totals().dropped[static_cast<size_t>(reason)];
  }
};

TEST_CASE("of 20 events for a buffer of 10, 10 are dropped and counted") {
  SinkFixture f(10);
  f.offer(20);
  CHECK(f.page->totals().offered == 20);
  CHECK(f.dropped(DropReason::kBufferFull) == 10);
  CHECK(f.intake.gauge.held() == 10);
}

TEST_CASE("a ring without room drops even if the buffer is not full") {
  SinkFixture f(100'000);
  f.offer(20'000);
  const uint64_t full = f.dropped(DropReason::kBufferFull);
  CHECK(full > 0);
  CHECK(f.intake.gauge.held() == 20'000 - full);
}

TEST_CASE("inline, of 20 events for a buffer of 10, 10 are dropped and counted") {
  SinkFixture f(10);
  f.intake.inline_handoff = true;
  f.offer(20);
  CHECK(f.dropped(DropReason::kBufferFull) == 10);
  CHECK(f.intake.gauge.held() == 10);
  size_t read = 0;
  f.intake.inline_batch.read(100, [&](ByteView bytes, const Completion&) {
    ++read;
    CHECK(*decode_event(bytes) == sample_event(0));
  });
  CHECK(read == 10);
  CHECK(f.sink->ring().read(100, [](ByteView) {}) == 0);
}

TEST_CASE("an inline batch gives events in order, at most what was asked, while it is filled") {
  InlineBatch batch(0);
  for (uint64_t i = 0; i < 5; ++i) REQUIRE(batch.push(sample_event(i)) == Code::kOk);
  std::vector<int64_t> times;
  const auto take = [&](ByteView bytes, const Completion&) {
    times.push_back(decode_event(bytes)->time_ms);
  };
  CHECK(batch.read(3, take) == 3);
  REQUIRE(batch.push(sample_event(5)) == Code::kOk);
  CHECK(batch.read(0, take) == 0);
  CHECK(batch.read(10, take) == 2);
  CHECK(batch.read(10, take) == 1);
  CHECK(batch.read(10, take) == 0);
  REQUIRE(times.size() == 6);
  for (uint64_t i = 0; i < 6; ++i) CHECK(times[i] == sample_event(i).time_ms);
}

TEST_CASE("a full inline batch refuses until the writer has taken it") {
  InlineBatch batch(0);
  size_t pushed = 0;
  while (batch.push(sample_event(0)) == Code::kOk) ++pushed;
  CHECK(pushed > 500);
  CHECK(batch.push(sample_event(0)) == Code::kFull);
  CHECK(batch.read(1'000'000, [](ByteView, const Completion&) {}) == pushed);
  CHECK(batch.push(sample_event(0)) == Code::kOk);
}

TEST_CASE("switched off or stopped, every event is counted with that reason") {
  SinkFixture f(10);
  f.intake.mode = Intake::Mode::kDisabled;
  f.offer(2);
  f.intake.mode = Intake::Mode::kStopped;
  f.offer(3);
  CHECK(f.page->totals().offered == 5);
  CHECK(f.dropped(DropReason::kDisabled) == 2);
  CHECK(f.dropped(DropReason::kShutdown) == 3);
  CHECK(f.intake.gauge.held() == 0);
}

TEST_CASE("an event that fits no ring is dropped for its data and gives its place back") {
  SinkFixture f(10);
  const std::string name(kEventBytesMax, 'x');
  Event event = sample_event(0);
  event.qname = name;
  f.sink->offer(event);
  CHECK(f.dropped(DropReason::kData) == 1);
  CHECK(f.intake.gauge.held() == 0);
}

}  // namespace
}  // namespace weir
