// InlineBatch: the hand-off without rings: producers append to the writer's batch themselves, under
// one mutex, and wait for each other and for the moment in which the writer takes the batch.
//
// Why it exists beside the rings: it is the plain way, to compare with and to fall back to
// (`query_log.handoff: inline`). Two buffers: producers fill one while the writer reads the other,
// so nobody waits for a commit. What it does not do: bound the number of events; BufferGauge does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "native/runtime/guarded.h"
#include "native/store/event_id.h"
#include "weir/event.h"
#include "weir/limits.h"
#include "weir/segment.h"

namespace weir {

class InlineBatch {
 public:
  static constexpr size_t kBytesMin = 64 << 10;

  // Of each buffer; pages that were never filled take no memory.
  explicit InlineBatch(size_t bytes)
      : bytes_max_(std::max(bytes, kBytesMin)), filling_(Buffer(bytes_max_)), read_(bytes_max_) {}

  // Any thread. kFull: no room until the writer has taken the batch; kTooLarge: it never fits. With
  // kOk, `done` (which may be empty) goes along with the event.
  Code push(const Event& event, Completion done = {}) noexcept {
    std::array<uint8_t, kEventBytesMax> bytes;
    const size_t used = encode_event(event, bytes);
    if (used == 0) return Code::kTooLarge;
    return filling_.with([&](Buffer& buffer) {
      if (buffer.used + sizeof(Length) + used > bytes_max_) return Code::kFull;
      const auto length = static_cast<Length>(used);
      if (done) buffer.completions.emplace_back(buffer.used, std::move(done));
      std::memcpy(buffer.bytes.get() + buffer.used, &length, sizeof(length));
      std::memcpy(buffer.bytes.get() + buffer.used + sizeof(length), bytes.data(), used);
      buffer.used += sizeof(length) + used;
      return Code::kOk;
    });
  }

  // The writer. Calls take(ByteView, Completion) for the oldest events, at most `events_max`, and
  // returns how many there were. The bytes stay until the next read().
  template <class Take>
  size_t read(size_t events_max, Take&& take) {
    if (read_to_ == read_.used) {
      read_.used = read_to_ = completions_taken_ = 0;
      read_.completions.clear();
      filling_.with([this](Buffer& buffer) { std::swap(buffer, read_); });
    }
    size_t count = 0;
    for (; read_to_ < read_.used && count < events_max; ++count) {
      Length length = 0;
      std::memcpy(&length, read_.bytes.get() + read_to_, sizeof(length));
      take(ByteView(read_.bytes.get() + read_to_ + sizeof(length), length), take_completion());
      read_to_ += sizeof(length) + length;
    }
    return count;
  }

 private:
  using Length = uint32_t;
  struct Buffer {
    explicit Buffer(size_t size) : bytes(new uint8_t[size]) {}
    std::unique_ptr<uint8_t[]> bytes;
    size_t used = 0;
    std::vector<std::pair<size_t, Completion>> completions;  // by the event's offset, ascending
  };

  // Of the event at read_to_.
  Completion take_completion() {
    auto& completions = read_.completions;
    const bool has = completions_taken_ < completions.size() &&
                     completions[completions_taken_].first == read_to_;
    return has ? std::move(completions[completions_taken_++].second) : Completion();
  }

  const size_t bytes_max_;
  Guarded<Buffer> filling_;
  Buffer read_;  // the writer's
  size_t read_to_ = 0;
  size_t completions_taken_ = 0;
};

}  // namespace weir
