#include "native/store/flood_guard.h"

#include "catch.h"
#include "support/log_samples.h"

namespace weir {
namespace {

constexpr int64_t kMinute0Ms = kSampleHourMs;

Event question(const char* qname = "a.example", int64_t time_ms = kMinute0Ms) {
  Event event = sample_event(0);
  event.time_ms = time_ms;
  event.qname = qname;
  event.outcome = Outcome::kForwarded;
  return event;
}

// How many of `count` repeats are kept.
int kept(FloodGuard& guard, const Event& event, int count) {
  int kept = 0;
  for (int i = 0; i < count; ++i) kept += guard.folds(event) ? 0 : 1;
  return kept;
}

TEST_CASE("repeats beyond the bound are folded, anew each second") {
  FloodGuard guard(7, 5);
  CHECK(kept(guard, question(), 20) == 5);
  CHECK(kept(guard, question("a.example", kMinute0Ms + 999), 3) == 0);
  CHECK(kept(guard, question("a.example", kMinute0Ms + 1000), 20) == 5);
}

TEST_CASE("another client, name, type, rcode or outcome is no repeat") {
  FloodGuard guard(7, 1);
  CHECK(kept(guard, question(), 2) == 1);
  Event other = question();
  other.client.bytes[3] ^= 1;
  CHECK(kept(guard, other, 1) == 1);
  CHECK(kept(guard, question("b.example"), 1) == 1);
  other = question();
  other.qtype = 28;
  CHECK(kept(guard, other, 1) == 1);
  other = question();
  other.rcode = 3;
  CHECK(kept(guard, other, 1) == 1);
  other = question();
  other.outcome = Outcome::kCached;
  CHECK(kept(guard, other, 1) == 1);
}

TEST_CASE("without a bound nothing is folded while there is room") {
  FloodGuard guard(7, 0);
  CHECK(kept(guard, question(), 100'000) == 100'000);
}

TEST_CASE("under pressure one repeat a minute is kept, blocked or not") {
  FloodGuard guard(7, 0);
  guard.set_pressure(Pressure::kFold);
  Event blocked = question("ads.example");
  blocked.outcome = Outcome::kBlocked;
  CHECK(kept(guard, question(), 10) == 1);
  CHECK(kept(guard, blocked, 10) == 1);
  CHECK(kept(guard, question("a.example", kMinute0Ms + 60'000), 10) == 1);
}

TEST_CASE("under more pressure one allowed query in four is kept, and all that was blocked") {
  FloodGuard guard(7, 0);
  guard.set_pressure(Pressure::kThin);
  int allowed = 0;
  int others = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    allowed += kept(guard, question(name.c_str()), 1);
    for (const Outcome outcome : {Outcome::kBlocked, Outcome::kRefused, Outcome::kFailed}) {
      Event event = question(name.c_str());
      event.outcome = outcome;
      others += kept(guard, event, 1);
    }
  }
  CHECK(allowed == 100);
  CHECK(others == 1200);
}

TEST_CASE("when the pressure ends everything is kept again") {
  FloodGuard guard(7, 0);
  guard.set_pressure(Pressure::kRemove);
  CHECK(kept(guard, question(), 10) == 1);
  guard.set_pressure(Pressure::kNone);
  CHECK(kept(guard, question(), 10) == 10);
}

TEST_CASE("a million distinct names fold nothing and take no more memory") {
  FloodGuard guard(7, 1);
  int kept_names = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const std::string name = std::to_string(i) + ".example";
    kept_names += guard.folds(question(name.c_str())) ? 0 : 1;
  }
  CHECK(kept_names == 1'000'000);
}

}  // namespace
}  // namespace weir
