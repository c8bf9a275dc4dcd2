// The head of a segment: everything that is known without the columns, and the log's identity.
//
// It is read on its own (a query reads heads to choose segments, a receiver to judge a request), so
// it carries its own checksum and its fields are checked against each other here.
#include "segment_head.h"

#include <algorithm>
#include <numeric>

#include "bytes.h"
#include "hex.h"
#include "section_table.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, kGapReasonCount> kGapReasonNames = {
    "none", "budget", "data", "rejected", "corrupt", "forked", "expired"};
constexpr std::array<std::string_view, kDropReasonCount> kDropReasonNames = {
    "buffer_full", "data", "crash", "shutdown", "disabled"};

constexpr uint8_t kOpenFlag = 1;
constexpr size_t kHeadBytesAt = 8;  // offset of the u16 head length, after magic and four bytes
constexpr size_t kHeadBytesMin = 34 + 4;

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

void append_counters(const SegmentHead& head, ByteWriter& writer) {
  for (const uint64_t count : head.outcomes) writer.varint(count);
  writer.varint(head.ledger.offered);
  writer.varint(head.ledger.collapsed);
  for (const uint64_t count : head.ledger.dropped) writer.varint(count);
}

void read_counters(ByteReader& reader, SegmentHead* head) {
  for (uint64_t& count : head->outcomes) count = reader.varint_up_to(kIntegerMax);
  head->ledger.offered = reader.varint_up_to(kIntegerMax);
  head->ledger.collapsed = reader.varint_up_to(kIntegerMax);
  for (uint64_t& count : head->ledger.dropped) count = reader.varint_up_to(kIntegerMax);
}

Status check_gap(const SegmentHead& head) {
  if (head.gap_reason == GapReason::kNone) return corrupt("a gap has no reason");
  if (head.open) return corrupt("a gap is open");
  if (head.total_bytes != head.head_bytes) return corrupt("a gap has content");
  if (head.content_crc != 0) return corrupt("a gap has a content checksum");
  if (head.first_ms != head.last_ms) return corrupt("a gap has two times");
  const bool counted = std::any_of(head.outcomes.begin(), head.outcomes.end(),
                                   [](uint64_t count) { return count != 0; });
  if (counted) return corrupt("a gap counts outcomes");
  return {};
}

Status check_events(const SegmentHead& head) {
  if (head.gap_reason != GapReason::kNone) return corrupt("events have a gap reason");
  if (head.count > kSegmentEventsMax) {
    return Status(Code::kTooLarge, "a segment has too many events");
  }
  if (head.first_ms / kDayMs != head.last_ms / kDayMs) {
    return corrupt("a segment leaves its day");
  }
  // Each is at most kIntegerMax, so the sum of seven cannot wrap.
  const uint64_t sum = std::accumulate(head.outcomes.begin(), head.outcomes.end(), uint64_t{0});
  if (sum != head.count) return corrupt("a segment's outcomes do not add up");
  return {};
}

Status check_head(const SegmentHead& head) {
  if (head.count == 0 || head.first > kEventNumberMax || head.end() > kEventNumberMax + 1) {
    return corrupt("a segment's numbers are out of range");
  }
  if (head.first_ms < kTimeMsMin || head.last_ms > kTimeMsMax || head.first_ms > head.last_ms) {
    return corrupt("a segment's times are out of range");
  }
  return head.kind == SegmentKind::kGap ? check_gap(head) : check_events(head);
}

// Kind, reason and flags, each within its range.
Status read_kind(ByteReader& reader, SegmentHead* head) {
  const uint8_t kind = reader.u8();
  const uint8_t reason = reader.u8();
  const uint8_t flags = reader.u8();
  if (kind > static_cast<uint8_t>(SegmentKind::kGap) || reason >= kGapReasonCount ||
      flags > kOpenFlag) {
    return corrupt("a segment's kind is unknown");
  }
  head->kind = static_cast<SegmentKind>(kind);
  head->gap_reason = static_cast<GapReason>(reason);
  head->open = flags == kOpenFlag;
  return {};
}

// The head's own bytes, checksum verified and taken off.
Result<ByteView> checked_head_bytes(ByteView bytes) {
  if (bytes.size() < kHeadBytesMin) return corrupt("a segment ends within its head");
  const size_t size = load_le<uint16_t>(bytes.data() + kHeadBytesAt);
  if (size < kHeadBytesMin || size > kSegmentHeadBytesMax || size > bytes.size()) {
    return corrupt("a segment's head has an impossible length");
  }
  const ByteView covered = bytes.first(size - 4);
  if (crc32c(covered) != load_le<uint32_t>(bytes.data() + size - 4)) {
    return corrupt("a segment's head fails its checksum");
  }
  return covered;
}

}  // namespace

std::string_view gap_reason_name(GapReason reason) {
  const auto index = static_cast<size_t>(reason);
  WEIR_CHECK(index < kGapReasonCount);
  return kGapReasonNames[index];
}

std::string_view drop_reason_name(DropReason reason) {
  const auto index = static_cast<size_t>(reason);
  WEIR_CHECK(index < kDropReasonCount);
  return kDropReasonNames[index];
}

std::string log_id_text(const LogId& id) { return to_hex(id.bytes); }

Result<LogId> parse_log_id(std::string_view text) {
  LogId id;
  if (!from_hex(text, id.bytes)) return Status(Code::kInvalid, "a log id is 32 hex digits");
  return id;
}

void append_segment_head(SegmentHead head, size_t content_bytes, Bytes* out) {
  const size_t start = out->size();
  ByteWriter writer(*out);
  writer.u32(kSegmentMagic);
  writer.u8(kSegmentVersion);
  writer.u8(static_cast<uint8_t>(head.kind));
  writer.u8(static_cast<uint8_t>(head.gap_reason));
  writer.u8(head.open ? kOpenFlag : 0);
  writer.u16(0);  // both lengths follow when they are known
  writer.u32(0);
  writer.u32(head.content_crc);
  writer.bytes(head.log.bytes);
  writer.varint(head.first);
  writer.varint(head.count);
  writer.varint(static_cast<uint64_t>(head.first_ms));
  writer.varint(static_cast<uint64_t>(head.last_ms - head.first_ms));
  append_counters(head, writer);
  head.head_bytes = static_cast<uint32_t>(out->size() - start + 4);
  head.total_bytes = static_cast<uint32_t>(head.head_bytes + content_bytes);
  WEIR_CHECK(check_head(head).ok() && head.total_bytes <= kSegmentBytesMax);
  store_le(out->data() + start + kHeadBytesAt, static_cast<uint16_t>(head.head_bytes));
  store_le(out->data() + start + kHeadBytesAt + 2, head.total_bytes);
  writer.u32(crc32c(ByteView(*out).subspan(start)));
}

Result<SegmentHead> read_segment_head(ByteView bytes) {
  ByteReader preamble(bytes);
  if (preamble.u32() != kSegmentMagic) return corrupt("not a segment");
  SegmentHead head;
  head.version = preamble.u8();
  if (!preamble.ok()) return corrupt("a segment ends within its head");
  if (head.version > kSegmentVersion) {
    return Status(Code::kUnsupported, "a segment has a newer version");
  }
  if (head.version < kSegmentVersion) return corrupt("a segment has a version that never was");
  WEIR_ASSIGN(const ByteView covered, checked_head_bytes(bytes));
  ByteReader reader(covered.subspan(preamble.position()));
  WEIR_TRY(read_kind(reader, &head));
  head.head_bytes = reader.u16();
  head.total_bytes = reader.u32();
  head.content_crc = reader.u32();
  const ByteView log = reader.take(head.log.bytes.size());
  std::copy(log.begin(), log.end(), head.log.bytes.begin());
  head.first = reader.varint();
  head.count = reader.varint_up_to(kEventNumberMax + 1);
  head.first_ms = static_cast<int64_t>(reader.varint_up_to(kTimeMsMax));
  head.last_ms = head.first_ms + static_cast<int64_t>(reader.varint_up_to(kTimeMsMax));
  read_counters(reader, &head);
  if (!reader.ok() || !reader.at_end()) return corrupt("a segment's head is malformed");
  if (head.total_bytes > kSegmentBytesMax) return Status(Code::kTooLarge, "a segment is too large");
  if (head.total_bytes < head.head_bytes) return corrupt("a segment is shorter than its head");
  if (head.kind == SegmentKind::kGap && head.total_bytes > head.head_bytes) {
    return corrupt("a gap has content");
  }
  WEIR_TRY(check_head(head));
  return head;
}

Bytes encode_gap(const LogId& log, uint64_t first, uint64_t end, GapReason reason, int64_t now_ms,
                 const LedgerCounters& ledger) {
  WEIR_CHECK(first < end);
  SegmentHead head;
  head.kind = SegmentKind::kGap;
  head.gap_reason = reason;
  head.log = log;
  head.first = first;
  head.count = end - first;
  // A clock that is not set yet is no reason not to declare a gap.
  head.first_ms = head.last_ms = std::clamp(now_ms, kTimeMsMin, kTimeMsMax);
  head.ledger = ledger;
  Bytes out;
  append_segment_head(head, 0, &out);
  return out;
}

Result<Bytes> rewrite_segment_head(ByteView segment, const SegmentBuilder::Options& options) {
  WEIR_ASSIGN(SegmentHead head, read_segment_head(segment));
  if (segment.size() != head.total_bytes) return corrupt("a segment has another length");
  const ByteView content = segment.subspan(head.head_bytes);
  if (head.kind == SegmentKind::kEvents) WEIR_TRY(check_content(head, segment));
  head.log = options.log;
  head.first = options.first;
  head.open = options.open;
  head.ledger = options.ledger;
  if (Status status = check_head(head); !status.ok()) {
    return Status(Code::kInvalid, status.message());
  }
  Bytes out;
  out.reserve(kSegmentHeadBytesMax + content.size());
  append_segment_head(head, content.size(), &out);
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

}  // namespace weir
