#include "support/log_writer.h"

#include <algorithm>

namespace weir {

void LogWriter::write(std::vector<Statement> statements) {
  WEIR_CHECK(executor_.run_group(Group{std::move(statements), true}).status.ok());
}

LogId LogWriter::log_id(int64_t log_no) {
  LogId id;
  id.bytes.fill(static_cast<uint8_t>(log_no));
  return id;
}

int64_t LogWriter::add_log(const std::string& site) {
  const int64_t log_no = log_count() + 1;
  const LogId id = log_id(log_no);
  const Bytes bytes(id.bytes.begin(), id.bytes.end());
  write({{StatementId::kLogCreate, {bytes, site, int64_t{0}, kLogNumberMax}},
         {StatementId::kLogAnchor, {bytes, int64_t{0}}}});
  logs_[log_no].site = site;
  return log_no;
}

void LogWriter::append(int64_t log_no, std::span<const Event> events, size_t segment_events,
                       const LedgerCounters& ledger) {
  std::vector<std::optional<Event>>& all = logs_.at(log_no).events;
  while (!events.empty()) {
    size_t count = 1;
    const int64_t hour = hour_of(events[0].time_ms);
    while (count < std::min(segment_events, events.size()) &&
           hour_of(events[count].time_ms) == hour) {
      ++count;
    }
    const uint64_t first = all.size();
    all.insert(all.end(), events.begin(), events.begin() + static_cast<ptrdiff_t>(count));
    put_events(log_no, first, all.size(), ledger);
    events = events.subspan(count);
  }
}

void LogWriter::put_events(int64_t log_no, uint64_t first, uint64_t end,
                           const LedgerCounters& ledger) {
  SegmentBuilder builder;
  for (uint64_t n = first; n < end; ++n) {
    WEIR_CHECK(builder.add(*logs_.at(log_no).events[n]).ok());
  }
  Bytes bytes =
      builder.encode({.log = log_id(log_no), .first = first, .open = false, .ledger = ledger});
  const SegmentHead head = *read_segment_head(bytes);
  put_segment(log_no, first, RowKind::kEvents, head, std::move(bytes));
}

void LogWriter::append_gap(int64_t log_no, uint64_t count) {
  std::vector<std::optional<Event>>& all = logs_.at(log_no).events;
  const uint64_t first = all.size();
  all.resize(first + count);
  Bytes bytes = encode_gap(log_id(log_no), first, all.size(), GapReason::kData, kTimeMsMin, {});
  const SegmentHead head = *read_segment_head(bytes);
  put_segment(log_no, first, RowKind::kGap, head, std::move(bytes));
}

void LogWriter::put_segment(int64_t log_no, uint64_t first, RowKind kind, const SegmentHead& head,
                            Value data) {
  write({{StatementId::kSegmentPut,
          {segment_id(log_no, first), static_cast<int64_t>(head.count), static_cast<int64_t>(kind),
           int64_t{head.open}, head.first_ms, head.last_ms, int64_t{head.head_bytes},
           int64_t{head.content_crc}, std::move(data)}}});
}

void LogWriter::put_rollup(int64_t id, const OutcomeCounts& counts, Bytes data) {
  std::vector<Value> parameters = {id};
  for (const uint64_t outcome : counts.by_outcome) {
    parameters.emplace_back(static_cast<int64_t>(outcome));
  }
  parameters.insert(parameters.end(), {int64_t{0}, int64_t{0}});  // skewed, of_log
  parameters.emplace_back(std::move(data));
  write({{StatementId::kRollupPut, std::move(parameters)}});
}

void LogWriter::count(int64_t log_no, const Event& event) {
  const int64_t hour = hour_of(event.time_ms);
  for (const int64_t log : {kAllLogs, log_no}) {
    for (const RollupLevel level : {RollupLevel::kHour, RollupLevel::kDay}) {
      const bool is_day = level == RollupLevel::kDay;
      const int64_t start = is_day ? hour - hour % 24 : hour;
      const Summary::Span span = is_day ? Summary::Span::kDay : Summary::Span::kHour;
      rollups_.try_emplace(rollup_id(level, log, start), span, start * kHourMs)
          .first->second.add(event);
    }
  }
}

void LogWriter::roll(int64_t log_no, uint64_t through) {
  Log& log = logs_.at(log_no);
  for (; log.rolled_through < through; ++log.rolled_through) {
    if (const auto& event = log.events[log.rolled_through]) count(log_no, *event);
  }
  for (const auto& [id, summary] : rollups_) {
    const RollupKey key = *rollup_key(id);
    if (key.log_no != kAllLogs && key.log_no != log_no) continue;
    const size_t bytes_max =
        key.level == RollupLevel::kDay ? kDayRollupBytesMax : kHourRollupBytesMax;
    put_rollup(id, summary.counts(), summary.encode(bytes_max));
  }
  write({{StatementId::kRollupAdvance, {log_no, static_cast<int64_t>(through), int64_t{0}}}});
}

void LogWriter::expire(int64_t log_no, uint64_t first, uint64_t end) {
  write({{StatementId::kSegmentRemove, {segment_id(log_no, first), segment_id(log_no, end) - 1}}});
  for (uint64_t n = first; n < end; ++n) logs_.at(log_no).events[n].reset();
}

void LogWriter::merge(int64_t log_no, uint64_t first, uint64_t end) {
  write({{StatementId::kSegmentRemove, {segment_id(log_no, first), segment_id(log_no, end) - 1}}});
  put_events(log_no, first, end, {});
}

void LogWriter::add_token(const Bytes& token_sha256, const std::string& scopes) {
  write({{StatementId::kTokenPut, {token_sha256, std::string("test"), scopes, int64_t{0}}}});
}

}  // namespace weir
