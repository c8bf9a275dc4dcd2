// LogWriter: puts logs, segments and rollups into a database as a test wants them, statement by
// statement, and remembers the events: what the query engine must find again.
//
// Unlike log_store.h it decides nothing: segments may be of any size, watermarks anywhere, rollups
// missing or damaged. Every failure is a bug of the test: WEIR_CHECK.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "statements.h"
#include "weir/executor.h"
#include "weir/schema.h"
#include "weir/segment.h"
#include "weir/summary.h"

namespace weir {

class LogWriter {
 public:
  explicit LogWriter(Executor* executor) : executor_(*executor) {}

  // Log numbers count from 1. The log's id is its number, sixteen times.
  int64_t add_log(const std::string& site);
  static LogId log_id(int64_t log_no);

  // Appends events, cut at hours and at `segment_events`. Their strings must outlive the writer.
  void append(int64_t log_no, std::span<const Event> events, size_t segment_events = 1000,
              const LedgerCounters& ledger = {});
  void append_gap(int64_t log_no, uint64_t count);
  // Counts the events before number `through` into the rollups, and moves the watermark there.
  void roll(int64_t log_no, uint64_t through);
  // Removes the segments that lie within [first, end), and the memory of their events.
  void expire(int64_t log_no, uint64_t first, uint64_t end);
  // Writes the events [first, end), which must be of one hour, as one segment in place of several.
  void merge(int64_t log_no, uint64_t first, uint64_t end);

  void put_segment(int64_t log_no, uint64_t first, RowKind kind, const SegmentHead& head,
                   Value data);
  void put_rollup(int64_t id, const OutcomeCounts& counts, Bytes data);
  void add_token(const Bytes& token_sha256, const std::string& scopes);

  // By number; nothing for gaps and what has expired.
  const std::vector<std::optional<Event>>& events(int64_t log_no) { return logs_[log_no].events; }
  uint64_t end(int64_t log_no) { return logs_[log_no].events.size(); }
  const std::string& site(int64_t log_no) { return logs_[log_no].site; }
  int64_t log_count() const { return static_cast<int64_t>(logs_.size()); }
  Summary& rollup(int64_t id) { return rollups_.at(id); }

 private:
  struct Log {
    std::string site;
    std::vector<std::optional<Event>> events;
    uint64_t rolled_through = 0;
  };
  void write(std::vector<Statement> statements);
  void put_events(int64_t log_no, uint64_t first, uint64_t end, const LedgerCounters& ledger);
  void count(int64_t log_no, const Event& event);

  Executor& executor_;
  std::map<int64_t, Log> logs_;
  std::map<int64_t, Summary> rollups_;
};

}  // namespace weir
