// What an event becomes once the writer has it, and who wants to hear of it.
#pragma once

#include <functional>

#include "weir/event.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

// An event's name for ever.
struct EventId {
  LogId log;
  int64_t log_no = 0;  // of the log in this database
  uint64_t n = 0;
};

// Called once, on the writer thread: with the id when the event is durable, or with the reason why
// it never will be. Must return at once and must not call the query log.
using Completion = std::function<void(const Result<EventId>&)>;

// Called on the writer thread for each event as soon as it has its number, before it is written.
// The event lives as long as the call, which must return at once and must not call the query log.
// A number that never becomes durable (a crash, a log that is left) may be told again.
using EventListener = std::function<void(const EventId&, const Event&)>;

}  // namespace weir
