// What belongs together of salvaged rows. All of it is plain SQL over a database that nobody else
// has open and that is thrown away if a step fails, so nothing here needs guards.
#include <algorithm>
#include <string>
#include <vector>

#include "native/runtime/random.h"
#include "native/store/salvage.h"
#include "weir/schema.h"
#include "weir/segment.h"

namespace weir {
namespace {

// Of a log whose name is lost and that has no sister: where logs are not forwarded, all have it.
constexpr const char* kSiteUnknown = "local";

Result<SqliteStatement> bound(SqliteDatabase& database, const std::string& sql,
                              const std::vector<Value>& values) {
  WEIR_ASSIGN(SqliteStatement statement, database.prepare(sql));
  for (size_t i = 0; i < values.size(); ++i) {
    WEIR_TRY(statement.bind(static_cast<int>(i) + 1, values[i]));
  }
  return statement;
}

Status change(SqliteDatabase& database, const std::string& sql, const std::vector<Value>& values) {
  WEIR_ASSIGN(SqliteStatement statement, bound(database, sql, values));
  return statement.step().status();
}

// The rows of a statement.
Result<std::vector<std::vector<Value>>> rows_of(SqliteDatabase& database, const std::string& sql,
                                                const std::vector<Value>& values = {}) {
  WEIR_ASSIGN(SqliteStatement statement, bound(database, sql, values));
  std::vector<std::vector<Value>> rows;
  while (true) {
    WEIR_ASSIGN(const bool more, statement.step());
    if (!more) return rows;
    std::vector<Value>& row = rows.emplace_back();
    for (int i = 0; i < statement.column_count(); ++i) {
      WEIR_ASSIGN(Value value, statement.column(i));
      row.push_back(std::move(value));
    }
  }
}

int64_t integer(const Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number != nullptr ? *number : 0;
}

// Of the newest segment of a log that can be read; none if there is no such.
Result<std::optional<SegmentHead>> newest_head(SqliteDatabase& fresh, int64_t log_no) {
  WEIR_ASSIGN(
      SqliteStatement segments,
      bound(fresh, "SELECT id, data FROM segments WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC",
            {segment_id(log_no, 0), last_segment_id(log_no)}));
  while (true) {
    WEIR_ASSIGN(const bool more, segments.step());
    if (!more) return std::optional<SegmentHead>();
    WEIR_ASSIGN(const Value id, segments.column(0));
    WEIR_ASSIGN(const Value data, segments.column(1));
    const auto* bytes = std::get_if<Bytes>(&data);
    if (bytes == nullptr) continue;
    const Result<SegmentHead> head = read_segment_head(*bytes);
    const bool ours = head.ok() && head->first <= kEventNumberMax &&
                      segment_id(log_no, head->first) == integer(id);
    if (ours) return std::optional(*head);
  }
}

LogId random_log_id() {
  RandomSource random;
  LogId log;
  for (uint8_t& byte : log.bytes) byte = random.next<uint8_t>();
  return log;
}

// Logs that have rows, but none in `logs`. Their rollups are computed anew from all that is there.
Status name_logs(SqliteDatabase& fresh, int64_t now_ms, SalvageResult* result) {
  // What is no log's at all is nothing that was ever written, and a log without a name has lost it.
  for (const char* outside :
       {"segments WHERE id >> 40 NOT BETWEEN 1 AND ?1",
        "ledger WHERE id >> 24 NOT BETWEEN 1 AND ?1",
        "logs WHERE log_no NOT BETWEEN 0 AND ?1 OR (log_no > 0 AND length(log_id) <> 16)"}) {
    WEIR_TRY(change(fresh, std::string("DELETE FROM ") + outside, {kLogNumberMax}));
  }
  WEIR_ASSIGN(
      const auto unnamed,
      rows_of(fresh,
              "SELECT log_no FROM (SELECT DISTINCT id >> 40 AS log_no FROM segments UNION "
              "SELECT id >> 24 FROM ledger) WHERE log_no NOT IN (SELECT log_no FROM logs)"));
  WEIR_ASSIGN(
      const auto sites,
      rows_of(fresh, "SELECT site FROM logs WHERE log_no > 0 ORDER BY log_no DESC LIMIT 1"));
  const Value site = sites.empty() ? Value(std::string(kSiteUnknown)) : sites[0][0];
  for (const std::vector<Value>& row : unnamed) {
    const int64_t log_no = integer(row[0]);
    WEIR_ASSIGN(const auto head, newest_head(fresh, log_no));
    const LogId log = head ? head->log : random_log_id();
    WEIR_TRY(change(fresh,
                    "INSERT INTO logs(log_no, log_id, site, created_ms, rolled_through) "
                    "VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(id - (?1 << 40) + count), 0) "
                    "FROM segments WHERE id >> 40 = ?1))",
                    {log_no, Bytes(log.bytes.begin(), log.bytes.end()), site, now_ms}));
    ++result->named_logs;
  }
  return {};
}

Status put_gap(SqliteDatabase& fresh, int64_t log_no, uint64_t first, const LogId& log,
               uint64_t end, int64_t now_ms) {
  WEIR_ASSIGN(const auto newest, newest_head(fresh, log_no));
  Bytes gap = encode_gap(log, first, end, GapReason::kCorrupt, now_ms,
                         newest ? newest->ledger : LedgerCounters());
  WEIR_ASSIGN(const SegmentHead head, read_segment_head(gap));
  return change(fresh,
                "INSERT OR REPLACE INTO segments(id, count, kind, open, first_ms, last_ms, "
                "head_len, crc, data) VALUES (?1, ?2, 1, 0, ?3, ?3, ?4, ?5, ?6)",
                {segment_id(log_no, first), static_cast<int64_t>(end - first), now_ms,
                 int64_t{head.head_bytes}, int64_t{head.content_crc}, std::move(gap)});
}

}  // namespace

// Where a log ended is known by its newest row, by what the receiver has, by what was rolled up,
// and for the log that was written to by the ledger page.
Status complete_logs(SqliteDatabase& fresh, const std::optional<LedgerPage::State>& page,
                     int64_t now_ms, SalvageResult* result) {
  WEIR_TRY(name_logs(fresh, now_ms, result));
  WEIR_ASSIGN(const auto logs,
              rows_of(fresh,
                      "SELECT log_no, log_id, max(acked, rolled_through), (SELECT id - (log_no << "
                      "40) + count FROM segments WHERE id >> 40 = log_no ORDER BY id DESC LIMIT 1) "
                      "FROM logs WHERE log_no BETWEEN 1 AND ?1",
                      {kLogNumberMax}));
  for (const std::vector<Value>& row : logs) {
    const int64_t log_no = integer(row[0]);
    LogId log;
    const auto* id = std::get_if<Bytes>(&row[1]);
    if (id == nullptr || id->size() != log.bytes.size()) continue;  // a finding of the check
    std::copy(id->begin(), id->end(), log.bytes.begin());
    auto known = static_cast<uint64_t>(std::max<int64_t>(integer(row[2]), 0));
    if (page && page->log == log) known = std::max(known, page->committed_end);
    known = std::min(known, kEventNumberMax);
    const auto end = static_cast<uint64_t>(std::max<int64_t>(integer(row[3]), 0));
    if (end < known) {
      WEIR_TRY(put_gap(fresh, log_no, end, log, known, now_ms));
    } else if (end == 0) {
      WEIR_TRY(change(fresh,
                      "INSERT OR IGNORE INTO segments(id, count, kind, open, first_ms, last_ms, "
                      "head_len, crc, data) VALUES (?1, 0, 1, 1, ?2, ?2, 0, 0, x'')",
                      {segment_id(log_no, 0), now_ms}));
    }
  }
  return {};
}

Result<uint64_t> account_for_lost(SqliteDatabase& fresh, int64_t now_ms) {
  WEIR_ASSIGN(const auto sums,
              rows_of(fresh,
                      "SELECT coalesce((SELECT sum(stored - expired_retention - expired_budget - "
                      "expired_corrupt) FROM ledger), 0), "
                      "coalesce((SELECT sum(count) FROM segments WHERE kind = 0), 0), "
                      "coalesce((SELECT max(log_no) FROM logs), 0)"));
  const int64_t kept = integer(sums[0][0]);
  const int64_t there = integer(sums[0][1]);
  const int64_t newest_log = integer(sums[0][2]);
  if (kept == there || newest_log == kAllLogs) return uint64_t{0};
  const int64_t id = ledger_id(newest_log, hour_of(now_ms));
  WEIR_TRY(change(fresh, "INSERT OR IGNORE INTO ledger(id) VALUES (?1)", {id}));
  if (kept > there) {
    WEIR_TRY(change(fresh, "UPDATE ledger SET expired_corrupt = expired_corrupt + ?2 WHERE id = ?1",
                    {id, kept - there}));
    return static_cast<uint64_t>(kept - there);
  }
  WEIR_TRY(change(fresh,
                  "UPDATE ledger SET offered = offered + ?2, stored = stored + ?2, unclean = 1 "
                  "WHERE id = ?1",
                  {id, there - kept}));
  return uint64_t{0};
}

}  // namespace weir
