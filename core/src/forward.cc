// The phases of a sender:
//
//   kAsk ── Get ──▶ kVerify ──▶ kSave ──▶ kReady ── Cut ──▶ kSend ── Put ──▶ kSave …
//    ▲                 │                    ▲                  │
//    │                 └──▶ kFork           └── 413, 422 ──────┤
//    └─────────────────────────────── 409 ─────────────────────┘
//
// Every failure leaves the phase as it is and only sets not_before_ms, so the same step is
// repeated.
#include "weir/forward.h"

#include <algorithm>

#include "forward_body.h"
#include "weir/backoff.h"
#include "weir/limits.h"

namespace weir {
namespace {

enum class Phase : uint8_t { kAsk, kVerify, kReady, kSend, kSave, kFork, kFinished };

// A 409 may be news once; the second in a row means that asking did not help.
constexpr uint64_t kConflictsInRowMax = 1;

// Answers that will be the same until a person does something: asking soon again is no use.
bool is_refusal(int http_status) {
  return http_status >= 300 && http_status < 500 && http_status != 408 && http_status != 429;
}

}  // namespace

struct Sender::State {
  State(const Start& begin, const SenderOptions& chosen);

  void fail(int64_t now_ms, int64_t at_least_ms);  // the same step again, later
  void fail(const ReceiverAnswer& answer, int64_t now_ms);
  int64_t due_ms(int64_t now_ms, int64_t wall_ms) const;
  void take_interval(const ReceiverAnswer& answer);
  // What became of a GET, of a PUT, and of a PUT with 409, 413 or 422, 200.
  void on_standing(const ReceiverAnswer& answer, int64_t now_ms);
  void on_put(const ReceiverAnswer& answer, int64_t now_ms);
  void on_conflict(const ReceiverAnswer& answer, int64_t now_ms);
  void on_refused(const ReceiverAnswer& answer, int64_t now_ms);
  void on_stored();
  void agree(uint64_t through);
  // Events below this are the same on both sides as far as both have them.
  uint64_t trust() const { return std::max(log.acked, log.trusted_end); }
  void fork(uint64_t receiver_end);

  Start log;  // `acked`, `own_end` and `closed` move
  SenderOptions options;
  std::string path;
  SenderStats stats;
  Phase phase = Phase::kAsk;
  bool busy = false;  // an action has been handed out and not been reported
  bool verified = false;

  uint64_t stored = 0;       // the receiver's end, as far as we know
  uint64_t next_cut = 0;     // where the next cut begins: stored, or where its open tail begins
  ReceiverAnswer::Row last;  // the receiver's newest row, while it is verified
  uint64_t fork_from = 0;

  CutLimits limits;   // narrowed after 413 and 422
  CutResult cut;      // what is being sent
  bool more = false;  // cut again at once
  bool woken = true;
  int64_t tail_hour_end_ms = INT64_MAX;  // UTC: when the receiver's open tail is to be sealed

  int64_t interval_ms;
  int64_t sent_ms = 0;
  int64_t not_before_ms = INT64_MIN;
  uint64_t failures_in_row = 0;
  uint64_t conflicts_in_row = 0;
  uint64_t jitter;
};

Sender::State::State(const Start& begin, const SenderOptions& chosen)
    : log(begin),
      options(chosen),
      path("/v1/sites/" + begin.site + "/logs/" + log_id_text(begin.log)),
      interval_ms(chosen.interval_ms),
      jitter(chosen.jitter_seed) {
  log.trusted_end = std::min(log.trusted_end, log.own_end);
}

// Never less than what the receiver asked for.
void Sender::State::fail(int64_t now_ms, int64_t at_least_ms) {
  ++stats.failures;
  const int64_t delay_ms =
      backoff_ms(++failures_in_row, {options.retry_ms_min, options.retry_ms_max}, ++jitter);
  not_before_ms = now_ms + std::max(delay_ms, at_least_ms);
}

void Sender::State::fail(const ReceiverAnswer& answer, int64_t now_ms) {
  const int64_t asked_ms =
      std::clamp<int64_t>(answer.retry_after_s, 0, kRetryAfterMsMax / 1000) * 1000;
  fail(now_ms, is_refusal(answer.http_status) ? options.retry_ms_max : asked_ms);
}

// A receiver can only ask for haste (somebody is watching); to ask for patience it has 429.
void Sender::State::take_interval(const ReceiverAnswer& answer) {
  interval_ms = options.interval_ms;
  if (!answer.interval_s) return;
  const int64_t asked_s = std::min(*answer.interval_s, kForwardIntervalMsMax / 1000);
  interval_ms = std::min(interval_ms, std::max(asked_s * 1000, kForwardIntervalMsMin));
}

// --- Where the receiver stands ---

void Sender::State::on_standing(const ReceiverAnswer& answer, int64_t now_ms) {
  if (answer.http_status != 200 || !answer.stored_through) return fail(answer, now_ms);
  take_interval(answer);
  failures_in_row = 0;
  const uint64_t through = *answer.stored_through;  // 0: it has never heard of this log
  if (through > log.own_end) return fork(through);
  last = answer.last.value_or(ReceiverAnswer::Row{});
  stored = through;
  const bool comparable = last.count != 0 && last.crc != 0 && last.first < through &&
                          last.count == through - last.first;
  if (comparable) {
    phase = Phase::kVerify;
  } else {
    agree(through);
  }
}

// Both sides hold the same events up to `through`.
void Sender::State::agree(uint64_t through) {
  verified = true;
  stored = next_cut = through;
  tail_hour_end_ms = INT64_MAX;
  woken = true;
  phase = through > log.acked ? Phase::kSave : Phase::kReady;
}

// The receiver has [0, receiver_end) of somebody's events under our numbers; those that trust()
// covers are ours.
void Sender::State::fork(uint64_t receiver_end) {
  fork_from = std::min({receiver_end, trust(), log.own_end});
  phase = Phase::kFork;
  if (log.closed && fork_from == log.own_end) agree(fork_from);  // it has all of them
}

// --- Sending ---

int64_t Sender::State::due_ms(int64_t now_ms, int64_t wall_ms) const {
  int64_t due = INT64_MAX;
  if (stored < log.own_end) {
    const bool full = log.own_end - next_cut >= kSegmentEdgeEventsMax;
    due = log.closed || woken || more || full ? now_ms : sent_ms + interval_ms;
  }
  if (tail_hour_end_ms == INT64_MAX) return due;
  const int64_t seal_in_ms = log.closed ? 0 : tail_hour_end_ms + kSealDelayMs - wall_ms;
  return std::min(due, now_ms + std::max<int64_t>(seal_in_ms, 0));
}

void Sender::State::on_put(const ReceiverAnswer& answer, int64_t now_ms) {
  if (answer.http_status == 409) return on_conflict(answer, now_ms);
  if (answer.http_status == 413 || answer.http_status == 422) return on_refused(answer, now_ms);
  if (answer.http_status != 200 || !answer.stored_through) return fail(answer, now_ms);
  // Another end than ours: somebody else writes to this log, or it was restored this moment.
  if (*answer.stored_through != cut.end) return on_conflict(answer, now_ms);
  failures_in_row = conflicts_in_row = 0;
  take_interval(answer);
  on_stored();
}

void Sender::State::on_stored() {
  verified = true;
  stored = cut.end;
  next_cut = cut.sealed_end;
  more = cut.more;
  tail_hour_end_ms = internal::tail_hour_end_ms(cut);
  log.own_end = std::max(log.own_end, stored);  // the cut may have seen more than we were told
  internal::widen(&limits);
  phase = stored > log.acked ? Phase::kSave : Phase::kReady;
}

void Sender::State::on_conflict(const ReceiverAnswer& answer, int64_t now_ms) {
  ++stats.conflicts;
  if (answer.fork) return fork(answer.stored_through.value_or(stored));
  phase = Phase::kAsk;
  if (conflicts_in_row++ >= kConflictsInRowMax) fail(now_ms, 0);
}

// The receiver will never take these bytes. Half of them may pass; a single event cannot be halved.
void Sender::State::on_refused(const ReceiverAnswer& answer, int64_t now_ms) {
  const auto refused = internal::narrow(cut, &limits);
  if (refused == internal::Narrowed::kGap) return fail(answer, now_ms);
  ++stats.failures;
  if (refused == internal::Narrowed::kEvent) {
    ++stats.gaps_declared;
    internal::replace_by_gap(&cut);  // the next Put carries it, under the same number
    return;
  }
  // Not from where the receiver's open tail begins: a shorter tail would be refused.
  next_cut = stored;
  tail_hour_end_ms = INT64_MAX;
  more = true;
  phase = Phase::kReady;
}

// --- The interface ---

Sender::Sender(const Start& start, const SenderOptions& options)
    : state_(std::make_unique<State>(start, options)) {}
Sender::~Sender() = default;
Sender::Sender(Sender&&) noexcept = default;
Sender& Sender::operator=(Sender&&) noexcept = default;

Sender::Action Sender::next(int64_t now_ms, int64_t wall_ms) {
  State& state = *state_;
  WEIR_CHECK(!state.busy);
  if (state.phase == Phase::kFinished) return Finished{};
  if (now_ms < state.not_before_ms) return Wait{state.not_before_ms};
  if (state.phase == Phase::kReady) {
    const bool sealed = state.next_cut == state.stored;
    if (state.log.closed && sealed && state.stored >= state.log.own_end) {
      state.phase = Phase::kFinished;
      return Finished{};
    }
    const int64_t due = state.due_ms(now_ms, wall_ms);
    if (now_ms < due) return Wait{due};
  }
  state.busy = true;
  switch (state.phase) {
    case Phase::kAsk:
      return Get{state.path};
    case Phase::kVerify:
      return Verify{state.last.first, state.last.count, state.last.crc};
    case Phase::kReady:
      return Cut{state.next_cut, state.limits};
    case Phase::kSend:
      state.stats.bytes_sent += state.cut.body.size();
      return Put{state.path + "/" + std::to_string(state.cut.first), state.cut.body};
    case Phase::kSave:
      return Save{state.stored};
    case Phase::kFork:
      return Fork{state.fork_from};
    case Phase::kFinished:
      break;
  }
  WEIR_CHECK(false);
  return Finished{};
}

void Sender::on_answer(const ReceiverAnswer& answer, int64_t now_ms) {
  WEIR_CHECK(std::exchange(state_->busy, false));
  ++state_->stats.requests;
  state_->stats.last_http_status = answer.http_status;
  if (state_->phase == Phase::kAsk) {
    state_->on_standing(answer, now_ms);
  } else {
    state_->on_put(answer, now_ms);
  }
}

void Sender::on_cut(const Status& status, CutResult result, int64_t now_ms) {
  State& state = *state_;
  WEIR_CHECK(std::exchange(state.busy, false));
  if (!status.ok() || result.first != state.next_cut) return state.fail(now_ms, 0);
  state.failures_in_row = 0;
  state.woken = state.more = false;
  state.sent_ms = now_ms;
  if (result.end == result.first) {
    // The database has less than we were told: nothing is there to seal or to send.
    state.log.own_end = state.stored;
    state.next_cut = state.stored;
    state.tail_hour_end_ms = INT64_MAX;
    return;
  }
  state.cut = std::move(result);
  if (state.log.closed && !state.cut.more) internal::seal_tail(&state.cut);
  state.phase = Phase::kSend;
}

void Sender::on_verified(const Status& status, bool same, int64_t now_ms) {
  WEIR_CHECK(std::exchange(state_->busy, false));
  if (!status.ok()) return state_->fail(now_ms, 0);
  if (same) {
    state_->agree(state_->stored);
  } else {
    // If all that it has should be ours and is not, the trust was wrong: at least its last row is
    // not there.
    state_->fork(state_->stored > state_->trust() ? state_->stored : state_->last.first);
  }
}

void Sender::on_saved(const Status& status, int64_t now_ms) {
  State& state = *state_;
  WEIR_CHECK(std::exchange(state.busy, false));
  if (!status.ok()) return state.fail(now_ms, 0);
  state.failures_in_row = 0;
  if (state.phase == Phase::kFork) {
    state.phase = Phase::kFinished;
    return;
  }
  state.stats.events_acked += state.stored - state.log.acked;
  state.log.acked = state.stored;
  state.phase = Phase::kReady;
}

void Sender::set_own_end(uint64_t own_end, bool closed) {
  state_->log.own_end = std::max(state_->log.own_end, own_end);
  state_->log.closed = state_->log.closed || closed;
}

void Sender::wake() { state_->woken = true; }
uint64_t Sender::acked() const { return state_->log.acked; }
bool Sender::verified() const { return state_->verified; }
const SenderStats& Sender::stats() const { return state_->stats; }

}  // namespace weir
