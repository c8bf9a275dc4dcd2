// Intake: what all producing threads share on the way to the writer: the bound on events held, the
// switch, the writer's sleep.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "native/store/event_ring.h"
#include "native/store/inline_batch.h"
#include "native/store/wake_event.h"
#include "weir/event.h"

namespace weir {

// How many events are anywhere between offer() and the database, over all producers. Thread-safe.
class BufferGauge {
 public:
  explicit BufferGauge(size_t capacity) : capacity_(capacity) {}

  // False if the buffer is full. Sequentially consistent: see WakeEvent::park.
  bool take() noexcept {
    if (held_.fetch_add(1) < capacity_) return true;
    held_.fetch_sub(1);
    return false;
  }
  void give_back(uint64_t count) noexcept { held_.fetch_sub(count); }

  // May exceed the capacity for the moment in which somebody is being refused.
  uint64_t held() const noexcept { return held_.load(); }
  uint64_t capacity() const noexcept { return capacity_; }
  int percent() const noexcept { return static_cast<int>(held() * 100 / capacity_); }

 private:
  const uint64_t capacity_;
  alignas(kCacheLineBytes) std::atomic<uint64_t> held_{0};
};

// One refused event now and then, for the log: a producer leaves it, the writer picks it up. Nobody
// waits: while one is there, others are not noted.
class DropSample {
 public:
  void leave(const Event& event) noexcept {
    State expected = State::kEmpty;
    if (!state_.compare_exchange_strong(expected, State::kBusy)) return;
    qname_size_ = std::min(event.qname.size(), qname_.size());
    std::copy_n(event.qname.data(), qname_size_, qname_.data());
    client_ = event.client;
    state_.store(State::kFull);
  }
  // "nas.home from 192.0.2.1", or nothing.
  std::string take() {
    if (state_.load() != State::kFull) return {};
    std::string text(qname_.data(), qname_size_);
    text += " from " + client_text(client_);
    state_.store(State::kEmpty);
    return text;
  }

 private:
  enum class State : uint8_t { kEmpty, kBusy, kFull };
  std::atomic<State> state_{State::kEmpty};
  std::array<char, 128> qname_{};  // enough to recognise it
  size_t qname_size_ = 0;
  Client client_;
};

// A common event takes 60 to 100 bytes in a ring.
inline constexpr size_t kRingBytesPerEvent = 128;

// Lives longer than producers and writer; they borrow it.
struct Intake {
  enum class Mode : uint8_t { kOpen, kDisabled, kStopped };

  explicit Intake(size_t capacity) : gauge(capacity), inline_batch(capacity * kRingBytesPerEvent) {}

  BufferGauge gauge;
  WakeEvent wake;
  DropSample sample;
  InlineBatch inline_batch;
  std::atomic<Mode> mode{Mode::kOpen};
  std::atomic<bool> inline_handoff{false};  // inline_batch instead of the producer's ring
};

}  // namespace weir
