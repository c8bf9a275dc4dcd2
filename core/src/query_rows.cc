#include "query_rows.h"

#include <utility>

#include "weir/json.h"

namespace weir {

Result<ByteView> optional_blob_at(const Rows& rows, size_t row, size_t column) {
  if (null_at(rows, row, column)) return ByteView();
  return blob_at(rows, row, column);
}

Value sites_value(const std::vector<std::string>& sites) {
  if (sites.empty()) return Null{};
  std::string text;
  JsonWriter json(&text);
  json.begin_array();
  for (const std::string& site : sites) json.string(site);
  json.end_array();
  return text;
}

namespace {

// Takes the bytes out of the rows.
Result<WalkRow> walk_row(Rows* from, size_t row) {
  const Rows& rows = *from;
  WEIR_ASSIGN(const int64_t id, integer_at(rows, row, 0));
  WEIR_ASSIGN(const SegmentKey key, segment_key(id));
  WalkRow out;
  out.log_no = key.log_no;
  out.first = key.first;
  WEIR_ASSIGN(out.count, count_at(rows, row, 1));
  if (out.count > kEventNumberMax) return Status(Code::kCorrupt, "a segment of too many events");
  WEIR_ASSIGN(const int64_t kind, integer_at(rows, row, 2));
  out.corrupt = kind != static_cast<int64_t>(RowKind::kEvents);
  WEIR_ASSIGN(out.last_ms, integer_at(rows, row, 3));
  WEIR_ASSIGN(const uint64_t crc, count_at(rows, row, 4));
  out.crc = static_cast<uint32_t>(crc);
  WEIR_ASSIGN(out.bytes, count_at(rows, row, 5));
  WEIR_ASSIGN(out.from_n, count_at(rows, row, 6));
  WEIR_TRY(optional_blob_at(rows, row, 7).status());
  if (Bytes* data = std::get_if<Bytes>(&from->rows[row][7])) out.data = std::move(*data);
  return out;
}

}  // namespace

Result<std::vector<WalkRow>> walk_rows(Rows rows) {
  std::vector<WalkRow> walk;
  walk.reserve(rows.rows.size());
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    WEIR_ASSIGN(WalkRow row, walk_row(&rows, i));
    walk.push_back(std::move(row));
  }
  return walk;
}

Result<RollupRow> rollup_row(const Rows& rows, size_t row) {
  RollupRow out;
  WEIR_ASSIGN(out.id, integer_at(rows, row, 0));
  WEIR_ASSIGN(out.key, rollup_key(out.id));
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    WEIR_ASSIGN(out.counts.by_outcome[i], count_at(rows, row, 1 + i));
  }
  WEIR_ASSIGN(out.sketch, optional_blob_at(rows, row, 1 + kOutcomeCount));
  return out;
}

}  // namespace weir
