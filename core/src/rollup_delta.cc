#include "rollup_delta.h"

#include <algorithm>
#include <set>

#include "segment_events.h"

namespace weir {
namespace {

// What a summary counts.
constexpr ColumnSet kCounted = {Column::kQuestions, Column::kClients, Column::kTraits,
                                Column::kTimes, Column::kDurations};
constexpr int64_t kHoursPerDay = 24;
constexpr size_t kSkewedColumn = 1 + kOutcomeCount;
constexpr size_t kOfLogColumn = kSkewedColumn + 1;
constexpr size_t kDataColumn = kOfLogColumn + 1;

Summary empty_summary(const RollupKey& key) {
  const bool hour = key.level == RollupLevel::kHour;
  return Summary(hour ? Summary::Span::kHour : Summary::Span::kDay, key.hour * kHourMs);
}

// Ids of ours: packed by rollup_ids.
RollupKey own_key(int64_t id) {
  const Result<RollupKey> key = rollup_key(id);
  WEIR_CHECK(key.ok());
  return *key;
}

Result<Summary> sketch_at(const Rows& rows, size_t row, const Summary& expected) {
  WEIR_ASSIGN(const ByteView bytes, blob_at(rows, row, kDataColumn));
  WEIR_ASSIGN(Summary summary, Summary::decode(bytes));
  if (summary.span() != expected.span() || summary.start_ms() != expected.start_ms()) {
    return Status(Code::kCorrupt, "a rollup holds the summary of another time");
  }
  return summary;
}

}  // namespace

void Rollup::add(const Rollup& other) {
  counts.add(other.counts);
  skewed += other.skewed;
  summary.merge(other.summary);
}

int64_t RollupDelta::clamped(int64_t time_ms) const {
  return std::clamp(time_ms, now_ms_ - kSkewPastMs, now_ms_ + kSkewFutureMs);
}

int64_t RollupDelta::counted_hour(int64_t time_ms) const { return hour_of(clamped(time_ms)); }

bool RollupDelta::add(const SegmentBytes& segment) {
  if (corrupt_.has_value()) return false;
  if (segment.end() <= watermark_) return true;
  const uint64_t skip = segment.first < watermark_ ? watermark_ - segment.first : 0;
  if (segment.kind == RowKind::kEvents) {
    const Result<uint64_t> added = add_events(segment, static_cast<size_t>(skip));
    if (added.ok()) {
      if (*added > 0) watermark_ = segment.first + skip + *added;
      return watermark_ == segment.end();
    }
    corrupt_ = segment;
    corrupt_->bytes = {};  // they belong to the caller
    corrupt_events_ = segment.count - skip;
  }
  watermark_ = segment.end();
  return true;
}

// The rollup of a counted hour; nothing if there are too many.
Rollup* RollupDelta::rollup_of(int64_t hour) {
  if (!hours_.contains(hour)) {
    if (hours_.size() == hours_max_) return nullptr;
    hours_[hour].summary = Summary(Summary::Span::kHour, hour * kHourMs);
  }
  return &hours_[hour];
}

Result<uint64_t> RollupDelta::add_events(const SegmentBytes& segment, size_t skip) {
  WEIR_ASSIGN(const SegmentHead head, read_segment_head(segment.bytes));
  const bool skewed =
      head.first_ms != clamped(head.first_ms) || head.last_ms != clamped(head.last_ms);
  WEIR_ASSIGN(SegmentReader reader, skewed ? open_segment(segment) : open_intact(segment));
  if (reader.count() == 0) return segment.count - skip;
  const Result<uint64_t> added = skewed ? add_one_by_one(reader, skip) : add_chunks(reader, skip);
  if (added.ok()) events_ += *added;
  return added;
}

uint64_t RollupDelta::add_one_by_one(const SegmentReader& reader, size_t skip) {
  for (size_t i = skip; i < reader.count(); ++i) {
    Event event = reader.event(i);
    const int64_t time_ms = clamped(event.time_ms);
    Rollup* const rollup = rollup_of(hour_of(time_ms));
    if (rollup == nullptr) return i - skip;
    rollup->skewed += time_ms != event.time_ms ? 1 : 0;
    event.time_ms = time_ms;
    rollup->summary.add(event);
    rollup->counts = rollup->summary.counts();
  }
  return reader.count() - skip;
}

// Events follow each other in one hour for long, mostly for all of the segment.
Result<uint64_t> RollupDelta::add_chunks(SegmentReader& reader, size_t skip) {
  WEIR_TRY(reader.load(Section::kPages));
  SegmentChunk chunk;
  size_t at = skip;
  while (at < reader.count()) {
    const Status loaded = reader.load_chunk(at / kSegmentChunkEvents, kCounted, &chunk);
    if (!loaded.ok()) {
      discard_chunks();
      return loaded;
    }
    const size_t begin = at - chunk.first;
    const int64_t hour = hour_of(chunk.times_ms[begin]);
    Rollup* const rollup = rollup_of(hour);
    if (rollup == nullptr) break;
    size_t end = begin + 1;
    while (end < chunk.count && hour_of(chunk.times_ms[end]) == hour) ++end;
    rollup->summary.add(reader, chunk, indexes(begin, end));
    at += end - begin;
  }
  for (auto& [hour, counted] : hours_) {
    counted.summary.finish(reader);
    counted.counts = counted.summary.counts();
  }
  return at - skip;
}

void RollupDelta::discard_chunks() {
  for (auto& [hour, rollup] : hours_) rollup.summary.discard();
  std::erase_if(hours_, [](const auto& entry) { return entry.second.summary.empty(); });
}

uint64_t RollupDelta::skewed() const {
  uint64_t sum = 0;
  for (const auto& [hour, rollup] : hours_) sum += rollup.skewed;
  return sum;
}

std::vector<int64_t> RollupDelta::rollup_ids(int64_t log_no) const {
  std::set<int64_t> ids;
  for (const auto& [hour, rollup] : hours_) {
    for (const int64_t log : {log_no, kAllLogs}) {
      ids.insert(rollup_id(RollupLevel::kHour, log, hour));
      ids.insert(rollup_id(RollupLevel::kDay, log, hour - hour % kHoursPerDay));
    }
  }
  return {ids.begin(), ids.end()};
}

template <class Add>
void RollupDelta::for_hours_of(const RollupKey& key, Add add) const {
  const int64_t end = key.hour + (key.level == RollupLevel::kHour ? 1 : kHoursPerDay);
  for (auto hour = hours_.lower_bound(key.hour); hour != hours_.end() && hour->first < end;
       ++hour) {
    add(hour->second);
  }
}

Rollup RollupDelta::sum_of(int64_t id, int64_t log_no,
                           const std::map<int64_t, Rollup>& stored) const {
  const RollupKey key = own_key(id);
  const auto old = stored.find(id);
  Rollup sum = old == stored.end() ? Rollup{.summary = empty_summary(key)} : old->second;
  if (key.log_no == kAllLogs) {
    // No other log has contributed yet, nor has this one what is not in the rollup of all logs.
    const bool alone = old != stored.end()
                           ? sum.of_log == log_no
                           : !stored.contains(rollup_id(key.level, log_no, key.hour));
    sum.of_log = alone ? log_no : 0;
  }
  for_hours_of(key, [&](const Rollup& hour) {
    if (sum.of_log == 0) return sum.add(hour);
    sum.counts.add(hour.counts);
    sum.skewed += hour.skewed;
  });
  return sum;
}

Result<Rollup> rollup_at(const Rows& rows, size_t row, bool* sketch_ok) {
  WEIR_ASSIGN(const int64_t id, integer_at(rows, row, 0));
  WEIR_ASSIGN(const RollupKey key, rollup_key(id));
  Rollup rollup{.summary = empty_summary(key)};
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    WEIR_ASSIGN(rollup.counts.by_outcome[i], count_at(rows, row, 1 + i));
  }
  WEIR_ASSIGN(rollup.skewed, count_at(rows, row, kSkewedColumn));
  WEIR_ASSIGN(rollup.of_log, integer_at(rows, row, kOfLogColumn));
  Result<Summary> sketch = sketch_at(rows, row, rollup.summary);
  *sketch_ok = sketch.ok();
  if (sketch.ok()) rollup.summary = std::move(sketch).value();
  return rollup;
}

Statement rollup_put(int64_t id, const Rollup& rollup) {
  std::vector<Value> parameters = {id};
  for (const uint64_t count : rollup.counts.by_outcome) {
    parameters.emplace_back(static_cast<int64_t>(count));
  }
  parameters.emplace_back(static_cast<int64_t>(rollup.skewed));
  parameters.emplace_back(rollup.of_log);
  const bool hour = own_key(id).level == RollupLevel::kHour;
  const size_t bytes_max = hour ? kHourRollupBytesMax : kDayRollupBytesMax;
  parameters.emplace_back(rollup.of_log == 0 ? rollup.summary.encode(bytes_max) : Bytes());
  return Statement{StatementId::kRollupPut, std::move(parameters)};
}

}  // namespace weir
