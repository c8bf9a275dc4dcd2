#include "log_rows.h"

#include <algorithm>

#include "section_table.h"

namespace weir {
namespace {

// Columns of kLogById and kLogRange, in their order.
enum LogColumn : size_t {
  kLogNo,
  kLogId,
  kSite,
  kAcked,
  kRolledThrough,
  kRolledMs,
  kLedgerSequence,
  kNewestId,
  kNewestCount,
  kNewestOpen,
  kNewestCrc,
};

constexpr uint64_t kEndMax = kEventNumberMax + 1;

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

// The first event's number of a row whose id must be `log_no`'s.
Result<uint64_t> first_at(const Rows& rows, size_t row, size_t column, int64_t log_no) {
  WEIR_ASSIGN(const int64_t id, integer_at(rows, row, column));
  WEIR_ASSIGN(const SegmentKey key, segment_key(id));
  if (key.log_no != log_no) return corrupt("a segment belongs to another log");
  return key.first;
}

Result<RowKind> kind_at(const Rows& rows, size_t row, size_t column) {
  constexpr auto kMax = static_cast<uint64_t>(RowKind::kCorrupt);
  WEIR_ASSIGN(const uint64_t kind, count_at(rows, row, column, kMax));
  return static_cast<RowKind>(kind);
}

Result<uint32_t> crc_at(const Rows& rows, size_t row, size_t column) {
  WEIR_ASSIGN(const uint64_t crc, count_at(rows, row, column, UINT32_MAX));
  return static_cast<uint32_t>(crc);
}

Result<Newest> newest_at(const Rows& rows, size_t row, int64_t log_no) {
  if (null_at(rows, row, kNewestId)) return corrupt("a log has no newest row");
  Newest newest;
  WEIR_ASSIGN(newest.first, first_at(rows, row, kNewestId, log_no));
  WEIR_ASSIGN(newest.count, count_at(rows, row, kNewestCount, kEndMax - newest.first));
  WEIR_ASSIGN(const uint64_t open, count_at(rows, row, kNewestOpen, 1));
  newest.open = open == 1;
  WEIR_ASSIGN(newest.crc, crc_at(rows, row, kNewestCrc));
  return newest;
}

Result<LogId> log_id_at(const Rows& rows, size_t row) {
  WEIR_ASSIGN(const ByteView bytes, blob_at(rows, row, kLogId));
  LogId log;
  if (bytes.size() != log.bytes.size()) return corrupt("a log's id is not 16 bytes");
  std::copy(bytes.begin(), bytes.end(), log.bytes.begin());
  return log;
}

Result<SegmentRow> segment_row_at(const Rows& rows, size_t row, int64_t log_no) {
  SegmentRow segment;
  WEIR_ASSIGN(segment.first, first_at(rows, row, 0, log_no));
  WEIR_ASSIGN(segment.count, count_at(rows, row, 1, kEndMax - segment.first));
  WEIR_ASSIGN(segment.kind, kind_at(rows, row, 2));
  WEIR_ASSIGN(const uint64_t open, count_at(rows, row, 3, 1));
  segment.open = open == 1;
  WEIR_ASSIGN(segment.first_ms, integer_at(rows, row, 4));
  WEIR_ASSIGN(segment.last_ms, integer_at(rows, row, 5));
  WEIR_ASSIGN(segment.crc, crc_at(rows, row, 7));
  WEIR_ASSIGN(const int64_t bytes, integer_at(rows, row, 8));
  if (bytes >= 0) segment.bytes = static_cast<uint64_t>(bytes);
  return segment;
}

Status check_head(const SegmentHead& head, const SegmentBytes& segment) {
  const bool agrees = head.first == segment.first && head.count == segment.count &&
                      head.content_crc == segment.crc && head.total_bytes == segment.bytes.size();
  return agrees ? Status() : corrupt("a segment's bytes are not those of its row");
}

}  // namespace

Newest newest_of(const SegmentHead& head) {
  return Newest{head.first, head.count, head.open, head.content_crc};
}

Result<LogRow> log_row_at(const Rows& rows, size_t row) {
  LogRow log;
  WEIR_ASSIGN(const uint64_t log_no, count_at(rows, row, kLogNo, kLogNumberMax));
  log.state.log_no = static_cast<int64_t>(log_no);
  WEIR_ASSIGN(log.state.rolled_through, count_at(rows, row, kRolledThrough));
  WEIR_ASSIGN(log.rolled_ms, integer_at(rows, row, kRolledMs));
  if (log.state.log_no == kAllLogs) return log;  // the rest means nothing there
  WEIR_ASSIGN(log.state.log, log_id_at(rows, row));
  WEIR_ASSIGN(const std::string_view site, text_at(rows, row, kSite));
  log.state.site = site;
  WEIR_ASSIGN(log.state.acked, count_at(rows, row, kAcked));
  WEIR_ASSIGN(log.state.ledger_sequence, count_at(rows, row, kLedgerSequence));
  WEIR_ASSIGN(log.newest, newest_at(rows, row, log.state.log_no));
  log.state.end = log.newest.end();
  return log;
}

Statement log_by_id(const LogId& log) {
  return Statement{StatementId::kLogById, {Bytes(log.bytes.begin(), log.bytes.end())}};
}

Statement log_range(int64_t first_log, int64_t last_log) {
  return Statement{StatementId::kLogRange, {first_log, last_log}};
}

Result<LogRow> only_log(const Rows& rows) {
  if (rows.rows.empty()) return Status(Code::kNotFound, "there is no such log");
  return log_row_at(rows, 0);
}

Result<std::vector<SegmentRow>> segment_rows(const Rows& rows, int64_t log_no) {
  std::vector<SegmentRow> segments;
  uint64_t end = 0;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    WEIR_ASSIGN(SegmentRow segment, segment_row_at(rows, i, log_no));
    if (segment.first < end) return corrupt("segments overlap");
    end = segment.end();
    segments.push_back(segment);
  }
  return segments;
}

Statement segment_list(int64_t log_no, uint64_t from, size_t limit) {
  const uint64_t start = std::min(from, kEventNumberMax);
  return Statement{StatementId::kSegmentList,
                   {segment_id(log_no, 0), segment_id(log_no, start), last_segment_id(log_no),
                    static_cast<int64_t>(limit)}};
}

Result<SegmentBytes> segment_bytes_at(const Rows& rows, size_t row, int64_t log_no) {
  SegmentBytes segment;
  WEIR_ASSIGN(segment.first, first_at(rows, row, 0, log_no));
  WEIR_ASSIGN(segment.count, count_at(rows, row, 1, kEndMax - segment.first));
  WEIR_ASSIGN(segment.kind, kind_at(rows, row, 2));
  WEIR_ASSIGN(segment.crc, crc_at(rows, row, 3));
  WEIR_ASSIGN(segment.bytes, blob_at(rows, row, 4));
  return segment;
}

Statement segment_data(int64_t log_no, uint64_t first, uint64_t last, size_t limit) {
  return Statement{
      StatementId::kSegmentData,
      {segment_id(log_no, first), segment_id(log_no, last), static_cast<int64_t>(limit)}};
}

size_t rows_of_one_group(const std::vector<SegmentRow>& rows, size_t from, size_t limit) {
  uint64_t bytes = 0;
  size_t count = 0;
  for (size_t i = from; i < rows.size() && count < limit; ++i, ++count) {
    bytes += rows[i].bytes.value_or(0);
    if (count > 0 && bytes > kGroupBlobBytesMax) break;
  }
  return count;
}

std::vector<Value> segment_values(int64_t log_no, const SegmentHead& head, Bytes bytes) {
  return {segment_id(log_no, head.first),
          static_cast<int64_t>(head.count),
          static_cast<int64_t>(head.kind),
          int64_t{head.open ? 1 : 0},
          head.first_ms,
          head.last_ms,
          static_cast<int64_t>(head.head_bytes),
          static_cast<int64_t>(head.content_crc),
          std::move(bytes)};
}

Statement gap_put(int64_t log_no, Bytes gap) {
  const Result<SegmentHead> head = read_segment_head(gap);
  WEIR_CHECK(head.ok());  // our own bytes
  return {StatementId::kSegmentPut, segment_values(log_no, *head, std::move(gap))};
}

void add_newest(int64_t log_no, const Newest& expected, std::vector<Value>* parameters) {
  parameters->emplace_back(segment_id(log_no, expected.first));
  parameters->emplace_back(static_cast<int64_t>(expected.count));
  parameters->emplace_back(static_cast<int64_t>(expected.crc));
  parameters->emplace_back(last_segment_id(log_no));
}

Statement segment_append(int64_t log_no, const Newest& expected, const SegmentHead& head,
                         Bytes bytes) {
  std::vector<Value> parameters = segment_values(log_no, head, std::move(bytes));
  add_newest(log_no, expected, &parameters);
  return Statement{StatementId::kSegmentAppend, std::move(parameters)};
}

Result<SegmentReader> open_segment(const SegmentBytes& segment) {
  WEIR_ASSIGN(SegmentReader reader,
              SegmentReader::open(segment.bytes, SegmentReader::Trust::kStored));
  WEIR_TRY(check_head(reader.head(), segment));
  return reader;
}

Result<SegmentReader> open_intact(const SegmentBytes& segment) {
  const auto [begin, end] = std::pair(segment.bytes.begin(), segment.bytes.end());
  WEIR_ASSIGN(SegmentReader reader, SegmentReader::open_front({begin, end}));
  WEIR_TRY(check_head(reader.head(), segment));
  if (reader.count() > 0) WEIR_TRY(check_content(reader.head(), segment.bytes));
  return reader;
}

}  // namespace weir
