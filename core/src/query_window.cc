#include "query_window.h"

#include <algorithm>
#include <utility>

#include "statements.h"

namespace weir {
namespace {

constexpr int kAttemptsMax = 4;        // the rollups of a busy log move once in minutes
constexpr size_t kWalkRowsFirst = 32;  // of segments per group
constexpr size_t kWalkRowsMax = 512;
constexpr uint64_t kCountRowBytes = 128;  // a rollup's row without its sketch, about
constexpr int64_t kRangeRowsMax = 4096;   // of rollups per statement

uint64_t row_bytes(const WindowRange& range) {
  if (!range.needs_bytes()) return kCountRowBytes;
  return range.level == RollupLevel::kDay ? kDayRollupBytesMax : kHourRollupBytesMax;
}

int64_t as_integer(uint64_t value) {
  return static_cast<int64_t>(std::min<uint64_t>(value, kIntegerMax));
}

}  // namespace

WindowOperation::WindowOperation(Result<WindowPlan> plan, QueryBudget budget, Finish finish)
    : refused_(plan.status()),
      budget_(budget),
      finish_(std::move(finish)),
      attempts_left_(kAttemptsMax),
      page_(kWalkRowsFirst, kWalkRowsMax),
      scanner_(plan_.filter, {}, SegmentScan::Order::kUpwards) {
  if (!plan.ok()) return;
  plan_ = *std::move(plan);
  scanner_ = RowScanner(plan_.filter, plan_.columns, SegmentScan::Order::kUpwards);
}

// Forgets what was read and starts again.
void WindowOperation::begin() {
  answer_ = WindowAnswer(plan_);
  pending_.clear();
  scanner_.clear();
  for (const WindowRange& range : plan_.ranges) pending_.push_back({range});
  version_ = -1;
  listed_ = {};
  events_done_ = false;
}

Step WindowOperation::resume(Reply reply) {
  if (!started_) {
    started_ = true;
    if (!refused_.ok()) return Done{refused_};
    begin();
    return next_group();
  }
  if (!reply.status.ok()) return Done{std::move(reply.status)};
  if (scanner_.needs_bytes()) {
    const Status status = charge(0, scanner_.supply(std::move(reply.pieces)));
    if (!status.ok()) return Done{status};
  } else if (Status status = take_reply(&reply); !status.ok()) {
    return Done{std::move(status)};
  }
  if (!moved_) {
    if (Status status = scan_events(); !status.ok()) return Done{std::move(status)};
  }
  return go_on();
}

Step WindowOperation::go_on() {
  if (moved_) {
    if (--attempts_left_ == 0) {
      return Done{Status(Code::kUnavailable, "the statistics changed while they were read")};
    }
    begin();
    return next_group();
  }
  if (scanner_.needs_bytes()) {
    Read read = scanner_.read();
    if (read.ranges.size() > budget_.statements) {
      return Done{Status(Code::kExhausted, "too many statements for one request")};
    }
    budget_.statements -= read.ranges.size();
    return read;
  }
  if (!pending_.empty() || !events_done_) return next_group();
  finish_(plan_, std::move(answer_));
  return Done{};
}

Step WindowOperation::next_group() {
  Group group;
  uint64_t room = budget_.reply_bytes;
  if (plan_.from_rollups) group.statements.push_back({StatementId::kQueryVersion, {}});
  if (!events_done_) {
    const uint64_t bytes = pending_.empty() ? room : room / 2;
    events_bytes_ = bytes;
    group.statements.push_back(events_statement());
    room -= bytes;
  }
  for (Pending& pending : pending_) {
    const auto rows = static_cast<int64_t>(room / row_bytes(pending.range));
    const bool first = &pending == &pending_.front();  // one row of it always, to get on
    pending.asked = std::clamp<int64_t>(rows, first ? 1 : 0, kRangeRowsMax);
    if (pending.asked == 0) continue;
    room -= std::min(room, static_cast<uint64_t>(pending.asked) * row_bytes(pending.range));
    group.statements.push_back(range_statement(pending));
  }
  if (group.statements.size() > budget_.statements) {
    return Done{Status(Code::kExhausted, "too many statements for one request")};
  }
  budget_.statements -= group.statements.size();
  return group;
}

Statement WindowOperation::events_statement() const {
  return {StatementId::kQueryForward,
          {sites_value(plan_.filter.sites), listed_.log_no, as_integer(listed_.n),
           int64_t{plan_.from_rollups}, plan_.filter.since_ms, plan_.filter.until_ms,
           as_integer(page_.whole_bytes(events_bytes_)), static_cast<int64_t>(page_.rows())}};
}

Statement WindowOperation::range_statement(const Pending& pending) const {
  const WindowRange& range = pending.range;
  return {StatementId::kQueryRollups,
          {sites_value(plan_.filter.sites), static_cast<int64_t>(range.level), range.from_hour,
           range.to_hour, pending.after_id, int64_t{range.needs_bytes()}, pending.asked}};
}

Status WindowOperation::charge(uint64_t events, uint64_t bytes) {
  if (events > budget_.events || bytes > budget_.bytes) {
    return Status(Code::kExhausted, "too much to read at once; ask for a shorter window");
  }
  budget_.events -= events;
  budget_.bytes -= bytes;
  return {};
}

Status WindowOperation::take_reply(Reply* from) {
  Reply& reply = *from;
  const auto asked = std::count_if(pending_.begin(), pending_.end(),
                                   [](const Pending& pending) { return pending.asked != 0; });
  const size_t expected = size_t{plan_.from_rollups} + size_t{!events_done_} + size_t(asked);
  if (reply.results.size() != expected) {
    return Status(Code::kCorrupt, "a reply with another number of results than statements");
  }
  size_t next = 0;
  if (plan_.from_rollups) {
    WEIR_ASSIGN(const int64_t version, integer_at(reply.results[next++], 0, 0));
    moved_ = version_ >= 0 && version != version_;
    version_ = version;
    if (moved_) return {};
  }
  if (!events_done_) WEIR_TRY(take_events(&reply.results[next++]));
  for (Pending& pending : pending_) {
    if (pending.asked != 0) WEIR_TRY(take_range(&pending, reply.results[next++]));
  }
  std::erase_if(pending_, [](const Pending& pending) { return pending.done; });
  return {};
}

Status WindowOperation::take_range(Pending* pending, const Rows& rows) {
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    WEIR_ASSIGN(const RollupRow row, rollup_row(rows, i));
    WEIR_TRY(charge(0, row.sketch.size()));
    take_rollup(pending->range, row);
    pending->after_id = row.id;
  }
  pending->done = rows.rows.size() < static_cast<size_t>(pending->asked);
  return {};
}

Status WindowOperation::take_events(Rows* rows) {
  events_done_ = rows->rows.size() < page_.rows();
  WEIR_ASSIGN(std::vector<WalkRow> walk, walk_rows(std::move(*rows)));
  uint64_t read = 0;
  for (WalkRow& row : walk) {
    read += row.data.size();
    listed_ = {row.log_no, row.end()};
    const uint64_t from = row.from_n;
    scanner_.add(std::move(row), from, kEventNumberMax + 1);
  }
  page_.took(read, events_bytes_);
  return charge(0, read);
}

Status WindowOperation::scan_events() {
  using Found = RowScanner::Found;
  while (!scanner_.empty()) {
    if (!scanner_.is_open()) {
      const WalkRow& row = scanner_.row();
      scanned_ = {row.log_no, std::max(row.first, row.from_n)};
    }
    const Found found = scanner_.advance(budget_.statements);
    WEIR_TRY(charge(scanner_.take_events_decoded(), 0));
    switch (found) {
      case Found::kNeedsBytes:
        return {};
      case Found::kChunk:
        answer_.add_events(plan_, scanner_.scan());
        scanned_.n = scanner_.scan().row().first + scanner_.scan().chunk().end();
        break;
      case Found::kUnreadable:
        ++answer_.unreadable.segments;
        answer_.finish_events(scanner_.scan());
        break;
      case Found::kRowEnd:
        answer_.finish_events(scanner_.scan());
        break;
      case Found::kChanged:
        answer_.finish_events(scanner_.scan());
        listed_ = scanned_;
        events_done_ = false;
        return {};
    }
  }
  return {};
}

void WindowOperation::take_rollup(const WindowRange& range, const RollupRow& row) {
  std::optional<Summary> summary;
  if (range.needs_bytes()) {
    Result<Summary> decoded = Summary::decode(row.sketch, plan_.tops);
    if (decoded.ok() && decoded->start_ms() == row.key.hour * kHourMs) {
      summary = *std::move(decoded);
    } else {
      ++answer_.unreadable.rollups;
    }
  }
  const bool by_minute = range.counts == WindowRange::Counts::kMinutes && summary;
  if (by_minute) {
    answer_.add_minutes(plan_, *summary);
  } else if (range.counts != WindowRange::Counts::kNone) {
    answer_.add_counts(plan_, row.key.hour * kHourMs, row.counts);
  }
  if (range.sketch && summary) answer_.summary.merge(*summary);
}

}  // namespace weir
