// The bodies come from our own database, yet they are read like a stranger's: what does not parse
// is sent as it is, and the receiver says what it thinks of it.
#include "forward_body.h"

#include <algorithm>

#include "weir/schema.h"

namespace weir::internal {
namespace {

// The last segment of a body: the only one that may be open.
struct Tail {
  SegmentHead head;
  size_t offset = 0;    // of the last segment in the body
  size_t segments = 0;  // in the body; 0: it is not to be read
};

Tail tail_of(const CutResult& cut) {
  Tail tail;
  const ByteView body(cut.body);
  for (size_t offset = 0; offset < body.size();) {
    const auto head = read_segment_head(body.subspan(offset));
    if (!head.ok() || head->total_bytes > body.size() - offset) return {};
    tail = {*head, offset, tail.segments + 1};
    offset += head->total_bytes;
  }
  return tail;
}

}  // namespace

int64_t tail_hour_end_ms(const CutResult& cut) {
  const Tail tail = tail_of(cut);
  if (tail.segments == 0 || !tail.head.open) return INT64_MAX;
  return (hour_of(tail.head.first_ms) + 1) * kHourMs;
}

void seal_tail(CutResult* cut) {
  const Tail tail = tail_of(*cut);
  if (tail.segments == 0 || !tail.head.open) return;
  const auto sealed = rewrite_segment_head(
      ByteView(cut->body).subspan(tail.offset),
      {.log = tail.head.log, .first = tail.head.first, .open = false, .ledger = tail.head.ledger});
  if (!sealed.ok()) return;  // then it goes as it is: the receiver may keep it open
  cut->body.resize(tail.offset);
  cut->body.insert(cut->body.end(), sealed->begin(), sealed->end());
  cut->sealed_end = cut->end;
}

Narrowed narrow(const CutResult& cut, CutLimits* limits) {
  const Tail tail = tail_of(cut);
  // One segment at a time shows which of them is refused; then halves of it show which event.
  if (tail.segments > 1) {
    limits->segments_max = 1;
    return Narrowed::kLess;
  }
  if (tail.segments == 0 || tail.head.kind == SegmentKind::kGap) return Narrowed::kGap;
  if (tail.head.count <= 1) return Narrowed::kEvent;
  limits->segments_max = 1;
  limits->segment_events_max = static_cast<size_t>(tail.head.count / 2);
  return Narrowed::kLess;
}

void widen(CutLimits* limits) {
  // Slowly, so that a few refused events close together do not each begin with a full body.
  const CutLimits full;
  if (limits->segment_events_max == full.segment_events_max)
    limits->segments_max = full.segments_max;
  limits->segment_events_max = std::min(limits->segment_events_max * 2, full.segment_events_max);
}

void replace_by_gap(CutResult* cut) {
  // The ledger of the refused segment: its counters hold for the gap as well.
  const SegmentHead head = tail_of(*cut).head;
  cut->body =
      encode_gap(head.log, cut->first, cut->end, GapReason::kRejected, head.last_ms, head.ledger);
  cut->sealed_end = cut->end;
}

}  // namespace weir::internal
