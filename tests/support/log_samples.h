// Logs, segments and short ways to run operations, for tests of the storage operations.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "statements.h"
#include "weir/executor.h"
#include "weir/log_store.h"
#include "weir/schema.h"
#include "weir/summary.h"

namespace weir {

// 2026-09-21T13:00:00Z: the start of an hour.
inline constexpr int64_t kSampleHourMs = 1'789'995'600'000;
static_assert(kSampleHourMs % kHourMs == 0);

inline LogId sample_log(uint8_t number) {
  LogId log;
  log.bytes.fill(number);
  return log;
}

// The n-th event of the sample log that starts at `start_ms`: one per second, everything a function
// of n. Its strings are constants.
inline Event sample_event(uint64_t n, int64_t start_ms = kSampleHourMs) {
  static constexpr const char* kNames[] = {"a.example", "b.example", "c.example", "ads.example",
                                           "www.d.example"};
  Event event;
  event.time_ms = start_ms + static_cast<int64_t>(n) * 1000;
  event.client = {Client::Kind::kV4, {192, 0, 2, static_cast<uint8_t>(n % 3)}};
  event.qname = kNames[n % 5];
  event.qtype = n % 2 == 0 ? 1 : 28;
  event.outcome = n % 5 == 3 ? Outcome::kBlocked : Outcome::kCached;
  event.duration_us = static_cast<uint32_t>(100 + n % 50);
  event.response_size = 64;
  return event;
}

struct SampleSegment {
  LogId log = sample_log(1);
  uint64_t first = 0;
  uint64_t count = 10;
  bool open = false;
  int64_t start_ms = kSampleHourMs;  // time of event 0 of the log
  LedgerCounters ledger = {};
};
// Events [first, first + count), which must lie in one hour.
inline Bytes sample_segment(const SampleSegment& sample) {
  SegmentBuilder builder;
  for (uint64_t n = sample.first; n < sample.first + sample.count; ++n) {
    REQUIRE(builder.add(sample_event(n, sample.start_ms)).ok());
  }
  return builder.encode({sample.log, sample.first, sample.open, sample.ledger});
}

inline Status run(Executor& executor, OperationPtr operation) {
  return run_operation(*operation, executor);
}

inline LogState opened(Executor& executor, const LogId& log = sample_log(1),
                       const std::string& site = "home") {
  LogState state;
  const Status status = run(executor, open_log(log, site, kSampleHourMs, &state));
  INFO(status.message());
  REQUIRE(status.ok());
  return state;
}

inline LogState state_of(Executor& executor, int64_t log_no) {
  std::vector<LogState> logs;
  REQUIRE(run(executor, list_logs("", &logs)).ok());
  for (LogState& log : logs) {
    if (log.log_no == log_no) return log;
  }
  FAIL("no log " << log_no);
  return {};
}

// A batch of segments with a ledger that accounts for their events.
inline AppendRequest batch_of(int64_t log_no, std::vector<Bytes> segments) {
  AppendRequest request{.log_no = log_no, .segments = std::move(segments)};
  for (const Bytes& segment : request.segments) {
    const Result<SegmentHead> head = read_segment_head(segment);
    REQUIRE(head.ok());
    if (head->kind == SegmentKind::kEvents) request.ledger.stored += head->count;
  }
  request.ledger.offered = request.ledger.stored;
  request.now_ms = kSampleHourMs;
  return request;
}

inline void append_ok(Executor& executor, int64_t log_no, const std::vector<Bytes>& segments) {
  const Status status = run(executor, append(batch_of(log_no, segments)));
  INFO(status.message());
  REQUIRE(status.ok());
}

// Appends events [0, end) in small segments, as a writer does that flushes often.
inline void append_small(Executor& executor, const LogState& log, uint64_t end, uint64_t size = 7) {
  for (uint64_t first = 0; first < end;) {
    const uint64_t count = std::min({size, end - first, 3600 - first % 3600});
    append_ok(executor, log.log_no, {sample_segment({.first = first, .count = count})});
    first += count;
  }
}

inline CutResult cut(Executor& executor, int64_t log_no, uint64_t from, int64_t now_ms,
                     CutLimits limits = {}) {
  CutResult result;
  const Status status = run(executor, cut_log(log_no, from, now_ms, limits, &result));
  INFO(status.message());
  REQUIRE(status.ok());
  return result;
}

inline Rows answer_of(Executor& executor, Statement statement) {
  Reply reply = executor.run_group(Group{{std::move(statement)}, false});
  REQUIRE(reply.status.ok());
  return std::move(reply.results.at(0));
}

// All that a log holds, one line each: "7 a.example <time>" for event 7, "7-9 gap:expired". Numbers
// must be contiguous from the first row on.
inline std::vector<std::string> content_of(Executor& executor, int64_t log_no) {
  const Rows rows =
      answer_of(executor, {StatementId::kSegmentData,
                           {segment_id(log_no, 0), last_segment_id(log_no), int64_t{100'000}}});
  std::vector<std::string> lines;
  uint64_t end = 0;
  for (size_t row = 0; row < rows.rows.size(); ++row) {
    const ByteView bytes = *blob_at(rows, row, 4);
    if (bytes.empty()) continue;  // the anchor
    const Result<SegmentReader> reader = SegmentReader::open(bytes);
    REQUIRE(reader.ok());
    const SegmentHead& head = reader->head();
    REQUIRE(*integer_at(rows, row, 0) == segment_id(log_no, head.first));
    REQUIRE((lines.empty() || head.first == end));
    end = head.end();
    if (head.kind == SegmentKind::kGap) {
      lines.push_back(std::to_string(head.first) + "-" + std::to_string(end) +
                      " gap:" + std::string(gap_reason_name(head.gap_reason)));
    }
    for (size_t i = 0; i < reader->count(); ++i) {
      const Event event = reader->event(i);
      lines.push_back(std::to_string(head.first + i) + " " + std::string(event.qname) + " " +
                      std::to_string(event.time_ms));
    }
  }
  return lines;
}

// What content_of shows of events [first, end) of a log that begins with event `offset` of the
// sample, at `start_ms`.
inline std::vector<std::string> sample_lines(uint64_t first, uint64_t end,
                                             int64_t start_ms = kSampleHourMs,
                                             uint64_t offset = 0) {
  std::vector<std::string> lines;
  for (uint64_t n = first; n < end; ++n) {
    const std::string name(sample_event(n + offset).qname);
    lines.push_back(std::to_string(n) + " " + name + " " +
                    std::to_string(sample_event(n, start_ms).time_ms));
  }
  return lines;
}

}  // namespace weir
