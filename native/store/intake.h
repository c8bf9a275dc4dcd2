// Intake: what all producing threads share on the way to the writer: the bound on events held, the
// switch, the writer's sleep.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "native/store/event_ring.h"
#include "native/store/inline_batch.h"
#include "native/store/wake_event.h"
#include "weir/event.h"
#include "weir/limits.h"
#include "weir/status.h"

namespace weir {

// How many events are anywhere between offer() and the database, over all producers. Thread-safe.
//
// A counter that all producers raise for each event would cost each of them more than the rest of
// the hand-off. So a producer reserves some places at once and counts in a share of its own how
// many of them it takes. Places that are reserved and not taken are no events, but nobody else can
// have them: for each producer less than a 256th of what was free, so fewer as the buffer fills.
class BufferGauge {
 public:
  static constexpr uint64_t kFreePerPlace = 256;  // free places for each that is reserved at once

  // One producer's; belongs to one thread, but for held(). Lives as long as the gauge.
  class alignas(kCacheLineBytes) Share {
   public:
    // False if the buffer is full.
    bool take() noexcept {
      if (reserved_ == 0) [[unlikely]] {
        reserved_ = gauge_->reserve();
        if (reserved_ == 0) return false;
      }
      --reserved_;
      set_taken(taken_.load(std::memory_order_relaxed) + 1);
      return true;
    }
    // The place that was taken last was not needed.
    void put_back() noexcept {
      ++reserved_;
      set_taken(taken_.load(std::memory_order_relaxed) - 1);
    }

   private:
    friend class BufferGauge;
    void set_taken(uint64_t taken) noexcept { taken_.store(taken, std::memory_order_release); }

    BufferGauge* gauge_ = nullptr;
    uint64_t reserved_ = 0;           // and not taken
    std::atomic<uint64_t> taken_{0};  // since the beginning
  };

  explicit BufferGauge(size_t capacity) : capacity_(capacity) {}
  BufferGauge(const BufferGauge&) = delete;
  BufferGauge& operator=(const BufferGauge&) = delete;

  // At most kProducersMax times.
  Share& open_share() {
    const size_t index = share_count_.load();
    WEIR_CHECK(index < shares_.size());
    shares_[index].gauge_ = this;
    share_count_.store(index + 1);
    return shares_[index];
  }

  // Without a share: one place at a time, any thread. False if the buffer is full.
  bool take() noexcept {
    if (reserve(1) == 0) return false;
    balance_.fetch_add(1);
    return true;
  }
  void put_back() noexcept { give_back(1); }

  // Events that have left the buffer, whoever took their places.
  void give_back(uint64_t count) noexcept {
    balance_.fetch_sub(count);
    reserved_.fetch_sub(count);
  }

  // Never more than the capacity.
  uint64_t held() const noexcept {
    // In this order: what left the buffer had been taken before, so the sum is not negative.
    uint64_t sum = balance_.load();
    const size_t count = share_count_.load();
    for (size_t i = 0; i < count; ++i) sum += shares_[i].taken_.load(std::memory_order_acquire);
    // What was taken while we were reading may stand for more than there was at any moment.
    return std::min(sum, capacity_);
  }
  uint64_t capacity() const noexcept { return capacity_; }
  int percent() const noexcept { return static_cast<int>(held() * 100 / capacity_); }

 private:
  // Reserves 1 to `most` places, the fewer the less is free; 0 if nothing is.
  uint64_t reserve(uint64_t most = UINT64_MAX) noexcept {
    uint64_t reserved = reserved_.load(std::memory_order_relaxed);
    uint64_t places = 0;
    do {
      if (reserved >= capacity_) return 0;
      places = std::clamp<uint64_t>((capacity_ - reserved) / kFreePerPlace, 1, most);
    } while (!reserved_.compare_exchange_weak(reserved, reserved + places));
    return places;
  }

  const uint64_t capacity_;
  std::atomic<size_t> share_count_{0};
  alignas(kCacheLineBytes) std::atomic<uint64_t> reserved_{0};  // taken or not
  // Taken without a share, minus given back by anybody: modulo 2^64.
  alignas(kCacheLineBytes) std::atomic<uint64_t> balance_{0};
  std::array<Share, kProducersMax> shares_;
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

// A common event takes 70 to 110 bytes in a ring.
inline constexpr size_t kRingBytesPerEvent = 128;

// Lives longer than producers and writer; they borrow it.
struct Intake {
  enum class Mode : uint8_t { kOpen, kDisabled, kStopped };

  explicit Intake(size_t capacity) : gauge(capacity), inline_batch(capacity * kRingBytesPerEvent) {}

  BufferGauge gauge;
  // What every offer reads and hardly anybody writes, on a line of its own.
  alignas(kCacheLineBytes) WakeEvent wake;
  std::atomic<Mode> mode{Mode::kOpen};
  std::atomic<bool> inline_handoff{false};  // inline_batch instead of the producer's ring
  alignas(kCacheLineBytes) DropSample sample;
  InlineBatch inline_batch;
};

}  // namespace weir
