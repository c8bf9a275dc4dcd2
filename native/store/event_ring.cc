// What is not needed for every event.
#include "native/store/event_ring.h"

#include <algorithm>

namespace weir {

EventRing::EventRing(size_t bytes)
    : chunk_count_(std::max(bytes, kBytesMin) / kChunkBytes + 2),
      data_(allocate_ring_memory(chunk_count_ * kChunkBytes + kPrefetchBytes)),
      order_(chunk_count_) {
  free_.reserve(chunk_count_);
  for (size_t chunk = chunk_count_; chunk > 0; --chunk) free_.push_back(chunk - 1);
}

// The next put() goes to the start of another chunk; false if none is free.
bool EventRing::open_chunk() noexcept {
  for (const uint64_t head = head_.load(std::memory_order_acquire); reclaimed_ < head;) {
    free_.push_back(order_[reclaimed_++ % chunk_count_]);
  }
  if (offset_ == 0) return true;  // it is one already
  if (free_.empty()) return false;
  if (offset_ < kChunkBytes) std::memcpy(filling_ + offset_, &kEndMark, sizeof(kEndMark));
  order_[taken_ % chunk_count_] = free_.back();
  filling_ = chunk(taken_++);
  free_.pop_back();
  offset_ = 0;
  return true;
}

}  // namespace weir
