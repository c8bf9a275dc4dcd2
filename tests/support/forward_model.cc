#include "support/forward_model.h"

#include <algorithm>

#include "weir/schema.h"

namespace weir::test {
namespace {

using Row = ModelReceiver::Row;

Bytes encode(const ModelLog& log, uint64_t first, uint64_t end, bool open) {
  SegmentBuilder builder;
  for (uint64_t n = first; n < end; ++n) {
    const std::string name = "n" + std::to_string(log.events[n].serial) + ".example";
    Event event;
    event.time_ms = log.events[n].time_ms;
    event.qname = name;
    event.duration_us = static_cast<uint32_t>(log.events[n].serial);
    WEIR_CHECK(builder.add(event).ok());
  }
  return builder.encode({.log = log.id, .first = first, .open = open, .ledger = {}});
}

// The end of the segment that begins at `first`: one hour, or one gap.
uint64_t segment_end(const ModelLog& log, uint64_t first, size_t events_max) {
  const auto kind = [&](uint64_t n) {
    return log.events[n].serial == 0 ? int64_t{-1} : hour_of(log.events[n].time_ms);
  };
  uint64_t end = first + 1;
  while (end < log.end() && end - first < events_max && kind(end) == kind(first)) ++end;
  return end;
}

// The rows of a body; nothing if it is not what ingest takes.
std::vector<Row> read_body(ByteView body, uint64_t first, const std::set<uint64_t>& poison) {
  std::vector<Row> rows;
  while (!body.empty()) {
    const auto head = read_segment_head(body);
    if (!head.ok() || head->total_bytes > body.size() || head->first != first) return {};
    if (rows.size() == kIngestSegmentsMax || (!rows.empty() && rows.back().open)) return {};
    const auto reader = SegmentReader::open(body.first(head->total_bytes));
    if (!reader.ok()) return {};
    const bool gap = head->kind == SegmentKind::kGap;
    Row row{head->first, head->count, gap ? 0 : head->content_crc, head->open, {}};
    for (size_t i = 0; i < reader->count(); ++i) {
      const uint64_t serial = reader->event(i).duration_us;
      if (poison.contains(serial)) return {};
      row.serials.push_back(serial);
    }
    rows.push_back(std::move(row));
    first = head->end();
    body = body.subspan(head->total_bytes);
  }
  return rows;
}

}  // namespace

CutResult ModelLog::cut(uint64_t from, int64_t wall_ms, const CutLimits& limits) const {
  CutResult result{.first = from, .end = from, .body = {}, .sealed_end = from, .more = false};
  for (size_t count = 0; count < limits.segments_max && result.end < end(); ++count) {
    const uint64_t first = result.end;
    result.end = segment_end(*this, first, limits.segment_events_max);
    const bool gap = events[first].serial == 0;
    const bool open =
        !gap && result.end == end() && hour_of(events[first].time_ms) >= hour_of(wall_ms);
    const Bytes segment =
        gap ? encode_gap(id, first, result.end, GapReason::kForked, events[first].time_ms, {})
            : encode(*this, first, result.end, open);
    result.body.insert(result.body.end(), segment.begin(), segment.end());
    if (!open) result.sealed_end = result.end;
  }
  result.more = result.end < end();
  return result;
}

bool ModelLog::same(const Sender::Verify& range) const {
  CutLimits limits;
  limits.segments_max = 1;
  limits.segment_events_max = range.count;
  const CutResult result = cut(range.first, 0, limits);
  const auto head = read_segment_head(result.body);
  if (!head.ok() || head->kind == SegmentKind::kGap) return true;
  return head->count == range.count && head->content_crc == range.crc;
}

ReceiverAnswer ModelReceiver::conflict(const std::vector<Row>& rows, bool fork) const {
  ReceiverAnswer answer;
  answer.http_status = 409;
  answer.stored_through = rows.empty() ? 0 : rows.back().end();
  answer.fork = fork;
  return answer;
}

ReceiverAnswer ModelReceiver::put(const std::string& path, ByteView body) {
  const size_t slash = path.rfind('/');
  const uint64_t first = std::stoull(path.substr(slash + 1));
  ReceiverAnswer answer;
  answer.http_status = 413;
  if (body.size() > body_bytes_max) return answer;
  std::vector<Row> fresh = read_body(body, first, poison);
  answer.http_status = 422;
  if (fresh.empty()) return answer;

  std::vector<Row>& rows = logs[path.substr(0, slash)];
  const uint64_t end = rows.empty() ? 0 : rows.back().end();
  const uint64_t fresh_end = fresh.back().end();
  const bool replay = !rows.empty() && rows.back().first == fresh.back().first &&
                      rows.back().count == fresh.back().count &&
                      rows.back().crc == fresh.back().crc && rows.back().open == fresh.back().open;
  const bool replaces = !rows.empty() && rows.back().open && rows.back().first == first &&
                        (fresh[0].count > rows.back().count ||
                         (fresh[0].count == rows.back().count && !fresh[0].open));
  if (first == end || replaces) {
    const bool other =
        replaces && fresh[0].count == rows.back().count && fresh[0].crc != rows.back().crc;
    if (other) return conflict(rows, true);
    if (replaces && first != end) rows.pop_back();
    std::move(fresh.begin(), fresh.end(), std::back_inserter(rows));
  } else if (!replay) {
    return conflict(rows, false);
  }
  answer.http_status = 200;
  answer.stored_through = fresh_end;
  answer.interval_s = interval_s;
  return answer;
}

ReceiverAnswer ModelReceiver::get(const std::string& path) const {
  ReceiverAnswer answer;
  answer.http_status = 200;
  answer.interval_s = interval_s;
  answer.stored_through = 0;
  const auto found = logs.find(path);
  if (found == logs.end() || found->second.empty()) return answer;
  const Row& newest = found->second.back();
  answer.stored_through = newest.end();
  answer.last = ReceiverAnswer::Row{newest.first, newest.count, newest.crc};
  return answer;
}

std::map<uint64_t, int> ModelReceiver::stored() const {
  std::map<uint64_t, int> times;
  for (const auto& [path, rows] : logs) {
    for (const Row& row : rows) {
      for (const uint64_t serial : row.serials) ++times[serial];
    }
  }
  return times;
}

}  // namespace weir::test
