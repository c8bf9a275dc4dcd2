#include "native/store/wake_event.h"

#include <atomic>
#include <thread>

#include "catch.h"

namespace weir {
namespace {

constexpr int64_t kFailureMs = 60'000;  // only ever reached by a failure

TEST_CASE("a wake-up before the sleep is not lost") {
  WakeEvent wake;
  wake.wake();
  wake.sleep(kFailureMs);
  SUCCEED();
}

TEST_CASE("wake_if_parked does nothing unless somebody parks") {
  WakeEvent wake;
  wake.wake_if_parked();
  bool asked = false;
  wake.park(0, [&asked] {
    asked = true;
    return false;
  });
  CHECK(asked);
}

TEST_CASE("whoever finds work while parking does not sleep") {
  WakeEvent wake;
  wake.park(kFailureMs, [] { return true; });
  SUCCEED();
}

TEST_CASE("no hand-over is slept through, however parking and producing meet") {
  constexpr int kRounds = 5000;
  WakeEvent wake;
  std::atomic<int> produced{0};
  std::atomic<int> consumed{0};
  std::thread producer([&] {
    for (int i = 1; i <= kRounds; ++i) {
      produced.store(i, std::memory_order_release);  // all that a producer does
      wake.wake_if_parked();
      while (consumed.load() < i) std::this_thread::yield();
    }
  });
  for (int done = 0; done < kRounds;) {
    wake.park(kFailureMs, [&] { return produced.load() != done; });
    done = produced.load();
    consumed.store(done);
  }
  producer.join();
  CHECK(consumed == kRounds);
}

}  // namespace
}  // namespace weir
