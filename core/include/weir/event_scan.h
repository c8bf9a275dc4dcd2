// EventScan: the events of all logs that match a filter, one after the other in the order of their
// ids, upwards or downwards.
//
// It is for callers that pull, as a virtual table does, and therefore no Operation: next() answers
// the step that it needs to go on, if it needs one. Segments outside the filter's time and the
// asked ids are not read; those whose dictionary excludes the names asked for are not scanned.
// Memory: what one step answers. Each step is of its own moment; events that come while the scan
// is under way may be seen or not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "weir/operation.h"
#include "weir/query.h"
#include "weir/schema.h"

namespace weir {

struct ScanRequest {
  Filter filter = {};  // until_ms is exclusive: a filter for all times needs it set
  // Ids are segment_id(log_no, n), both inclusive.
  int64_t first_id = 0;
  int64_t last_id = INT64_MAX;
  bool descending = false;
};

struct ScanCounters {
  uint64_t segments = 0;    // whose bytes were opened
  uint64_t events = 0;      // in those whose columns were decoded
  uint64_t unreadable = 0;  // segments that fail their checks: their events are missing
};

class EventScan {
 public:
  explicit EventScan(ScanRequest request);
  ~EventScan();
  EventScan(const EventScan&) = delete;
  EventScan& operator=(const EventScan&) = delete;

  // Moves to the next event. Answers a step, a reading Group or a Read, if one has to be run first:
  // call again with its reply. Otherwise at_end() or the accessors tell where the scan is.
  Result<std::optional<Step>> next(Reply reply = {});

  bool at_end() const;
  // Of the event; valid until the next call of next(). Precondition: not at_end().
  const Event& event() const;
  int64_t id() const;
  const LogState& log() const;

  const ScanCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
