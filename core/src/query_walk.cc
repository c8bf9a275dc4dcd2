#include "query_walk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "statements.h"
#include "weir/json.h"

namespace weir {
namespace {

// A JSON object from log number to position, or NULL for none.
Value positions_value(const std::map<int64_t, uint64_t>& below) {
  if (below.empty()) return Null{};
  std::string text;
  JsonWriter json(&text);
  json.begin_object();
  for (const auto& [log_no, n] : below) json.key(std::to_string(log_no)).unsigned_integer(n);
  json.end_object();
  return text;
}

uint64_t less(uint64_t budget, uint64_t used) { return budget - std::min(budget, used); }

Result<LogStream> stream_of(const Rows& rows, size_t row, const Filter& filter) {
  WEIR_ASSIGN(const int64_t log_no, integer_at(rows, row, 0));
  WEIR_ASSIGN(const ByteView id, blob_at(rows, row, 1));
  WEIR_ASSIGN(const std::string_view site, text_at(rows, row, 2));
  WEIR_ASSIGN(const int64_t below, integer_at(rows, row, 3));
  WEIR_ASSIGN(const int64_t last_ms, integer_at(rows, row, 4));
  LogId log;
  if (id.size() != log.bytes.size() || below < 0) {
    return Status(Code::kCorrupt, "a log's row that cannot be");
  }
  std::copy(id.begin(), id.end(), log.bytes.begin());
  return LogStream(log_no, log, std::string(site), static_cast<uint64_t>(below), last_ms, filter);
}

// Copies the strings that an event's views point to.
FoundEvent found_event(const LogStream& stream) {
  FoundEvent found{stream.log(), stream.head_n(), stream.site(), nullptr, *stream.head()};
  const std::array<std::string_view*, 3> views = {&found.event.qname, &found.event.list,
                                                  &found.event.upstream};
  size_t size = 0;
  for (const std::string_view* view : views) size += view->size();
  auto strings = std::make_unique_for_overwrite<char[]>(size);
  char* end = strings.get();
  for (std::string_view* view : views) {
    *view = {end, view->copy(end, view->size())};
    end += view->size();
  }
  found.strings = std::move(strings);
  return found;
}

}  // namespace

QueryWalk::QueryWalk(Filter filter, size_t limit, std::string cursor, QueryBudget budget,
                     QueriesResult* result)
    : filter_(std::move(filter)),
      limit_(limit),
      cursor_text_(std::move(cursor)),
      budget_(budget),
      result_(result) {}

Step QueryWalk::resume(Reply reply) {
  if (!reply.status.ok()) return Done{std::move(reply.status)};
  if (phase_ == Phase::kBegin) {
    if (Status status = begin(); !status.ok()) return Done{std::move(status)};
    phase_ = Phase::kHeads;
    return heads_group();
  }
  Status status;
  if (phase_ == Phase::kBytes) {
    budget_.bytes = less(budget_.bytes, reading_->take_bytes(std::move(reply.pieces)));
  } else {
    status = phase_ == Phase::kHeads ? take_heads(reply) : take_fetched(&reply);
  }
  if (!status.ok()) return Done{std::move(status)};
  return go_on();
}

Status QueryWalk::begin() {
  *result_ = QueriesResult{};
  result_->events.reserve(std::min<size_t>(limit_, kQueryLimitMax));
  cursor_.since_ms = filter_.since_ms;
  cursor_.until_ms = filter_.until_ms;
  if (cursor_text_.empty()) return {};
  WEIR_ASSIGN(cursor_, decode_cursor(cursor_text_, filter_));
  filter_.since_ms = cursor_.since_ms;
  filter_.until_ms = cursor_.until_ms;
  return {};
}

Step QueryWalk::heads_group() {
  budget_.statements = less(budget_.statements, 1);
  Group group;
  group.statements.push_back({StatementId::kQueryHeads,
                              {sites_value(filter_.sites), positions_value(cursor_.below),
                               filter_.since_ms, filter_.until_ms}});
  return group;
}

Status QueryWalk::take_heads(const Reply& reply) {
  if (reply.results.size() != 1) return Status(Code::kCorrupt, "a reply without its result");
  const Rows& rows = reply.results[0];
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    WEIR_ASSIGN(LogStream stream, stream_of(rows, i, filter_));
    streams_.push_back(std::move(stream));
  }
  return {};
}

// The stream whose next event comes first; null if all have ended.
LogStream* QueryWalk::latest() {
  LogStream* best = nullptr;
  for (LogStream& stream : streams_) {  // in the order of log_no: the first of equals stays
    if (stream.ended()) continue;
    if (best == nullptr || stream.bound_ms() > best->bound_ms()) best = &stream;
  }
  return best;
}

Step QueryWalk::go_on() {
  while (LogStream* stream = latest()) {
    // At the limit one more event is looked for, so that the last page has no cursor; but only in
    // what is read already.
    const bool full = result_->events.size() == limit_;
    if (stream->head()) {
      if (full) return finish(true, false);
      result_->events.push_back(found_event(*stream));
      stream->pop();
      progressed_ = true;
    } else if (stream->needs_rows() || stream->needs_bytes()) {
      if (full) return finish(true, false);
      if (is_spent() && progressed_) return finish(true, true);
      return stream->needs_rows() ? fetch_group() : fetch_bytes(stream);
    } else {
      if (budget_.events == 0 && !stream->is_open() && progressed_) return finish(true, true);
      uint64_t events = 0;
      const uint64_t below = stream->below();
      stream->advance(budget_.statements, &events, &result_->unreadable);
      budget_.events = less(budget_.events, events);
      if (!stream->head() && stream->below() != below) progressed_ = true;  // a segment is done
    }
  }
  return finish(false, false);
}

// Reads on in the latest stream and, while there is room, in others that will need it.
Step QueryWalk::fetch_group() {
  std::vector<size_t> needy;
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].needs_rows()) needy.push_back(i);
  }
  std::sort(needy.begin(), needy.end(), [&](size_t a, size_t b) {
    return std::pair(streams_[b].bound_ms(), a) < std::pair(streams_[a].bound_ms(), b);
  });
  const uint64_t most =
      std::clamp<uint64_t>(budget_.statements, 1, uint64_t{kStatementsPerRequestMax});
  Group group;
  fetching_.clear();
  uint64_t room = budget_.reply_bytes;
  for (const size_t i : needy) {
    const LogStream& stream = streams_[i];
    const size_t rows = stream.page().rows();
    const uint64_t whole = stream.page().whole_bytes(budget_.reply_bytes);
    const uint64_t bytes = rows * whole;
    if (!fetching_.empty() && (bytes > room || fetching_.size() == most)) break;
    room = less(room, bytes);
    fetching_.push_back({i, bytes});
    group.statements.push_back(
        {StatementId::kQueryBackward,
         {stream.log_no(), static_cast<int64_t>(stream.below()), filter_.since_ms, filter_.until_ms,
          static_cast<int64_t>(whole), static_cast<int64_t>(rows)}});
  }
  budget_.statements = less(budget_.statements, group.statements.size());
  phase_ = Phase::kFetch;
  return group;
}

Status QueryWalk::take_fetched(Reply* reply) {
  if (reply->results.size() != fetching_.size()) {
    return Status(Code::kCorrupt, "a reply with another number of results than statements");
  }
  for (size_t i = 0; i < fetching_.size(); ++i) {
    const auto [stream, bytes] = fetching_[i];
    WEIR_ASSIGN(const uint64_t read,
                streams_[stream].take_rows(std::move(reply->results[i]), bytes));
    budget_.bytes = less(budget_.bytes, read);
  }
  return {};
}

// What a stream needs of a segment that did not come whole.
Step QueryWalk::fetch_bytes(LogStream* stream) {
  Read read = stream->read();
  budget_.statements = less(budget_.statements, read.ranges.size());
  reading_ = stream;
  phase_ = Phase::kBytes;
  return read;
}

Step QueryWalk::finish(bool more, bool partial) {
  result_->partial = partial && result_->events.size() < limit_;
  if (!more) return Done{};
  for (const LogStream& stream : streams_) {
    if (stream.moved()) cursor_.below[stream.log_no()] = stream.below();
  }
  Result<std::string> text = encode_cursor(cursor_, filter_);
  if (!text.ok()) return Done{text.status()};
  result_->cursor = *std::move(text);
  return Done{};
}

OperationPtr find_queries(Filter filter, size_t limit, std::string cursor, QueryBudget budget,
                          QueriesResult* result) {
  return std::make_unique<QueryWalk>(std::move(filter), limit, std::move(cursor), budget, result);
}

}  // namespace weir
