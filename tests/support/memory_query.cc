// What the statements of query.h mean, by hand.
#include <algorithm>
#include <optional>

#include "support/memory_executor.h"
#include "weir/schema.h"

namespace weir {
namespace {

using Db = MemoryDatabase;
using P = Parameters;

// The strings of a JSON array of site names, which hold nothing that JSON escapes.
std::vector<std::string> names_of(const std::string& json) {
  std::vector<std::string> names;
  for (size_t open = json.find('"'); open != json.npos; open = json.find('"', open)) {
    const size_t close = json.find('"', open + 1);
    names.push_back(json.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return names;
}

// Whether parameter 1, the sites, asks for this log.
bool is_asked(const P& p, const MemoryLog& log) {
  if (std::holds_alternative<Null>(p.value(1))) return true;
  const std::vector<std::string> names = names_of(p.text(1));
  return std::find(names.begin(), names.end(), log.site) != names.end();
}

// The logs of the sites, in order, without log 0.
std::vector<std::pair<int64_t, const MemoryLog*>> asked_logs(const Db& db, const P& p) {
  std::vector<std::pair<int64_t, const MemoryLog*>> logs;
  for (const auto& [log_no, log] : db.logs) {
    if (log_no != 0 && is_asked(p, log)) logs.emplace_back(log_no, &log);
  }
  return logs;
}

Result<Rows> query_version(Db& db, const P&) { return Rows{{{db.logs.at(0).rolled_through}}, 0}; }

Result<Rows> query_rollups(Db& db, const P& p) {
  std::vector<int64_t> log_nos;
  if (std::holds_alternative<Null>(p.value(1))) log_nos.push_back(0);
  if (log_nos.empty()) {
    for (const auto& [log_no, log] : asked_logs(db, p)) log_nos.push_back(log_no);
  }
  Rows out;
  for (const auto& [id, rollup] : db.rollups) {
    const RollupKey key = *rollup_key(id);
    if (std::find(log_nos.begin(), log_nos.end(), key.log_no) == log_nos.end() ||
        static_cast<int64_t>(key.level) != p.integer(2) || key.hour < p.integer(3) ||
        key.hour >= p.integer(4) || id <= p.integer(5) ||
        static_cast<int64_t>(out.rows.size()) == p.integer(7)) {
      continue;
    }
    std::vector<Value> row = {id};
    row.insert(row.end(), rollup.outcomes.begin(), rollup.outcomes.end());
    row.push_back(p.integer(6) == 1 ? memory_sketch(db, id, rollup) : Value(Null{}));
    out.rows.push_back(std::move(row));
  }
  return out;
}

int64_t bytes_of(const MemorySegment& segment) {
  const auto* data = std::get_if<Bytes>(&segment.data);
  return data == nullptr ? 0 : static_cast<int64_t>(data->size());
}

bool is_in_window(const MemorySegment& segment, int64_t since_ms, int64_t until_ms) {
  return segment.kind != 1 && segment.count > 0 && segment.first_ms < until_ms &&
         segment.last_ms >= since_ms;
}

struct Found {
  int64_t id;
  const MemorySegment* segment;
  int64_t from_n;
};

// At most `rows_max` of the segments, the small ones with their bytes.
Rows walk(const std::vector<Found>& all, int64_t whole, int64_t rows_max) {
  Rows out;
  for (const Found& found : all) {
    if (static_cast<int64_t>(out.rows.size()) == rows_max) break;
    const MemorySegment& segment = *found.segment;
    const int64_t bytes = bytes_of(segment);
    out.rows.push_back({found.id, segment.count, segment.kind, segment.last_ms, segment.crc, bytes,
                        found.from_n, bytes <= whole ? segment.data : Value(Null{})});
  }
  return out;
}

Result<Rows> query_forward(Db& db, const P& p) {
  std::vector<Found> all;
  for (const auto& [log_no, log] : asked_logs(db, p)) {
    if (log_no < p.integer(2)) continue;
    const int64_t from_n = std::max(log_no == p.integer(2) ? p.integer(3) : 0,
                                    p.integer(4) == 1 ? log->rolled_through : 0);
    for (const auto& [id, segment] : db.segments) {
      const SegmentKey key = *segment_key(id);
      const auto end = static_cast<int64_t>(key.first) + segment.count;
      if (key.log_no == log_no && end > from_n &&
          is_in_window(segment, p.integer(5), p.integer(6))) {
        all.push_back({id, &segment, from_n});
      }
    }
  }
  return walk(all, p.integer(7), p.integer(8));
}

// The segments of a log that begin before number `below`, newest first.
std::vector<Found> backwards(const Db& db, int64_t log_no, int64_t below, int64_t since_ms,
                             int64_t until_ms) {
  std::vector<Found> all;
  for (auto row = db.segments.rbegin(); row != db.segments.rend(); ++row) {
    const SegmentKey key = *segment_key(row->first);
    if (key.log_no == log_no && static_cast<int64_t>(key.first) < below &&
        is_in_window(row->second, since_ms, until_ms)) {
      all.push_back({row->first, &row->second, 0});
    }
  }
  return all;
}

Result<Rows> query_backward(Db& db, const P& p) {
  return walk(backwards(db, p.integer(1), p.integer(2), p.integer(3), p.integer(4)), p.integer(5),
              p.integer(6));
}

// The value of a log in a JSON object from log to number; all of the log if it is not there.
int64_t position_of(const P& p, int64_t log_no) {
  constexpr int64_t kEnd = int64_t{1} << kSegmentIdShift;
  if (std::holds_alternative<Null>(p.value(2))) return kEnd;
  const std::string key = "\"" + std::to_string(log_no) + "\":";
  const size_t at = p.text(2).find(key);
  return at == std::string::npos ? kEnd : std::stoll(p.text(2).substr(at + key.size()));
}

Result<Rows> query_heads(Db& db, const P& p) {
  Rows out;
  for (const auto& [log_no, log] : asked_logs(db, p)) {
    const int64_t below = position_of(p, log_no);
    const auto all = backwards(db, log_no, below, p.integer(3), p.integer(4));
    if (all.empty()) continue;
    const MemorySegment& segment = *all.front().segment;
    out.rows.push_back({log_no, log->log_id, log->site, below, segment.last_ms});
  }
  return out;
}

Result<Rows> query_extent(Db& db, const P&) {
  int64_t oldest = INT64_MAX;
  int64_t newest = INT64_MIN;
  for (const auto& [id, segment] : db.segments) {
    const SegmentKey key = *segment_key(id);
    const auto end = static_cast<int64_t>(key.first) + segment.count;
    if (segment.kind == 1 || segment.count == 0) continue;
    if (end <= db.logs.at(key.log_no).rolled_through) continue;
    oldest = std::min(oldest, segment.first_ms);
    newest = std::max(newest, segment.last_ms);
  }
  for (const auto& [id, rollup] : db.rollups) {
    const RollupKey key = *rollup_key(id);
    if (key.level != RollupLevel::kHour || key.log_no != kAllLogs) continue;
    oldest = std::min(oldest, key.hour * kHourMs);
    newest = std::max(newest, (key.hour + 1) * kHourMs - 1);
  }
  if (newest < oldest) return Rows{{{Null{}, Null{}}}, 0};
  return Rows{{{oldest, newest}}, 0};
}

Result<Rows> query_ledger(Db& db, const P& p) {
  Rows out;
  for (const auto& [log_no, log] : asked_logs(db, p)) {
    std::array<int64_t, 12> sums{};  // the columns in their order, `unclean` as the greatest
    for (const auto& [id, row] : db.ledger) {
      if (ledger_key(id)->log_no != log_no) continue;
      for (size_t i = 0; i < row.growth.size(); ++i) sums[i] += row.growth[i];
      sums[8] += row.expired_retention;
      sums[9] += row.expired_budget;
      sums[10] += row.expired_corrupt;
      sums[11] = std::max(sums[11], row.unclean);
    }
    std::vector<Value> row = {log_no, log->acked};
    row.insert(row.end(), sums.begin(), sums.end());
    out.rows.push_back(std::move(row));
  }
  return out;
}

Result<Rows> query_ledger_heads(Db& db, const P& p) {
  Rows out;
  for (const auto& [log_no, log] : asked_logs(db, p)) {
    const auto after = db.segments.upper_bound(last_segment_id(log_no));
    if (after == db.segments.begin()) continue;
    const auto& [id, segment] = *std::prev(after);
    if (segment_key(id)->log_no != log_no) continue;
    Value head = segment.data;
    if (auto* data = std::get_if<Bytes>(&head)) {
      data->resize(std::min(data->size(), static_cast<size_t>(segment.head_len)));
    }
    const auto first = static_cast<int64_t>(segment_key(id)->first);
    out.rows.push_back({log_no, first + segment.count, head});
  }
  return out;
}

}  // namespace

const MemoryHandlers& memory_query_handlers() {
  static const MemoryHandlers kHandlers = {
      {StatementId::kQueryVersion, query_version},
      {StatementId::kQueryRollups, query_rollups},
      {StatementId::kQueryForward, query_forward},
      {StatementId::kQueryBackward, query_backward},
      {StatementId::kQueryHeads, query_heads},
      {StatementId::kQueryExtent, query_extent},
      {StatementId::kQueryLedger, query_ledger},
      {StatementId::kQueryLedgerHeads, query_ledger_heads},
  };
  return kHandlers;
}

}  // namespace weir
