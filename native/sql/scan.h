// TableScan: an EventScan that runs its groups, for cursors.
#pragma once

#include <optional>

#include "native/sql/virtual_table.h"
#include "weir/event_scan.h"

namespace weir {

class TableScan {
 public:
  TableScan(Executor& executor, TableWork& work) : executor_(executor), work_(work) {}

  // Begins anew at the first event, or at the end.
  Status begin(ScanRequest request);
  Status next();
  bool at_end() const { return !scan_ || scan_->at_end(); }
  // Precondition: not at_end().
  const EventScan& at() const { return *scan_; }

 private:
  Executor& executor_;
  TableWork& work_;
  std::optional<EventScan> scan_;
  ScanCounters counted_;
};

// A filter that any plausible event passes.
Filter filter_for_all();

}  // namespace weir
