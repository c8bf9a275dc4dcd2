// The loop is: posted work, drain, one commit or one step of maintenance, rest. Nothing in it waits
// for more than one transaction, so the rings are drained in time whatever else is to do.
#include "native/store/log_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "native/runtime/thread_name.h"

namespace weir {
namespace {

constexpr int64_t kStopStepMs = 20;  // between attempts while stopping

// "12 buffer_full, 3 disabled" of what was dropped in between.
std::string describe_drops(const LedgerCounters& dropped) {
  std::string text;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    if (dropped.dropped[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(dropped.dropped[i]) + " ";
    text += drop_reason_name(static_cast<DropReason>(i));
  }
  return text;
}

}  // namespace

LogWriter::LogWriter(const Parts& parts, Clock clock,
                     std::function<void(uint64_t waiting)> on_drain, std::function<void()> publish)
    : parts_(parts),
      clock_(std::move(clock)),
      on_drain_(std::move(on_drain)),
      publish_(std::move(publish)),
      queue_(parts.intake.wake),
      reported_(parts.page.totals()) {}

LogWriter::~LogWriter() { stop(0); }

void LogWriter::start() {
  thread_ = std::thread([this] {
    set_thread_name("weir-writer");
    run();
  });
}

bool LogWriter::stop(int64_t bound_ms) {
  if (thread_.joinable()) {
    stop_bound_ms_ = bound_ms;
    stopping_ = true;
    parts_.intake.wake.wake();
    thread_.join();
  }
  return settled_;
}

void LogWriter::run() {
  while (!stopping_) {
    const bool found_events = turn();
    publish_();
    rest(found_events);
  }
  finish();
  publish_();
}

// Returns whether events came, so that more may come soon.
bool LogWriter::turn() {
  queue_.run_all();
  const ClockPair now = clock_();
  const int64_t now_ms = monotonic_ms(now);
  const size_t found = drain(now_ms);
  watch_fill(now_ms);
  LogCommitter& committer = parts_.committer;
  Maintenance& maintenance = parts_.maintenance;
  const bool tried = !maintenance.holds_commits() && committer.commit_due();
  if (tried) maintenance.after_commit();
  if (!tried && !committer.circuit_open() && now_ms >= next_drop_commit_ms_) {
    committer.commit_drops();
    next_drop_commit_ms_ = now_ms + kDropCommitIntervalMs;
  }
  if (!tried && maintenance_works()) maintenance.step(now);
  report_drops(now_ms);
  return found > 0;
}

// It rests while commits fail, unless these wait for the room that it makes.
bool LogWriter::maintenance_works() const {
  return !parts_.committer.circuit_open() || parts_.maintenance.holds_commits();
}

// What is held and not in the batcher is in a ring, or about to be.
uint64_t LogWriter::waiting() const {
  return parts_.intake.gauge.held() - parts_.committer.events_held();
}

// Takes events out of the batch and all rings, in the order of their times. Each producer's keep
// the order of their arrival, also where the clock was set back: they count as no earlier than
// those before them. Each ring has its share of a drain: a busy one must not keep the others'
// events waiting, to be numbered long after its own of the same time.
size_t LogWriter::drain(int64_t now_ms) {
  if (const uint64_t found = waiting(); found > 0) on_drain_(found);
  drained_.clear();
  order_.clear();
  completions_.clear();
  int64_t latest_ms = kTimeMsMin;  // of the batch or ring at hand
  const auto take = [&](ByteView bytes) {
    auto event = decode_event(bytes);
    WEIR_CHECK(event.ok());  // our own bytes
    latest_ms = std::max(latest_ms, event->time_ms);
    order_.emplace_back(latest_ms, static_cast<uint32_t>(drained_.size()));
    drained_.push_back(*event);
  };
  // First the batch, then the rings: when the hand-off changes to inline, a producer's events in
  // its ring are older.
  parts_.intake.inline_batch.read(kDrainEventsMax, [&](ByteView bytes, Completion done) {
    if (done) completions_.emplace_back(drained_.size(), std::move(done));
    take(bytes);
  });
  for (size_t left = parts_.sinks.size(); left > 0; --left) {
    const size_t share = (kDrainEventsMax - drained_.size() + left - 1) / left;
    latest_ms = kTimeMsMin;
    parts_.sinks[parts_.sinks.size() - left]->ring().read(share, take);
  }
  // Within one millisecond the order of reading stays, which is each producer's own.
  std::sort(order_.begin(), order_.end());
  for (const auto& [time_ms, index] : order_) number_or_fold(index, now_ms);
  for (const auto& sink : parts_.sinks) sink->ring().release();
  return drained_.size();
}

// Numbers one of the drained events, or folds it.
void LogWriter::number_or_fold(size_t index, int64_t now_ms) {
  const Event& event = drained_[index];
  Completion done = completion_of(index);
  if (parts_.guard.folds(event)) {
    parts_.page.writer_slot().count_collapsed();
    parts_.intake.gauge.give_back(1);
    if (done) done(Status(Code::kExhausted, "the event is folded, see collapsed in the ledger"));
    return;
  }
  const auto id = parts_.committer.add(event, now_ms, std::move(done));
  if (id) parts_.subscribers.tell(*id, event);
}

Completion LogWriter::completion_of(size_t index) {
  const auto found = std::lower_bound(
      completions_.begin(), completions_.end(), index,
      [](const auto& completion, size_t wanted) { return completion.first < wanted; });
  const bool has = found != completions_.end() && found->first == index;
  return has ? std::move(found->second) : Completion();
}

// The batcher commits at the watermark, so that a buffer which just touches it works as it should.
// One that fills and empties all the time says so once a second.
void LogWriter::watch_fill(int64_t now_ms) {
  const BufferGauge& gauge = parts_.intake.gauge;
  const int percent = gauge.percent();
  parts_.committer.set_fill(percent);
  if (gauge.held() * 100 > gauge.capacity() * kWatermarkPercent) {
    if (watermark_reached_ || now_ms < next_watermark_ms_) return;
    watermark_reached_ = true;
    next_watermark_ms_ = now_ms + kReportIntervalMs;
    spdlog::warn("query buffer high: {} of {} events ({} %)", gauge.held(), gauge.capacity(),
                 percent);
  } else if (percent < kWatermarkResetPercent) {
    watermark_reached_ = false;
  }
}

void LogWriter::report_drops(int64_t now_ms) {
  if (now_ms < next_report_ms_) return;
  next_report_ms_ = now_ms + kReportIntervalMs;
  const LedgerCounters totals = parts_.page.totals();
  const LedgerCounters since = totals - reported_;
  // Switched off is not worth a line each second.
  LedgerCounters worth = since;
  worth.dropped[static_cast<size_t>(DropReason::kDisabled)] = 0;
  const std::string drops = describe_drops(worth);
  if (drops.empty()) return;
  reported_ = totals;
  const std::string sample = parts_.intake.sample.take();
  spdlog::warn("dropped queries: {}{}{}", drops, sample.empty() ? "" : "; one of them: ", sample);
}

// With traffic: a short sleep that producers cannot end, so that they never pay for a wake-up.
// Without: a long one that the first event ends.
void LogWriter::rest(bool found_events) {
  WakeEvent& wake = parts_.intake.wake;
  const int64_t now_ms = monotonic_ms(clock_());
  int64_t next_ms = now_ms + kParkMsMax;
  if (!parts_.maintenance.holds_commits()) next_ms = parts_.committer.next_deadline_ms();
  if (maintenance_works()) next_ms = std::min(next_ms, parts_.maintenance.next_due_ms());
  const int64_t pause_ms = std::clamp<int64_t>(next_ms - now_ms, 0, kParkMsMax);
  if (pause_ms == 0) return;
  if (found_events) {
    wake.sleep(std::min(pause_ms, kDrainIntervalMs));
    return;
  }
  wake.park(pause_ms, [this] { return waiting() != 0; });
}

// Producers have ended or find the door shut, so the rings run empty.
void LogWriter::finish() {
  const int64_t end_ms = monotonic_ms(clock_()) + stop_bound_ms_;
  LogCommitter& committer = parts_.committer;
  do {
    queue_.run_all();
    const int64_t now_ms = monotonic_ms(clock_());
    const bool drained = drain(now_ms) > 0;
    committer.hurry();
    const bool was_open = committer.circuit_open();
    if (committer.commit_due() && committer.circuit_open() && was_open) {
      parts_.intake.wake.sleep(kStopStepMs);
    } else if (!drained && committer.idle()) {
      break;
    }
  } while (monotonic_ms(clock_()) < end_ms);
  while (drain(monotonic_ms(clock_())) > 0) {
  }
  committer.abandon();
  committer.hurry();
  committer.commit_due();  // drops whose commit is in doubt, if any
  committer.commit_drops();
  settled_ = committer.settled();
  if (settled_) {
    LedgerPage::State state = parts_.page.state();
    state.clean = true;
    parts_.page.set_state(state);
  }
  report_drops(monotonic_ms(clock_()) + kReportIntervalMs);
  queue_.close();
}

}  // namespace weir
