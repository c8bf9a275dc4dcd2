// The open run of events is encoded incrementally by one SegmentBuilder. When it closes (its hour,
// its size or its time is over) it becomes a Piece: the encoded segment plus the builder, which has
// the events as they came. Pieces wait in a queue; a batch takes some from its front. The events
// are kept because a data error must be narrowed down by encoding halves anew, and the encoder
// itself may be what is at fault, so its output is no safe source.
#include "weir/batcher.h"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <utility>

#include "weir/backoff.h"

namespace weir {
namespace {

constexpr int kFillPercentFast = 80;
constexpr int kFillPercentSlow = 20;
constexpr size_t kLookEvery = 16;  // events: to estimate a segment's size costs as much as some
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// A closed segment, or a gap.
struct Piece {
  uint64_t first = 0;
  SegmentBuilder events;  // of a gap: the one event that is not stored
  Bytes segment;
  int64_t oldest_ms = 0;         // when its first event was added
  uint64_t gaps_at_closing = 0;  // what the head says of dropped{data}
  bool gap = false;
  bool ends_batch = false;  // halving: no batch may reach beyond this piece

  uint64_t end() const { return first + events.count(); }
};

}  // namespace

struct Batcher::State {
  LogId log;
  BatcherOptions options;
  uint64_t start;  // the first number of this batcher
  uint64_t next;
  uint64_t durable;

  SegmentBuilder builder;  // the open run …
  size_t open_bytes = 0;   // … and its estimated size, kLookEvery events ago at most
  SegmentBuilder spare;    // empty; has the memory of a run that was acked
  int64_t open_since_ms = 0;

  std::deque<Piece> pieces;  // closed, in order; the first `batch_pieces` are in the batch
  size_t batch_pieces = 0;   // 0: there is no batch
  Batch batch;
  bool outstanding = false;  // the host has the batch and has not answered
  int64_t retry_at_ms = 0;

  LedgerCounters outside;
  uint64_t gaps = 0;  // declared in this log
  BatcherStats stats;
  int fill_percent = 0;
  bool draining = false;

  State(const LogId& log_id, uint64_t first, const BatcherOptions& given)
      : log(log_id), options(given), start(first), next(first), durable(first) {
    options.batch_events_max = std::clamp<size_t>(options.batch_events_max, 1, kSegmentEventsMax);
  }

  LedgerCounters ledger_through(uint64_t end) const;
  void close_open();
  void take_pieces();
  void fill_batch();
  void undo_batch();
  void halve();
  Piece piece_of(const Piece& from, size_t begin, size_t end) const;
  bool open_is_full() const;
  bool due(int64_t now_ms) const;
  int64_t interval_ms() const;
  int64_t oldest_ms() const;
};

// What a segment that ends at `end` says of the log: everything before its end has been offered.
LedgerCounters Batcher::State::ledger_through(uint64_t end) const {
  LedgerCounters ledger = outside;
  ledger.offered += end - start;
  ledger.dropped[static_cast<size_t>(DropReason::kData)] += gaps;
  return ledger;
}

// Encodes the open run and queues it.
void Batcher::State::close_open() {
  if (builder.empty()) return;
  Piece piece;
  piece.first = next - builder.count();
  piece.segment = builder.encode({log, piece.first, false, ledger_through(next)});
  piece.events = std::exchange(builder, std::exchange(spare, SegmentBuilder()));
  piece.oldest_ms = open_since_ms;
  piece.gaps_at_closing = gaps;
  pieces.push_back(std::move(piece));
  open_bytes = 0;
}

bool Batcher::State::open_is_full() const {
  return builder.count() >= options.batch_events_max || open_bytes >= options.batch_bytes_max;
}

int64_t Batcher::State::interval_ms() const {
  const FlushIntervals& intervals = options.flush_intervals;
  if (fill_percent >= kFillPercentFast) return intervals.full_ms;
  return fill_percent <= kFillPercentSlow ? intervals.quiet_ms : intervals.configured_ms;
}

int64_t Batcher::State::oldest_ms() const {
  return pieces.empty() ? open_since_ms : pieces.front().oldest_ms;
}

// Is there a reason to flush? Precondition: no batch is there, something is held.
bool Batcher::State::due(int64_t now_ms) const {
  if (draining || now_ms - oldest_ms() >= interval_ms()) return true;
  if (pieces.empty()) return false;  // the open run closes as soon as it is full itself
  if (pieces.size() >= kBatchSegmentsMax) return true;
  uint64_t events = 0;
  uint64_t bytes = 0;
  for (const Piece& piece : pieces) {
    events += piece.events.count();
    bytes += piece.segment.size();
    if (piece.ends_batch) return true;
  }
  return events + builder.count() >= options.batch_events_max ||
         bytes + open_bytes >= options.batch_bytes_max;
}

// Decides how many pieces the next batch has: at least one, the others within the limits.
void Batcher::State::take_pieces() {
  uint64_t events = 0;
  uint64_t bytes = 0;
  batch_pieces = 0;
  for (const Piece& piece : pieces) {
    events += piece.events.count();
    bytes += piece.segment.size();
    const bool fits = batch_pieces < kBatchSegmentsMax && events <= options.batch_events_max &&
                      bytes <= options.batch_bytes_max;
    if (batch_pieces > 0 && !fits) break;
    ++batch_pieces;
    if (piece.ends_batch) break;
  }
}

// Makes the batch of the pieces taken. Their bytes move into it.
void Batcher::State::fill_batch() {
  batch = Batch();
  batch.first = pieces.front().first;
  for (size_t i = 0; i < batch_pieces; ++i) {
    Piece& piece = pieces[i];
    if (!piece.gap && piece.gaps_at_closing != gaps) {
      // A gap was declared since this segment was closed; its head must not say less.
      auto renewed = rewrite_segment_head(piece.segment,
                                          {log, piece.first, false, ledger_through(piece.end())});
      WEIR_CHECK(renewed.ok());  // our own bytes
      piece.segment = std::move(*renewed);
    }
    (piece.gap ? batch.dropped_data : batch.events) += piece.events.count();
    batch.count += piece.events.count();
    batch.segments.push_back(std::move(piece.segment));
  }
}

// Gives the encoded bytes back to the pieces.
void Batcher::State::undo_batch() {
  for (size_t i = 0; i < batch_pieces; ++i) pieces[i].segment = std::move(batch.segments[i]);
}

// Encodes some events of a piece anew, in a batch of their own.
Piece Batcher::State::piece_of(const Piece& from, size_t begin, size_t end) const {
  Piece piece;
  piece.first = from.first + begin;
  piece.oldest_ms = from.oldest_ms;
  piece.gaps_at_closing = gaps;
  piece.ends_batch = true;
  for (size_t i = begin; i < end; ++i) {
    WEIR_CHECK(piece.events.add(from.events.event(i)).ok());  // it was taken before
  }
  piece.segment = piece.events.encode({log, piece.first, false, ledger_through(from.first + end)});
  return piece;
}

// Splits the failed batch: between pieces while it has several, then the piece, then the event
// becomes a gap.
void Batcher::State::halve() {
  undo_batch();
  const size_t count = std::exchange(batch_pieces, 0);
  if (count > 1) {
    pieces[count / 2 - 1].ends_batch = true;
    pieces[count - 1].ends_batch = true;
    return;
  }
  Piece failed = std::move(pieces.front());
  pieces.pop_front();
  const size_t events = failed.events.count();
  if (events > 1) {
    pieces.push_front(piece_of(failed, events / 2, events));
    pieces.push_front(piece_of(failed, 0, events / 2));
    return;
  }
  ++stats.dropped_data;
  ++gaps;
  failed.gap = true;
  failed.ends_batch = true;
  failed.segment = encode_gap(log, failed.first, failed.end(), GapReason::kData,
                              failed.events.event(0).time_ms, ledger_through(failed.end()));
  pieces.push_front(std::move(failed));
}

Batcher::Batcher(const LogId& log, uint64_t next, const BatcherOptions& options)
    : state_(std::make_unique<State>(log, next, options)) {}

Batcher::~Batcher() = default;

Status Batcher::add(const Event& event, int64_t now_ms, uint64_t* number) {
  State& s = *state_;
  if (events_held() >= s.options.buffer_events_max) {
    ++s.stats.refused_full;
    return Status(Code::kFull, "the buffer is full");
  }
  // The builder judges the event first, so that a bad one closes no segment.
  Status status = s.builder.add(event);
  if (status.code() == Code::kConflict) {  // another hour
    s.close_open();
    status = s.builder.add(event);
  }
  if (!status.ok()) return status;
  if (s.builder.count() == 1) s.open_since_ms = now_ms;
  s.draining = false;
  ++s.stats.added;
  if (number != nullptr) *number = s.next;
  ++s.next;
  if (s.builder.count() % kLookEvery == 0) s.open_bytes = s.builder.bytes_estimate();
  if (s.open_is_full()) s.close_open();
  return {};
}

const Batch* Batcher::poll(int64_t now_ms) {
  State& s = *state_;
  if (s.outstanding || idle()) return nullptr;
  if (s.batch_pieces > 0) {
    if (now_ms < s.retry_at_ms) return nullptr;
    ++s.batch.attempt;
  } else {
    if (!s.due(now_ms)) return nullptr;
    s.close_open();
    s.take_pieces();
    s.fill_batch();
  }
  s.outstanding = true;
  return &s.batch;
}

int64_t Batcher::next_deadline_ms() const {
  const State& s = *state_;
  if (s.outstanding || idle()) return kNever;
  if (s.batch_pieces > 0) return s.retry_at_ms;
  const int64_t oldest = s.oldest_ms();
  return s.due(oldest) ? oldest : oldest + s.interval_ms();
}

void Batcher::acked() {
  State& s = *state_;
  WEIR_CHECK(s.outstanding);
  s.outstanding = false;
  s.durable += s.batch.count;
  s.stats.acked += s.batch.events;
  ++s.stats.batches;
  s.spare = std::move(s.pieces.front().events);
  s.spare.clear();
  s.pieces.erase(s.pieces.begin(), s.pieces.begin() + static_cast<std::ptrdiff_t>(s.batch_pieces));
  s.batch_pieces = 0;
}

void Batcher::failed(const Status& status, int64_t now_ms) {
  State& s = *state_;
  WEIR_CHECK(s.outstanding);
  s.outstanding = false;
  if (status.is_data_error() && s.batch.events > 0) {
    ++s.stats.halvings;
    s.halve();
    return;
  }
  ++s.stats.retries;
  s.retry_at_ms = now_ms + backoff_ms(static_cast<uint64_t>(s.batch.attempt),
                                      {kRetryDelayMsMin, kRetryDelayMsMax},
                                      s.options.jitter_seed + s.stats.retries);
}

void Batcher::set_fill(int percent) { state_->fill_percent = percent; }

void Batcher::set_flush_intervals(const FlushIntervals& intervals) {
  state_->options.flush_intervals = intervals;
}

uint64_t Batcher::rehome(const LogId& log, uint64_t next) {
  State& s = *state_;
  WEIR_CHECK(!s.outstanding);
  s.close_open();
  const std::deque<Piece> held = std::exchange(s.pieces, {});
  s.batch_pieces = 0;
  s.log = log;
  s.start = s.next = s.durable = next;
  s.gaps = 0;
  const bool draining = s.draining;
  const uint64_t added = s.stats.added;
  uint64_t let_go = 0;
  for (const Piece& piece : held) {
    if (piece.gap) {
      let_go += piece.events.count();
      continue;
    }
    for (size_t i = 0; i < piece.events.count(); ++i) {
      WEIR_CHECK(add(piece.events.event(i), piece.oldest_ms).ok());  // it was taken before
    }
  }
  s.draining = draining;
  s.stats.added = added;
  return let_go;
}

void Batcher::set_ledger(const LedgerCounters& ledger) { state_->outside = ledger; }

void Batcher::drain(int64_t now_ms) {
  state_->draining = true;
  state_->retry_at_ms = now_ms;
}

bool Batcher::idle() const { return events_held() == 0; }
uint64_t Batcher::next() const { return state_->next; }
uint64_t Batcher::durable_through() const { return state_->durable; }
size_t Batcher::events_held() const { return static_cast<size_t>(state_->next - state_->durable); }
const BatcherStats& Batcher::stats() const { return state_->stats; }

}  // namespace weir
