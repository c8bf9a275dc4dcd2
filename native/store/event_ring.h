// EventRing: the bounded way of an event from one producing thread to the writer.
//
// Encoded events (encode_event) stand back to back, each behind its length, in chunks of one byte
// array; an event that does not fit before a chunk's end leaves an end mark and goes to the next
// chunk. One producer, one consumer, no lock, no allocation after construction, no wait: a ring
// without room says so and the producer counts the drop. It does not bound the number of events;
// BufferGauge does that over all rings together.
//
// Why chunks, and not simply round and round: the chunk that was released last is taken again
// first. So a ring with room for seconds of traffic lives in the few chunks that its backlog
// needs, at the start of its memory; what no spike ever needed is never touched. To open a chunk
// costs as much as ten pushes, so a chunk is long enough to be opened for one event in a thousand.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "native/store/ring_memory.h"
#include "weir/event.h"
#include "weir/limits.h"
#include "weir/segment.h"

namespace weir {

// Size of what two threads must not share: the cache line, twice on CPUs that fetch pairs.
inline constexpr size_t kCacheLineBytes = 64;

class EventRing {
 public:
  static constexpr size_t kChunkBytes = 128 << 10;  // an event never needs more
  static constexpr size_t kBytesMin = 4 * kChunkBytes;

  // Two chunks more than `bytes`: one that is half read and one that is half filled.
  explicit EventRing(size_t bytes);

  // Producer. kFull: no room now; kTooLarge: the event fits no ring.
  Code push(const Event& event) noexcept;

  // Consumer. Calls take(ByteView) for the oldest events that it has not seen yet, at most
  // `events_max`, and returns how many there were. The bytes stay until release().
  template <class Take>
  size_t read(size_t events_max, Take&& take);
  // Consumer. Frees the chunks of which everything was read.
  void release() noexcept { head_.store(read_to_ / kChunkBytes, std::memory_order_release); }

 private:
  using Length = uint32_t;
  static constexpr Length kEndMark = ~Length{0};
  static_assert(kChunkBytes >= kEventBytesMax + sizeof(Length));

  // How far ahead of an event the lines of those after it are fetched, and how much is left of a
  // chunk when the consumer's position, which opening the next one asks for, is.
  static constexpr size_t kPrefetchBytes = 4 * kCacheLineBytes;
  static constexpr size_t kChunkEndBytes = 1024;

  // Lengths stand at multiples of their size, so one always fits before a chunk's end.
  static constexpr size_t padded(size_t bytes) {
    return (bytes + sizeof(Length) - 1) & ~(sizeof(Length) - 1);
  }

  bool put(const Event& event) noexcept;
  void prefetch(const uint8_t* at, size_t room) const noexcept;
  bool open_chunk() noexcept;
  uint8_t* chunk(uint64_t sequence) const noexcept {
    return data_.get() + order_[sequence % chunk_count_] * kChunkBytes;
  }

  const size_t chunk_count_;
  const RingMemory data_;
  // Which chunk was taken as the i-th, at i modulo the count. Written before the tail that leads
  // there; as no more are in use than there are, an entry stands until its chunk is free again.
  std::vector<size_t> order_;
  // A position is how many chunks were taken before, times their size, and the offset. It grows for
  // ever.
  alignas(kCacheLineBytes) std::atomic<uint64_t> tail_{0};  // written by the producer
  uint8_t* filling_ = nullptr;                              // the chunk the producer is in
  size_t offset_ = kChunkBytes;                             // its next byte there
  uint64_t taken_ = 0;                                      // chunks, so far
  uint64_t reclaimed_ = 0;                                  // of them, put back into free_
  std::vector<size_t> free_;                                // the one to take next is the last
  alignas(kCacheLineBytes) std::atomic<uint64_t> head_{0};  // chunks released by the consumer
  uint64_t read_to_ = 0;                                    // position
};

inline Code EventRing::push(const Event& event) noexcept {
  if (put(event)) [[likely]] {
    return Code::kOk;
  }
  if (!open_chunk()) return Code::kFull;
  return put(event) ? Code::kOk : Code::kTooLarge;
}

// False if the event does not fit into what is left of the chunk.
inline bool EventRing::put(const Event& event) noexcept {
  const size_t room = kChunkBytes - offset_;
  if (room <= sizeof(Length)) return false;
  uint8_t* const at = filling_ + offset_;
  prefetch(at, room);
  const size_t used = encode_event(event, {at + sizeof(Length), room - sizeof(Length)});
  if (used == 0) return false;
  const auto length = static_cast<Length>(used);
  std::memcpy(at, &length, sizeof(length));
  offset_ += sizeof(length) + padded(used);
  tail_.store((taken_ - 1) * kChunkBytes + offset_, std::memory_order_release);
  return true;
}

// An event is one or two lines long.
inline void EventRing::prefetch(const uint8_t* at, size_t room) const noexcept {
  __builtin_prefetch(at + kPrefetchBytes - kCacheLineBytes, 1);
  __builtin_prefetch(at + kPrefetchBytes, 1);
  if (room < kChunkEndBytes) __builtin_prefetch(&head_);
}

template <class Take>
size_t EventRing::read(size_t events_max, Take&& take) {
  const uint64_t tail = tail_.load(std::memory_order_acquire);
  size_t count = 0;
  while (read_to_ != tail && count < events_max) {
    const uint64_t sequence = read_to_ / kChunkBytes;
    const uint8_t* const at = chunk(sequence) + read_to_ % kChunkBytes;
    Length length = 0;
    std::memcpy(&length, at, sizeof(length));
    if (length == kEndMark) {
      read_to_ = (sequence + 1) * kChunkBytes;
      continue;
    }
    take(ByteView(at + sizeof(length), length));
    read_to_ += sizeof(length) + padded(length);
    ++count;
  }
  return count;
}

}  // namespace weir
