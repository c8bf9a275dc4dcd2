#include "native/store/flood_guard.h"

#include <functional>
#include <string_view>

namespace weir {
namespace {

constexpr int64_t kWindowMs = 1000;
constexpr int64_t kWindowMsUnderPressure = 60'000;

bool is_allowed(Outcome outcome) {
  return outcome == Outcome::kForwarded || outcome == Outcome::kCached ||
         outcome == Outcome::kStale || outcome == Outcome::kLocal;
}

// The finaliser of SplitMix64 (Steele et al. 2014), which spreads every bit over all 64.
uint64_t spread(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>()(text); }

}  // namespace

FloodGuard::FloodGuard(uint64_t seed, uint32_t repeats_max)
    : seed_(seed), repeats_max_(repeats_max), slots_(kSlots) {}

uint64_t FloodGuard::key_of(const Event& event) const {
  const auto& bytes = event.client.bytes;
  const std::string_view client(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const uint64_t rest = uint64_t{event.qtype} << 32 | uint64_t{event.rcode} << 16 |
                        static_cast<uint64_t>(event.outcome) << 8 |
                        static_cast<uint64_t>(event.client.kind);
  return spread(spread(spread(seed_ ^ hash_of(event.qname)) + hash_of(client)) ^ rest);
}

bool FloodGuard::repeats(const Event& event) {
  const bool pressed = pressure_ >= Pressure::kFold;
  if (!pressed && repeats_max_ == 0) return false;
  const uint64_t key = key_of(event);
  const int64_t window = event.time_ms / (pressed ? kWindowMsUnderPressure : kWindowMs);
  Slot& slot = slots_[key % kSlots];
  if (slot.key != key || slot.window != window) slot = {key, window, 0};
  if (slot.seen >= (pressed ? 1 : repeats_max_)) return true;
  ++slot.seen;
  return false;
}

bool FloodGuard::folds(const Event& event) {
  if (repeats(event)) return true;
  if (pressure_ < Pressure::kThin || !is_allowed(event.outcome)) return false;
  return allowed_seen_++ % kThinKeptOneIn != 0;
}

}  // namespace weir
