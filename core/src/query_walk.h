// QueryWalk: the events that match a filter, newest first, from many logs at once.
//
// Each log is a stream that goes backwards by event number; the next event is the one whose stream
// has the latest head, and of equal ones that of the least log. A stream whose next segment is not
// read yet takes part with that segment's greatest time: no event in it is later, so segments are
// read only when their turn comes, and the order is the same wherever pages and budgets end.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "query_cursor.h"
#include "query_rows.h"
#include "row_scanner.h"
#include "weir/query.h"

namespace weir {

// One log's part of the walk.
class LogStream {
 public:
  // The segment to begin with is not read yet, but its greatest time is known. The filter must
  // outlive this.
  LogStream(int64_t log_no, const LogId& log, std::string site, uint64_t below, int64_t last_ms,
            const Filter& filter);

  int64_t log_no() const { return log_no_; }
  const LogId& log() const { return log_; }
  const std::string& site() const { return site_; }
  // Everything from this number on is done with, in this walk.
  uint64_t below() const { return below_; }
  bool moved() const { return moved_; }
  bool ended() const { return !head_ && scanner_.empty() && !more_rows_; }
  bool is_open() const { return scanner_.is_open(); }  // in the middle of a segment
  bool needs_rows() const { return !head_ && scanner_.empty() && more_rows_; }
  bool needs_bytes() const { return scanner_.needs_bytes(); }
  const std::optional<Event>& head() const { return head_; }
  uint64_t head_n() const { return below_ - 1; }
  // No event to come is later than this.
  int64_t bound_ms() const;

  // What to ask for when it needs rows.
  const WalkPage& page() const { return page_; }
  // What kQueryBackward answered for everything below(), of at most `bytes` bytes; how many it has.
  Result<uint64_t> take_rows(Rows rows, uint64_t bytes);
  // What to read when it needs bytes, and the answer to it.
  Read read() const { return scanner_.read(); }
  uint64_t take_bytes(std::vector<Bytes> pieces) { return scanner_.supply(std::move(pieces)); }
  // Goes on to the next matching event, to the end of the segment at hand, or to where it needs
  // rows or bytes, in at most `ranges_max` ranges if it is up to it. Precondition: no head, and
  // neither ended nor in need. Counts the events that it decodes.
  void advance(uint64_t ranges_max, uint64_t* events_read, Unreadable* unreadable);
  // The head is done with.
  void pop();

 private:
  static constexpr size_t kFirstRows = 1;  // the newest events are mostly in one
  static constexpr size_t kRowsMax = 64;

  bool take_match();
  void move_to(uint64_t below);

  int64_t log_no_;
  LogId log_;
  std::string site_;
  uint64_t below_;
  WalkPage page_{kFirstRows, kRowsMax};
  int64_t next_ms_;  // greatest time of the next row that is not read yet
  bool moved_ = false;
  bool more_rows_ = true;  // the database may hold more than the scanner
  RowScanner scanner_;
  size_t matches_left_ = 0;  // of the scanner's chunk
  std::optional<Event> head_;
};

class QueryWalk final : public Operation {
 public:
  QueryWalk(Filter filter, size_t limit, std::string cursor, QueryBudget budget,
            QueriesResult* result);

  Step resume(Reply reply) override;

 private:
  Status begin();
  Step heads_group();
  Status take_heads(const Reply& reply);
  Step go_on();
  LogStream* latest();
  bool is_spent() const { return budget_.bytes == 0 || budget_.statements == 0; }
  Step fetch_group();
  Status take_fetched(Reply* reply);
  Step fetch_bytes(LogStream* stream);
  Step finish(bool more, bool partial);

  Filter filter_;
  size_t limit_;
  std::string cursor_text_;
  QueryBudget budget_;  // what is left
  QueriesResult* result_;
  QueryCursor cursor_;
  std::vector<LogStream> streams_;
  struct Fetch {
    size_t stream = 0;   // its index
    uint64_t bytes = 0;  // that its rows may have
  };
  std::vector<Fetch> fetching_;   // what the current group reads
  bool progressed_ = false;       // the cursor would go on elsewhere than where this page began
  LogStream* reading_ = nullptr;  // the stream that waits for bytes
  enum class Phase : uint8_t { kBegin, kHeads, kFetch, kBytes } phase_ = Phase::kBegin;
};

}  // namespace weir
