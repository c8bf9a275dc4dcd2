#include "row_check.h"

#include <algorithm>

namespace weir {
namespace {

bool is_anchor(const SegmentRow& row) { return row.count == 0 && row.kind == RowKind::kGap; }

// Do the columns say what the head says?
bool columns_agree(const SegmentRow& row, const SegmentHead& head) {
  return row.count == head.count && row.crc == head.content_crc && row.first_ms == head.first_ms &&
         row.last_ms == head.last_ms && row.kind == static_cast<RowKind>(head.kind);
}

}  // namespace

void RowCheck::say(Finding::Part part, uint64_t first, uint64_t end, const char* problem,
                   RowVerdict* verdict) const {
  verdict->findings.push_back({part, log_.log_no, first, end, 0, problem});
}

void RowCheck::put(const SegmentHead& head, Bytes bytes, RowVerdict* verdict) const {
  if (mending_ != Mending::kAll) return;
  verdict->mend.push_back(
      {StatementId::kSegmentPut, segment_values(log_.log_no, head, std::move(bytes))});
  ++verdict->mended;
}

void RowCheck::count_corrupt(uint64_t events, RowVerdict* verdict) const {
  verdict->corrupt_events += events;
  verdict->mend.push_back(
      {StatementId::kLedgerCorrupt,
       {ledger_id(log_.log_no, hour_of(now_ms_)), static_cast<int64_t>(events)}});
}

// The bytes stay for whoever wants to look. The assert fails where the row is marked already.
void RowCheck::mark(const SegmentRow& row, RowVerdict* verdict) const {
  if (mending_ != Mending::kMark) return;
  const int64_t id = segment_id(log_.log_no, row.first);
  verdict->mend.push_back(
      {StatementId::kSegmentsAssert,
       {id, id, int64_t{1}, static_cast<int64_t>(row.count), int64_t{row.crc}}});
  count_corrupt(row.count, verdict);
  verdict->mend.push_back({StatementId::kSegmentMarkCorrupt, {id, int64_t{row.crc}}});
  ++verdict->mended;
}

// `counted`: the events are accounted for as expired already.
void RowCheck::put_gap(uint64_t first, uint64_t end, bool counted, RowVerdict* verdict) const {
  verdict->missing = true;
  if (mending_ != Mending::kAll) return;
  Bytes gap = encode_gap(log_.log, first, end, GapReason::kCorrupt, now_ms_, ledger_);
  const Result<SegmentHead> head = read_segment_head(gap);
  WEIR_CHECK(head.ok());
  put(*head, std::move(gap), verdict);
  if (!counted) count_corrupt(end - first, verdict);
}

RowVerdict RowCheck::judge(const SegmentRow& row, ByteView bytes) {
  RowVerdict verdict;
  if (begun_) judge_numbers(row, &verdict);
  uint64_t end = row.end();
  if (!begun_ || row.first >= end_) end = judge_bytes(row, bytes, &verdict);
  begun_ = true;
  end_ = std::max(end_, end);
  if (verdict.mend.empty()) return verdict;
  // The group holds only while the row is what was judged.
  const int64_t id = segment_id(log_.log_no, row.first);
  verdict.mend.insert(
      verdict.mend.begin(),
      {StatementId::kSegmentAssert, {id, static_cast<int64_t>(row.count), int64_t{row.crc}, id}});
  return verdict;
}

// A log may begin anywhere, since its oldest events expire; after that every number is there once.
void RowCheck::judge_numbers(const SegmentRow& row, RowVerdict* verdict) {
  if (row.first > end_) {
    say(Finding::Part::kNumbers, end_, row.first, "are missing", verdict);
    put_gap(end_, row.first, false, verdict);
  }
  if (row.first >= end_) return;
  say(Finding::Part::kNumbers, row.first, std::min(row.end(), end_), "are there twice", verdict);
  if (mending_ == Mending::kAll) {
    const int64_t id = segment_id(log_.log_no, row.first);
    verdict->mend.push_back({StatementId::kSegmentRemove, {id, id}});
    ++verdict->mended;
  }
  if (row.end() > end_) put_gap(end_, row.end(), row.kind != RowKind::kEvents, verdict);
}

uint64_t RowCheck::judge_bytes(const SegmentRow& row, ByteView bytes, RowVerdict* verdict) {
  if (is_anchor(row) || !row.bytes.has_value()) {  // kept in an object store: not looked into
    verdict->missing = !is_anchor(row);
    return row.end();
  }
  Result<SegmentReader> reader = SegmentReader::open(bytes);
  const bool ours = reader.ok() && reader->head().log == log_.log &&
                    reader->head().first == row.first && reader->head().count > 0;
  if (!ours) {
    const char* problem =
        reader.ok() ? "the bytes are those of other events" : "the bytes fail their checks";
    say(Finding::Part::kSegment, row.first, row.end(), problem, verdict);
    if (row.count > 0) put_gap(row.first, row.end(), row.kind != RowKind::kEvents, verdict);
    if (row.count > 0 && row.kind == RowKind::kEvents) mark(row, verdict);
    return row.end();
  }
  const SegmentHead head = reader->head();
  ledger_ = head.ledger;
  if (!columns_agree(row, head)) {
    const char* problem = row.kind == RowKind::kCorrupt
                              ? "is marked as corrupt and can be read"
                              : "the row says something else than its bytes";
    say(Finding::Part::kSegment, row.first, head.end(), problem, verdict);
    put(head, Bytes(bytes.begin(), bytes.end()), verdict);
  }
  if (head.kind == SegmentKind::kEvents) {
    verdict->reader = std::move(*reader);
  } else {
    verdict->gap = head;
  }
  return head.end();
}

}  // namespace weir
