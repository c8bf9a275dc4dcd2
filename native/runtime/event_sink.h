// EventSink: where a DNS thread hands its events to. The seam between dns/ and store/.
#pragma once

#include "weir/event.h"

namespace weir {

// One per producing thread; thread-compatible.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // Copies the event and returns at once: never waits, never fails. An event that finds no room is
  // counted as dropped by whoever implements this.
  virtual void offer(const Event& event) noexcept = 0;
};

}  // namespace weir
