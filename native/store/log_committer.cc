// Three accounts are kept of one log, and this file is where they meet:
// - the page counts every offer and drop as it happens, and survives a kill;
// - the database knows what is committed, and `accounted` is our copy of its sums;
// - the heads of segments tell a receiver what to expect, without asking anybody.
// Page minus accounted is what the next commit has to carry, or what a kill would turn into
// dropped{crash}. It is never negative, because counters are raised before their commit.
#include "native/store/log_committer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace weir {
namespace {

constexpr int64_t kDropsRetryMs = 1000;    // nobody waits for them
constexpr int64_t kSlowFlushUs = 100'000;  // REQUIREMENTS 002-07

const Status kRefused(Code::kConstraint, "the database refuses the event");
const Status kNotWritten(Code::kUnavailable, "the log ended before the event was written");

constexpr size_t kData = static_cast<size_t>(DropReason::kData);

BatcherStats operator+(const BatcherStats& a, const BatcherStats& b) {
  return {a.added + b.added,
          a.acked + b.acked,
          a.dropped_data + b.dropped_data,
          a.refused_full + b.refused_full,
          a.batches + b.batches,
          a.retries + b.retries,
          a.halvings + b.halvings};
}

// Do all segments pass their own checks?
bool intact(const AppendRequest& request) {
  return std::all_of(request.segments.begin(), request.segments.end(),
                     [](const Bytes& segment) { return SegmentReader::open(segment).ok(); });
}

}  // namespace

LogCommitter::LogCommitter(const Parts& parts, LogAccount account, const BatcherOptions& options,
                           Clock clock, Observer observer)
    : parts_(parts),
      account_(std::move(account)),
      options_(options),
      clock_(std::move(clock)),
      observer_(std::move(observer)) {
  start_batcher();
}

void LogCommitter::start_batcher() {
  batcher_ = std::make_unique<Batcher>(account_.log.log, account_.log.end, options_);
  begin_account();
}

void LogCommitter::begin_account() {
  at_start_ = account_.accounted;
  // For heads: every number was offered, also where the events came here from another log.
  at_start_.offered = account_.log.end + at_start_.collapsed;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    if (i != kData) at_start_.offered += at_start_.dropped[i];
  }
  gaps_ = gaps_in_flight_ = 0;
}

int64_t LogCommitter::next_deadline_ms() const {
  if (drops_) return drops_retry_ms_;
  return forked_ ? leave_at_ms_ : batcher_->next_deadline_ms();
}

std::optional<EventId> LogCommitter::add(const Event& event, int64_t now_ms, Completion done) {
  uint64_t n = 0;
  const Status status = batcher_->add(event, now_ms, &n);
  if (status.ok()) {
    if (done) completions_.add(n, std::move(done));
    return EventId{account_.log.log, account_.log.log_no, n};
  }
  // The gauge lets in no more than the batcher holds, so kFull means data that it cannot take.
  parts_.page.writer_slot().count_dropped(DropReason::kData);
  parts_.gauge.give_back(1);
  if (done) done(status);
  return std::nullopt;
}

// What the ledger has not got yet, with a batch of `events`. Offers of events that are still on
// their way stay out: in the database offered = stored + collapsed + Σ dropped holds at any time.
LedgerDelta LogCommitter::growth(uint64_t events) const {
  const LedgerCounters pending = parts_.page.of_log() - account_.accounted;
  LedgerDelta delta;
  delta.dropped = pending.dropped;
  delta.stored = events;
  delta.collapsed = pending.collapsed;
  delta.offered = std::accumulate(pending.dropped.begin(), pending.dropped.end(),
                                  delta.stored + delta.collapsed);
  return delta;
}

// The log's counters without what the batcher holds or gave out.
LedgerCounters LogCommitter::outside() const {
  LedgerCounters unnumbered = parts_.page.of_log() - at_start_;
  unnumbered.dropped[kData] -= gaps_;
  unnumbered.offered =
      std::accumulate(unnumbered.dropped.begin(), unnumbered.dropped.end(), unnumbered.collapsed);
  return at_start_ + unnumbered;
}

Status LogCommitter::run(const AppendRequest& request, uint64_t events) {
  const int64_t begin_us = clock_().monotonic_us;
  auto operation = append(request);
  const Status status = run_operation(*operation, parts_.executor);
  const int64_t duration_us = clock_().monotonic_us - begin_us;
  observer_(events, duration_us, status);
  spdlog::debug("flush of {} events took {} us", events, duration_us);
  if (duration_us > kSlowFlushUs) {
    spdlog::warn("slow flush: {} events took {} ms", events, duration_us / 1000);
  }
  if (status.code() == Code::kCorrupt && intact(request)) {
    // Our bytes are sound, so it is the database that is not: halving would not help.
    corrupt_ = true;
    return Status(Code::kUnavailable, status.message());
  }
  return status;
}

// What the circuit and the stats are told. A refused batch that can still be halved does not count.
void LogCommitter::note(const Status& status, bool counts) {
  last_error_ = status.message();
  if (status.ok()) {
    failures_ = 0;
    corrupt_ = false;
  }
  if (!counts) return;
  if (++failures_ == kCircuitFailures) spdlog::error("the database fails: {}", last_error_);
}

void LogCommitter::account_for(const AppendRequest& request) {
  account_.accounted = account_.accounted + counters_of(request.ledger);
  account_.log.end = batcher_->durable_through();
  account_.log.ledger_sequence = std::max(account_.log.ledger_sequence, request.ledger_sequence);
  // After the commit: a page that is behind the database is believed, one that is ahead is not.
  LedgerPage::State state = parts_.page.state();
  state.committed_end = account_.log.end;
  parts_.page.set_state(state);
}

bool LogCommitter::commit_due() {
  const int64_t now_ms = monotonic_ms(clock_());
  if (drops_) {
    if (now_ms < drops_retry_ms_) return false;
    run_drops();
    return true;
  }
  if (forked_) {
    if (now_ms < leave_at_ms_) return false;
    if (const Status status = leave_log(); !status.ok()) {
      note(status, true);
      leave_at_ms_ = now_ms + kDropsRetryMs;
      return true;
    }
  }
  batcher_->set_ledger(outside());
  const Batch* batch = batcher_->poll(now_ms);
  if (batch == nullptr) return false;
  if (batch->attempt == 1) {  // later ones repeat the request, whatever has been counted since
    gaps_ += gaps_in_flight_ = batch->dropped_data;
    parts_.page.writer_slot().count_dropped(DropReason::kData, batch->dropped_data);
    request_ = {.log_no = account_.log.log_no,
                .segments = batch->segments,
                .ledger = growth(batch->events),
                .ledger_sequence = 0,
                .now_ms = clock_().wall_ms};
  }
  const Status status = run(request_, batch->events);
  if (status.ok()) {
    on_success(*batch);
  } else {
    on_failure(*batch, status);
  }
  update_stats();
  return true;
}

void LogCommitter::on_success(const Batch& batch) {
  const uint64_t count = batch.count;
  const uint64_t events = batch.events;
  const uint64_t end = batch.first + count;
  batcher_->acked();
  gaps_in_flight_ = 0;
  account_for(request_);
  note({}, false);
  stored_.fetch_add(events);  // these two together: a ledger is read in between
  parts_.gauge.give_back(count);
  if (events == 0) completions_.fail(end, kRefused);  // a gap is a batch of its own
  completions_.succeed(account_.log.log, account_.log.log_no, end);
}

void LogCommitter::on_failure(const Batch& batch, const Status& status) {
  if (!status.is_data_error()) {
    spdlog::warn("cannot commit {} events (attempt {}): {}", batch.events, batch.attempt,
                 status.message());
  } else if (batch.events > 1) {
    spdlog::warn("the database refuses {} events, trying halves: {}", batch.events,
                 status.message());
  } else {
    spdlog::error("the database refuses event {}: {}", batch.first, status.message());
  }
  forked_ = status.code() == Code::kConflict || status.code() == Code::kNotFound;
  note(status, !status.is_data_error() || batch.events == 0);
  batcher_->failed(status, monotonic_ms(clock_()));
}

void LogCommitter::commit_drops() {
  if (drops_ || !batcher_->idle()) return;
  const LedgerDelta delta = growth(0);
  if (delta.offered == 0) return;
  drops_ = {.log_no = account_.log.log_no,
            .segments = {},
            .ledger = delta,
            .ledger_sequence = account_.log.ledger_sequence + 1,
            .now_ms = clock_().wall_ms};
  run_drops();
}

void LogCommitter::run_drops() {
  const Status status = run(*drops_, 0);
  note(status, !status.ok());
  if (status.ok()) {
    account_for(*drops_);
    drops_.reset();
  } else {
    drops_retry_ms_ = monotonic_ms(clock_()) + kDropsRetryMs;
  }
}

void LogCommitter::hurry() {
  const int64_t now_ms = monotonic_ms(clock_());
  batcher_->drain(now_ms);
  drops_retry_ms_ = leave_at_ms_ = now_ms;
}

Status LogCommitter::commit_all() {
  while (!idle()) {
    hurry();
    commit_due();
    if (circuit_open()) return Status(Code::kUnavailable, last_error_);
  }
  return {};
}

void LogCommitter::abandon() {
  const uint64_t left = batcher_->events_held();
  if (left == 0) return;
  spdlog::error("{} events could not be written before the end", left);
  // A gap that waits for its commit has been counted already.
  parts_.page.writer_slot().count_dropped(DropReason::kShutdown, left - gaps_in_flight_);
  parts_.gauge.give_back(left);
  completions_.fail(batcher_->next(), kNotWritten);
  earlier_ = earlier_ + batcher_->stats();
  account_.log.end = batcher_->durable_through();
  start_batcher();
}

// The account goes on in another log; what was offered and is not accounted for goes with it.
void LogCommitter::adopt(LogAccount account) {
  const LedgerCounters base = parts_.page.state().base + account_.accounted - account.accounted;
  account_ = std::move(account);
  parts_.page.set_state({account_.log.log, account_.log.end, base, false});
}

// Somebody else wrote to our log, or it is gone. Its numbers are not ours any more, so that what is
// held gets new ones in a new log.
Status LogCommitter::leave_log() {
  WEIR_ASSIGN(LogAccount account, open_new_log(parts_.executor, account_.log.site, clock_().wall_ms,
                                               parts_.make_log_id));
  spdlog::error("log {} {}: {} events go on in a new log, {}", account_.log.log_no,
                gone_ ? "ends with its database" : "was changed by somebody else",
                batcher_->events_held(), log_id_text(account.log.log));
  if (gone_) WEIR_TRY(note_unclean(parts_.executor, &account.log, clock_().wall_ms));
  gone_ = false;
  adopt(std::move(account));
  begin_account();
  batcher_->set_ledger(outside());  // for the heads of what is numbered anew
  const uint64_t from = batcher_->durable_through();
  const uint64_t let_go = batcher_->rehome(account_.log.log, account_.log.end);
  parts_.gauge.give_back(let_go);
  completions_.fail(from + let_go, kRefused);  // a gap is always the first of what is held
  completions_.renumber(from + let_go, account_.log.end);
  forked_ = false;
  return {};
}

void LogCommitter::log_is_gone() {
  drops_.reset();  // counted anew in the new log
  forked_ = gone_ = true;
  corrupt_ = false;
  leave_at_ms_ = 0;
}

void LogCommitter::switch_to(LogAccount account) {
  WEIR_CHECK(idle());
  adopt(std::move(account));
  earlier_ = earlier_ + batcher_->stats();
  start_batcher();
}

void LogCommitter::set_flush_intervals(const FlushIntervals& intervals) {
  options_.flush_intervals = intervals;
  batcher_->set_flush_intervals(intervals);
}

void LogCommitter::update_stats() { stats_ = earlier_ + batcher_->stats(); }

}  // namespace weir
