// The clocks of the native process. The core takes time as arguments; here is where it comes from.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

// UTC, may step back.
inline int64_t wall_clock_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// Never steps back; the zero is arbitrary.
inline int64_t monotonic_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

// One reading of both, shared by everything that arrived together.
struct ClockPair {
  int64_t wall_ms = 0;
  int64_t monotonic_us = 0;

  static ClockPair now() { return {wall_clock_ms(), weir::monotonic_us()}; }
};

}  // namespace weir
