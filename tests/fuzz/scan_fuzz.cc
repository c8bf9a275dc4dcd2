// A segment with its checksums made right, read by the ranges that a question needs: whatever its
// bytes say, a scan ends, and what it finds on the way can be shown and counted. The first byte
// says what is asked.
#include "query_scan.h"
#include "support/piece_of.h"
#include "support/resealed.h"
#include "weir/summary.h"

namespace weir {
namespace {

Filter filter_of(uint8_t asked, const SegmentHead& head) {
  Filter filter;
  filter.until_ms = kTimeMsMax;
  if ((asked & 1) != 0) filter.types = {1};
  if ((asked & 2) != 0) filter.domains = {"*.example", "b.test"};
  if ((asked & 4) != 0) filter.contains = {"a"};
  if ((asked & 8) != 0) filter.outcomes = {Outcome::kCached};
  if ((asked & 16) != 0) filter.since_ms = head.first_ms + 1;
  return filter;
}

SegmentScan::Wanted wanted_of(uint8_t asked) {
  SegmentScan::Wanted wanted;
  if ((asked & 32) != 0) wanted.order = SegmentScan::Order::kDownwards;
  if ((asked & 64) != 0) wanted.columns = {Column::kQuestions};
  return wanted;
}

void show(SegmentScan* scan, OutcomeCounts* shown) {
  for (size_t i = 0; i < scan->matches().size(); ++i) {
    const Event event = scan->event(i);
    WEIR_CHECK(event.qname.size() <= kNameTextBytesMax);
    ++shown->by_outcome[static_cast<size_t>(event.outcome)];
  }
}

void ask(uint8_t asked, const Bytes& bytes, const SegmentHead& head) {
  const Filter filter = filter_of(asked, head);
  const SegmentScan::Wanted wanted = wanted_of(asked);
  WalkRow row;
  row.first = head.first;
  row.count = head.count;
  row.bytes = bytes.size();
  SegmentScan scan(std::move(row), filter, wanted);
  OutcomeCounts shown;
  Summary counted;
  while (true) {
    const auto found = scan.advance();
    if (!found.ok() || *found == SegmentScan::Found::kEnd) break;
    if (*found == SegmentScan::Found::kNeedsBytes) {
      std::vector<Bytes> pieces;
      for (const ByteRange& range : scan.needs()) pieces.push_back(piece_of(bytes, range));
      scan.supply(std::move(pieces));
    } else {
      counted.add(scan.reader(), scan.chunk(), scan.matches());
      if ((asked & 64) == 0) show(&scan, &shown);
    }
  }
  if (scan.is_open()) counted.finish(scan.reader(), scan.questions_left());
  WEIR_CHECK(counted.counts().total() <= head.count);
  if ((asked & 64) == 0) WEIR_CHECK(counted.counts() == shown);
}

}  // namespace
}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  weir::Bytes bytes(data + 1, data + size);
  weir::reseal(&bytes);
  const auto front = weir::SegmentReader::open_front(bytes);
  if (front.ok() && front->count() > 0) weir::ask(data[0], bytes, front->head());
  return 0;
}
