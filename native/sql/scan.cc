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
    WEIR_ASSIGN(const std::optional<Step> step, scan_->next(std::exchange(reply, {})));
    const ScanCounters counters = scan_->counters();
    work_.segments += counters.segments - counted_.segments;
    const uint64_t events = counters.events - counted_.events;
    counted_ = counters;
    WEIR_TRY(work_.spend(events));
    if (!step) return {};
    const auto* read = std::get_if<Read>(&*step);
    reply =
        read != nullptr ? executor_.run_read(*read) : executor_.run_group(std::get<Group>(*step));
  }
}

Filter filter_for_all() {
  Filter filter;
  filter.until_ms = kTimeMsMax + 1;
  return filter;
}

}  // namespace weir
