// FloodGuard: folds repeats that say nothing new, so that a flood costs counters and not bytes.
//
// A repeat is an event that agrees in client, name, type, response code and outcome with an earlier
// one of the same window of event time. Without pressure on the byte budget a window is a second,
// and only what exceeds `repeats_max` is folded: a client that asks the same 10,000 times a second
// is broken or hostile. Under pressure a window is a minute, and one event of it is kept; under
// more pressure, allowed queries are thinned to one in kThinKeptOneIn as well. What is folded is
// counted as `collapsed` in the ledger and reaches neither segments nor statistics.
//
// The table has a fixed size and forgets: a newer question takes the place of an older one with the
// same slot, so that a flood of distinct names is folded less, never stored more.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "native/store/byte_budget.h"
#include "weir/event.h"

namespace weir {

// Lives on the writer thread.
class FloodGuard {
 public:
  static constexpr uint32_t kRepeatsMaxDefault = 10'000;
  static constexpr size_t kSlots = 8192;
  static constexpr uint64_t kThinKeptOneIn = 4;

  // `seed`: unpredictable, so that nobody can aim at another one's slot. `repeats_max` 0: without
  // pressure nothing is folded.
  FloodGuard(uint64_t seed, uint32_t repeats_max);

  void set_pressure(Pressure pressure) { pressure_ = pressure; }
  // True: count the event as collapsed instead of storing it.
  bool folds(const Event& event);

 private:
  struct Slot {
    uint64_t key = 0;
    int64_t window = -1;
    uint32_t seen = 0;
  };

  uint64_t key_of(const Event& event) const;
  bool repeats(const Event& event);

  const uint64_t seed_;
  const uint32_t repeats_max_;
  Pressure pressure_ = Pressure::kNone;
  uint64_t allowed_seen_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace weir
