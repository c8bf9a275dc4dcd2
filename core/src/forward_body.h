// What a sender does with the segments of a cut, apart from sending them.
#pragma once

#include "weir/log_store.h"

namespace weir::internal {

// When the hour of the open segment at the end of `cut` is over (UTC), INT64_MAX if there is none.
int64_t tail_hour_end_ms(const CutResult& cut);
// Closes the open segment at the end, if there is one.
void seal_tail(CutResult* cut);

// After a receiver refused `cut` for good: cuts less the next time.
enum class Narrowed : uint8_t {
  kLess,   // the limits are narrower now
  kEvent,  // it was one event: there is nothing to halve
  kGap,    // it was a gap, or not even ours to read: no other bytes can stand for it
};
Narrowed narrow(const CutResult& cut, CutLimits* limits);
// After a success: towards the full limits again.
void widen(CutLimits* limits);

// Lets a gap stand for the one segment of `cut`.
void replace_by_gap(CutResult* cut);

}  // namespace weir::internal
