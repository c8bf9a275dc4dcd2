// What the statements of log_store.h mean, by hand.
#include <algorithm>
#include <set>

#include "support/memory_executor.h"
#include "weir/schema.h"

namespace weir {
namespace {

using Db = MemoryDatabase;
using P = Parameters;

Rows changed(uint64_t changes) { return Rows{{}, changes}; }

Status conflict() { return Status(Code::kConflict, std::string(kConflictMessage)); }

// The log's newest segment, or the end.
std::map<int64_t, MemorySegment>::const_iterator newest_of(const Db& db, int64_t log_no) {
  auto after = db.segments.upper_bound(last_segment_id(log_no));
  if (after == db.segments.begin()) return db.segments.end();
  --after;
  return after->first >= segment_id(log_no, 0) ? after : db.segments.end();
}

// Row `id` has this count and crc, and none follows up to `last`.
bool is_newest(const Db& db, int64_t id, int64_t count, int64_t crc, int64_t last) {
  const auto row = db.segments.find(id);
  if (row == db.segments.end() || row->second.count != count || row->second.crc != crc) {
    return false;
  }
  const auto next = db.segments.upper_bound(id);
  return next == db.segments.end() || next->first > last;
}

std::vector<Value> log_row(const Db& db, int64_t log_no, const MemoryLog& log) {
  std::vector<Value> row = {
      log_no,        log.log_id,         log.site, log.acked, log.rolled_through,
      log.rolled_ms, log.ledger_sequence};
  const auto newest = log_no == 0 ? db.segments.end() : newest_of(db, log_no);
  if (newest == db.segments.end()) {
    row.insert(row.end(), 4, Null{});
  } else {
    const MemorySegment& segment = newest->second;
    row.insert(row.end(), {newest->first, segment.count, segment.open, segment.crc});
  }
  return row;
}

Result<Rows> log_create(Db& db, const P& p) {
  const int64_t greatest = db.logs.rbegin()->first;
  const bool known = std::any_of(db.logs.begin(), db.logs.end(),
                                 [&](const auto& log) { return log.second.log_id == p.blob(1); });
  if (known || greatest >= p.integer(4)) return changed(0);
  db.logs[greatest + 1] =
      MemoryLog{.log_id = p.blob(1), .site = p.text(2), .created_ms = p.integer(3)};
  return changed(1);
}

Result<Rows> log_anchor(Db& db, const P& p) {
  for (const auto& [log_no, log] : db.logs) {
    if (log.log_id != p.blob(1) || newest_of(db, log_no) != db.segments.end()) continue;
    db.segments[segment_id(log_no, 0)] = MemorySegment{
        .kind = 1, .open = 1, .first_ms = p.integer(2), .last_ms = p.integer(2), .data = Bytes()};
    return changed(1);
  }
  return changed(0);
}

Result<Rows> log_by_id(Db& db, const P& p) {
  Rows rows;
  for (const auto& [log_no, log] : db.logs) {
    if (log.log_id == p.blob(1)) rows.rows.push_back(log_row(db, log_no, log));
  }
  return rows;
}

Result<Rows> log_range(Db& db, const P& p) {
  Rows rows;
  for (const auto& [log_no, log] : db.logs) {
    if (log_no >= p.integer(1) && log_no <= p.integer(2)) {
      rows.rows.push_back(log_row(db, log_no, log));
    }
  }
  return rows;
}

// Raises a column of one log, never lowers it.
Rows raise(Db& db, const P& p, int64_t MemoryLog::* column) {
  const auto log = db.logs.find(p.integer(1));
  if (log == db.logs.end() || log->second.*column >= p.integer(2)) return changed(0);
  log->second.*column = p.integer(2);
  return changed(1);
}

Result<Rows> log_set_acked(Db& db, const P& p) { return raise(db, p, &MemoryLog::acked); }
Result<Rows> log_set_ledger_sequence(Db& db, const P& p) {
  return raise(db, p, &MemoryLog::ledger_sequence);
}

MemorySegment segment_of(const P& p) {
  return MemorySegment{p.integer(2), p.integer(3), p.integer(4), p.integer(5),
                       p.integer(6), p.integer(7), p.integer(8), p.value(9)};
}

Result<Rows> segment_append(Db& db, const P& p) {
  if (!is_newest(db, p.integer(10), p.integer(11), p.integer(12), p.integer(13))) {
    return changed(0);
  }
  const auto there = db.segments.find(p.integer(1));
  if (there != db.segments.end() && there->second.open != 1) return changed(0);
  db.segments[p.integer(1)] = segment_of(p);
  return changed(1);
}

Result<Rows> segment_put(Db& db, const P& p) {
  db.segments[p.integer(1)] = segment_of(p);
  return changed(1);
}

Result<Rows> segment_assert(Db& db, const P& p) {
  if (!is_newest(db, p.integer(1), p.integer(2), p.integer(3), p.integer(4))) return conflict();
  return Rows{{{std::string("null")}}, 0};
}

Result<Rows> assert_rows(Db& db, const P& p, bool only_events) {
  int64_t rows = 0;
  int64_t events = 0;
  int64_t crcs = 0;
  for (auto row = db.segments.lower_bound(p.integer(1));
       row != db.segments.end() && row->first <= p.integer(2); ++row, ++rows) {
    if (only_events && row->second.kind > 0) return conflict();
    events += row->second.count;
    crcs += row->second.crc;
  }
  if (rows == 0 || rows != p.integer(3) || events != p.integer(4) || crcs != p.integer(5)) {
    return conflict();
  }
  return Rows{{{std::string("null")}}, 0};
}

Result<Rows> segment_list(Db& db, const P& p) {
  auto from = db.segments.upper_bound(p.integer(2));
  if (from != db.segments.begin() && std::prev(from)->first >= p.integer(1)) --from;
  Rows rows;
  for (; from != db.segments.end() && from->first <= p.integer(3); ++from) {
    if (std::ssize(rows.rows) == p.integer(4)) break;
    const MemorySegment& s = from->second;
    const auto* data = std::get_if<Bytes>(&s.data);
    const int64_t bytes = data == nullptr ? -1 : std::ssize(*data);
    rows.rows.push_back(
        {from->first, s.count, s.kind, s.open, s.first_ms, s.last_ms, s.head_len, s.crc, bytes});
  }
  return rows;
}

Result<Rows> segment_data(Db& db, const P& p) {
  Rows rows;
  for (const auto& [id, segment] : db.segments) {
    if (id < p.integer(1) || id > p.integer(2)) continue;
    if (std::ssize(rows.rows) == p.integer(3)) break;
    rows.rows.push_back({id, segment.count, segment.kind, segment.crc, segment.data});
  }
  return rows;
}

Result<Rows> segment_mark_corrupt(Db& db, const P& p) {
  const auto row = db.segments.find(p.integer(1));
  if (row == db.segments.end() || row->second.crc != p.integer(2) || row->second.kind != 0) {
    return changed(0);
  }
  row->second.kind = 2;
  return changed(1);
}

Result<Rows> segment_remove(Db& db, const P& p) {
  return changed(std::erase_if(db.segments, [&](const auto& row) {
    return row.first >= p.integer(1) && row.first <= p.integer(2);
  }));
}

Rows ledger_add(Db& db, const P& p) {
  MemoryLedger& row = db.ledger[p.integer(1)];
  for (size_t i = 0; i < row.growth.size(); ++i) row.growth[i] += p.integer(i + 2);
  row.expired_corrupt += p.integer(10);
  row.unclean = std::max(row.unclean, p.integer(11));
  return changed(1);
}

Result<Rows> ledger_add_with_segments(Db& db, const P& p) {
  const bool expected = is_newest(db, p.integer(12), p.integer(13), p.integer(14), p.integer(15));
  return expected ? ledger_add(db, p) : changed(0);
}

Result<Rows> ledger_add_alone(Db& db, const P& p) {
  const auto log = db.logs.find(p.integer(12));
  const bool wanted = log != db.logs.end() && log->second.ledger_sequence < p.integer(13);
  return wanted ? ledger_add(db, p) : changed(0);
}

Result<Rows> ledger_sums(Db& db, const P& p) {
  std::vector<int64_t> sums(MemoryLedger().growth.size());
  int64_t expired_corrupt = 0;
  int64_t unclean = 0;
  for (const auto& [id, row] : db.ledger) {
    if (id < p.integer(1) || id > p.integer(2)) continue;
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += row.growth[i];
    expired_corrupt += row.expired_corrupt;
    unclean = std::max(unclean, row.unclean);
  }
  Rows rows;
  rows.rows.emplace_back(sums.begin(), sums.end());
  rows.rows[0].emplace_back(expired_corrupt);
  rows.rows[0].emplace_back(unclean);
  return rows;
}

// Adds the events of the rows 2 … 3 to a counter of row 1.
template <class Counter>
Rows expire(Db& db, const P& p, Counter counter) {
  int64_t events = 0;
  for (auto row = db.segments.lower_bound(p.integer(2));
       row != db.segments.end() && row->first <= p.integer(3); ++row) {
    if (row->second.kind == 0) events += row->second.count;
  }
  if (events == 0) return changed(0);
  db.ledger[p.integer(1)].*counter += events;
  return changed(1);
}

Result<Rows> ledger_expire(Db& db, const P& p) {
  return expire(db, p, &MemoryLedger::expired_retention);
}

Result<Rows> segments_assert(Db& db, const P& p) { return assert_rows(db, p, true); }
Result<Rows> rows_assert(Db& db, const P& p) { return assert_rows(db, p, false); }

Result<Rows> ledger_expire_budget(Db& db, const P& p) {
  return expire(db, p, &MemoryLedger::expired_budget);
}

Result<Rows> ledger_corrupt(Db& db, const P& p) {
  db.ledger[p.integer(1)].expired_corrupt += p.integer(2);
  return changed(1);
}

Result<Rows> rollup_assert(Db& db, const P& p) {
  const auto log = db.logs.find(p.integer(1));
  if (log == db.logs.end() || log->second.rolled_through != p.integer(2)) return conflict();
  if (db.logs.at(0).rolled_through != p.integer(3)) return conflict();
  return Rows{{{std::string("null")}}, 0};
}

Result<Rows> rollup_advance(Db& db, const P& p) {
  MemoryLog& log = db.logs.at(p.integer(1));
  MemoryLog& all = db.logs.at(0);
  log.rolled_through = p.integer(2);
  ++all.rolled_through;
  log.rolled_ms = all.rolled_ms = p.integer(3);
  return changed(2);
}

Result<Rows> rollup_put(Db& db, const P& p) {
  MemoryRollup& row = db.rollups[p.integer(1)];
  for (size_t i = 0; i < kOutcomeCount; ++i) row.outcomes[i] = p.integer(i + 2);
  row.skewed = p.integer(9);
  row.of_log = p.integer(10);
  row.data = p.blob(11);
  return changed(1);
}

std::vector<Value> rollup_row(const Db& db, int64_t id, const MemoryRollup& row) {
  std::vector<Value> cells = {id};
  cells.insert(cells.end(), row.outcomes.begin(), row.outcomes.end());
  cells.insert(cells.end(), {row.skewed, row.of_log, memory_sketch(db, id, row)});
  return cells;
}

Result<Rows> rollup_get(Db& db, const P& p) {
  Rows rows;
  for (const auto& [id, row] : db.rollups) {
    for (size_t i = 1; i <= p.size(); ++i) {
      if (p.integer(i) != id) continue;
      rows.rows.push_back(rollup_row(db, id, row));
      break;
    }
  }
  return rows;
}

Result<Rows> rollup_list(Db& db, const P& p) {
  Rows rows;
  for (auto row = db.rollups.upper_bound(p.integer(1));
       row != db.rollups.end() && std::ssize(rows.rows) < p.integer(2); ++row) {
    rows.rows.push_back(rollup_row(db, row->first, row->second));
  }
  return rows;
}

Result<Rows> rollup_remove(Db& db, const P& p) {
  const int64_t log_no = p.integer(3);
  std::vector<int64_t> ids;
  for (const auto& [id, row] : db.rollups) {
    if (id < p.integer(1) || id > p.integer(2) || std::ssize(ids) == p.integer(4)) continue;
    const auto all = db.rollups.find(id - (log_no << kRollupLogShift));
    const bool is_needed = log_no > 0 && all != db.rollups.end() && all->second.of_log == log_no;
    if (!is_needed) ids.push_back(id);
  }
  for (const int64_t id : ids) db.rollups.erase(id);
  return changed(ids.size());
}

Result<Rows> rollup_days_in_use(Db& db, const P& p) {
  std::set<int64_t> days;
  for (const auto& [id, segment] : db.segments) {
    const SegmentKey key = *segment_key(id);
    const int64_t rolled_through = db.logs.at(key.log_no).rolled_through;
    if (segment.kind == 1 || segment.count == 0) continue;
    if (static_cast<int64_t>(key.first) >= rolled_through) continue;
    days.insert(segment.first_ms / kDayMs * 24);
  }
  Rows rows;
  for (const int64_t day : days) {
    if (std::ssize(rows.rows) == p.integer(1)) break;
    const int64_t all_logs = rollup_id(RollupLevel::kDay, kAllLogs, day);
    rows.rows.push_back({day, int64_t{db.rollups.contains(all_logs)}});
  }
  return rows;
}

Result<Rows> rollup_oldest(Db& db, const P& p) {
  Value oldest = Null{};
  for (const auto& [id, row] : db.rollups) {
    const int64_t hour = rollup_key(id)->hour;
    if (hour < p.integer(1) || hour >= p.integer(2)) continue;
    const auto* found = std::get_if<int64_t>(&oldest);
    if (found == nullptr || hour < *found) oldest = hour;
  }
  return Rows{{{oldest}}, 0};
}

Result<Rows> token_put(Db& db, const P& p) {
  const auto [row, fresh] = db.tokens.try_emplace(p.blob(1));
  row->second.name = p.text(2);
  row->second.scopes = p.text(3);
  if (fresh) row->second.created_ms = p.integer(4);
  return changed(1);
}

Result<Rows> token_remove(Db& db, const P& p) { return changed(db.tokens.erase(p.blob(1))); }

Result<Rows> token_scopes(Db& db, const P& p) {
  const auto row = db.tokens.find(p.blob(1));
  if (row == db.tokens.end()) return Rows{};
  return Rows{{{row->second.scopes}}, 0};
}

}  // namespace

Value memory_sketch(const MemoryDatabase& database, int64_t id, const MemoryRollup& rollup) {
  const auto row = database.rollups.find(id + (rollup.of_log << kRollupLogShift));
  return row == database.rollups.end() ? Value(Null{}) : Value(row->second.data);
}

const MemoryHandlers& memory_log_handlers() {
  using enum StatementId;
  static const MemoryHandlers kHandlers = {
      {kLogCreate, log_create},
      {kLogAnchor, log_anchor},
      {kLogById, log_by_id},
      {kLogRange, log_range},
      {kLogSetAcked, log_set_acked},
      {kLogSetLedgerSequence, log_set_ledger_sequence},
      {kSegmentAppend, segment_append},
      {kSegmentPut, segment_put},
      {kSegmentAssert, segment_assert},
      {kSegmentsAssert, segments_assert},
      {kRowsAssert, rows_assert},
      {kSegmentList, segment_list},
      {kSegmentData, segment_data},
      {kSegmentMarkCorrupt, segment_mark_corrupt},
      {kSegmentRemove, segment_remove},
      {kLedgerAddWithSegments, ledger_add_with_segments},
      {kLedgerAddAlone, ledger_add_alone},
      {kLedgerSums, ledger_sums},
      {kLedgerExpire, ledger_expire},
      {kLedgerExpireBudget, ledger_expire_budget},
      {kLedgerCorrupt, ledger_corrupt},
      {kRollupAssert, rollup_assert},
      {kRollupAdvance, rollup_advance},
      {kRollupPut, rollup_put},
      {kRollupGet, rollup_get},
      {kRollupList, rollup_list},
      {kRollupRemove, rollup_remove},
      {kRollupDaysInUse, rollup_days_in_use},
      {kRollupOldest, rollup_oldest},
      {kTokenPut, token_put},
      {kTokenScopes, token_scopes},
      {kTokenRemove, token_remove},
  };
  return kHandlers;
}

}  // namespace weir
