// EventRing: the bounded way of an event from one producing thread to the writer.
//
// Encoded events (encode_event) stand back to back in one byte array, each behind its length; an
// event that does not fit before the array's end leaves a skip mark and goes to the start. One
// producer, one consumer, no lock, no allocation after construction, no wait: a ring without room
// says so and the producer counts the drop. It does not bound the number of events; BufferGauge
// does that over all rings together.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "weir/event.h"
#include "weir/limits.h"
#include "weir/segment.h"

namespace weir {

// Size of what two threads must not share: the cache line, twice on CPUs that fetch pairs.
inline constexpr size_t kCacheLineBytes = 64;

class EventRing {
 public:
  static constexpr size_t kBytesMin = 64 << 10;

  // At least kBytesMin are taken, so that an event of kEventBytesMax fits at any position.
  explicit EventRing(size_t bytes)
      : size_(padded(std::max(bytes, kBytesMin))), data_(new uint8_t[size_]) {}

  // Producer. kFull: no room now; kTooLarge: the event fits no ring.
  Code push(const Event& event) noexcept;

  // Consumer. Calls take(ByteView) for the oldest events that it has not seen yet, at most
  // `events_max`, and returns how many there were. The bytes stay until release().
  template <class Take>
  size_t read(size_t events_max, Take&& take);
  // Consumer. Frees the room of everything read.
  void release() noexcept;

 private:
  using Length = uint32_t;
  static constexpr Length kSkip = ~Length{0};

  // Lengths stand at multiples of their size, so one always fits before the array's end.
  static constexpr size_t padded(size_t bytes) {
    return (bytes + sizeof(Length) - 1) & ~(sizeof(Length) - 1);
  }

  Code put(const Event& event, size_t offset, size_t room, uint64_t skipped) noexcept;
  void store_length(size_t offset, Length length) noexcept {
    std::memcpy(data_.get() + offset, &length, sizeof(length));
  }

  const size_t size_;
  const std::unique_ptr<uint8_t[]> data_;
  // Positions grow for ever; the offset is the position modulo size_.
  alignas(kCacheLineBytes) std::atomic<uint64_t> tail_{0};  // written by the producer
  uint64_t head_seen_ = 0;  // the producer's copy, renewed when it seems full
  alignas(kCacheLineBytes) std::atomic<uint64_t> head_{0};  // written by the consumer
  uint64_t read_to_ = 0;                                    // read, perhaps not yet released
};

inline Code EventRing::push(const Event& event) noexcept {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (tail - head_seen_ + kEventBytesMax + sizeof(Length) > size_) {
    head_seen_ = head_.load(std::memory_order_acquire);
  }
  const size_t offset = tail % size_;
  const size_t free = size_ - (tail - head_seen_);
  const size_t to_end = size_ - offset;
  const Code code = put(event, offset, std::min(free, to_end), 0);
  if (code != Code::kFull || free <= to_end) return code;
  // The rest of the array is too short for it: skip to the start.
  return put(event, 0, free - to_end, to_end);
}

// Writes the event into `room` bytes at `offset`, after skipping the `skipped` bytes that are left
// at the array's end.
inline Code EventRing::put(const Event& event, size_t offset, size_t room,
                           uint64_t skipped) noexcept {
  if (room <= sizeof(Length)) return Code::kFull;
  const size_t begin = offset + sizeof(Length);
  const size_t used = encode_event(event, {data_.get() + begin, room - sizeof(Length)});
  if (used == 0) return room > kEventBytesMax + sizeof(Length) ? Code::kTooLarge : Code::kFull;
  if (sizeof(Length) + padded(used) > room) return Code::kFull;
  store_length(offset, static_cast<Length>(used));
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (skipped > 0) store_length(tail % size_, kSkip);
  tail_.store(tail + skipped + sizeof(Length) + padded(used), std::memory_order_release);
  return Code::kOk;
}

template <class Take>
size_t EventRing::read(size_t events_max, Take&& take) {
  const uint64_t tail = tail_.load(std::memory_order_acquire);
  size_t count = 0;
  while (read_to_ != tail && count < events_max) {
    const size_t offset = read_to_ % size_;
    Length length = 0;
    std::memcpy(&length, data_.get() + offset, sizeof(length));
    if (length == kSkip) {
      read_to_ += size_ - offset;
      continue;
    }
    take(ByteView(data_.get() + offset + sizeof(length), length));
    read_to_ += sizeof(length) + padded(length);
    ++count;
  }
  return count;
}

inline void EventRing::release() noexcept { head_.store(read_to_, std::memory_order_release); }

}  // namespace weir
