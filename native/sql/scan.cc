#include "native/sql/scan.h"

#include <utility>

#include "weir/limits.h"

namespace weir {

Status TableScan::begin(ScanRequest request) {
  counted_ = {};
  scan_.emplace(std::move(request));
  return next();
}

Status TableScan::next() {
  Reply reply;
  while (true) {
    WEIR_ASSIGN(const std::optional<Group> group, scan_->next(std::exchange(reply, {})));
    const ScanCounters counters = scan_->counters();
    work_.segments += counters.segments - counted_.segments;
    const uint64_t events = counters.events - counted_.events;
    counted_ = counters;
    WEIR_TRY(work_.spend(events));
    if (!group) return {};
    reply = executor_.run_group(*group);
  }
}

Filter filter_for_all() {
  Filter filter;
  filter.until_ms = kTimeMsMax + 1;
  return filter;
}

}  // namespace weir
