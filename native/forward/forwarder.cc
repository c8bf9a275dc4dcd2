// One loop: learn how far the logs have come, let every sender act once, sleep until the next is
// due.
//
// The loop's thread owns everything in State but what stands below the line there; other threads
// see a copy of the counters that each turn leaves, and end the loop's sleep.
#include "native/forward/forwarder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "native/forward/forward_marks.h"
#include "native/forward/receiver_answer.h"
#include "native/forward/trouble.h"
#include "native/runtime/clock.h"
#include "native/runtime/guarded.h"
#include "native/runtime/thread_name.h"

namespace weir {
namespace {

int64_t monotonic_ms() { return monotonic_us() / 1000; }

}  // namespace

struct Forwarder::State {
  State(const ForwarderOptions& chosen, std::unique_ptr<LogSource> from)
      : options(chosen), source(std::move(from)), marks(chosen.marks_path) {}

  Status refresh();  // which logs there are, and how far they have come
  void take_log(const LogState& log, bool closed);
  void forget_all_but(const std::vector<LogState>& found);
  void loop();
  int64_t turn();  // returns when the next one is due
  // Does what a sender wants next, or learns how long it waits. False: it has finished.
  bool act(int64_t log_no, Sender& sender, int64_t* until_ms);
  void exchange(Sender& sender, const std::string& path, std::optional<ByteView> body);
  void cut(int64_t log_no, Sender& sender, const Sender::Cut& wanted);
  void verify(int64_t log_no, Sender& sender, const Sender::Verify& range);
  void fork(int64_t log_no, Sender& sender, uint64_t from);
  void note(const Status& status);  // of an operation on the database
  void publish();

  const ForwarderOptions options;
  std::unique_ptr<LogSource> source;
  ForwardMarks marks;
  std::unique_ptr<HttpClient> http;
  std::map<int64_t, Sender> senders;  // by log_no: older lineages first
  std::map<int64_t, LogState> logs;   // as last listed
  uint64_t database_number = 0;       // where they were listed
  ForwarderStats totals;              // its senders are those that have finished
  int last_http_status = 0;
  Trouble receiver_trouble{"the receiver"};
  Trouble database_trouble{"the database"};
  Trouble marks_trouble{"the file of marks"};

  // --- Shared with other threads ---
  Guarded<ForwarderStats> published;
  std::atomic<bool> stopping{false};
  std::atomic<bool> woken{false};
  std::thread thread;
};

// --- Which logs there are ---

Status Forwarder::State::refresh() {
  if (const Status marks_read = marks.load(); !marks_read.ok()) {
    marks_trouble.set(marks_read.message());
    return {};  // no end is to be trusted yet
  }
  const uint64_t number = source->database_number();
  WEIR_ASSIGN(const std::vector<LogState> found, source->logs());
  if (number != database_number) forget_all_but(found);
  database_number = number;
  const int64_t current = source->current_log_no();
  for (const LogState& log : found) take_log(log, log.log_no != current);
  marks_trouble.set(marks.save().message());
  return {};
}

void Forwarder::State::take_log(const LogState& log, bool closed) {
  logs[log.log_no] = log;
  const auto sender = senders.find(log.log_no);
  if (sender != senders.end()) return sender->second.set_own_end(log.end, closed);
  // The current log always has one: it begins by asking, so trouble shows before there is anything
  // to lose.
  if (closed && log.acked >= log.end) return;
  SenderOptions sender_options = options.sender;
  sender_options.jitter_seed += static_cast<uint64_t>(log.log_no);
  senders.emplace(log.log_no, Sender({.log = log.log,
                                      .site = options.site,
                                      .acked = log.acked,
                                      .own_end = log.end,
                                      .trusted_end = marks.trusted_end(log.log, log.end),
                                      .closed = closed},
                                     sender_options));
}

// Senders of logs that have another number now, or are not there: what they are to send is found
// by asking the receiver again.
void Forwarder::State::forget_all_but(const std::vector<LogState>& found) {
  std::erase_if(senders, [&](const auto& entry) {
    const bool stays = std::any_of(found.begin(), found.end(), [&](const LogState& log) {
      return log.log_no == entry.first && log.log == logs.at(entry.first).log;
    });
    if (!stays) add_sender(entry.second.stats(), &totals);
    return !stays;
  });
  logs.clear();
}

// --- The thread ---

void Forwarder::State::loop() {
  set_thread_name("weir-forward");
  int64_t refresh_at_ms = 0;
  while (!stopping) {
    const int64_t now_ms = monotonic_ms();
    if (woken.exchange(false)) {
      refresh_at_ms = now_ms;
      for (auto& [log_no, sender] : senders) sender.wake();
    }
    if (now_ms >= refresh_at_ms || source->database_number() != database_number) {
      note(refresh());
      refresh_at_ms = now_ms + options.poll_ms;
    }
    // A sender that has acted may want to go on at once: its time is then in the past.
    const int64_t until_ms = std::min(turn(), refresh_at_ms);
    publish();
    http->sleep(until_ms - monotonic_ms());
  }
}

// One action each, so that an old lineage with weeks to send does not keep the current log waiting.
// None where the database has become another one: the loop lists its logs first.
int64_t Forwarder::State::turn() {
  int64_t until_ms = INT64_MAX;
  for (auto at = senders.begin(); at != senders.end() && !stopping;) {
    if (source->database_number() != database_number) break;
    int64_t sender_until_ms = 0;
    if (act(at->first, at->second, &sender_until_ms)) {
      if (at->second.verified()) marks.verified(logs.at(at->first).log);
      until_ms = std::min(until_ms, sender_until_ms);
      ++at;
    } else {
      add_sender(at->second.stats(), &totals);
      at = senders.erase(at);
    }
  }
  return until_ms;
}

bool Forwarder::State::act(int64_t log_no, Sender& sender, int64_t* until_ms) {
  const Sender::Action action = sender.next(monotonic_ms(), wall_clock_ms());
  if (const auto* get = std::get_if<Sender::Get>(&action)) {
    exchange(sender, get->path, std::nullopt);
  } else if (const auto* put = std::get_if<Sender::Put>(&action)) {
    const uint64_t gaps = sender.stats().gaps_declared;
    exchange(sender, put->path, put->body);
    if (sender.stats().gaps_declared != gaps) {
      spdlog::warn("forward: the receiver refuses an event of log {}; it becomes a gap there",
                   log_no);
    }
  } else if (const auto* wanted = std::get_if<Sender::Cut>(&action)) {
    cut(log_no, sender, *wanted);
  } else if (const auto* range = std::get_if<Sender::Verify>(&action)) {
    verify(log_no, sender, *range);
  } else if (const auto* save = std::get_if<Sender::Save>(&action)) {
    const Status status = source->set_acked(log_no, save->acked);
    note(status);
    sender.on_saved(status, monotonic_ms());
  } else if (const auto* forked = std::get_if<Sender::Fork>(&action)) {
    fork(log_no, sender, forked->from);
  } else if (const auto* wait = std::get_if<Sender::Wait>(&action)) {
    *until_ms = wait->until_ms;
  } else {
    return false;
  }
  return true;
}

void Forwarder::State::exchange(Sender& sender, const std::string& path,
                                std::optional<ByteView> body) {
  const auto answer = http->exchange(path, body);
  if (!answer.ok() && stopping) return;  // given up by us: no trouble of the receiver's
  const ReceiverAnswer read = answer.ok() ? read_receiver_answer(*answer) : ReceiverAnswer{};
  last_http_status = read.http_status;
  receiver_trouble.set(trouble_of(answer, read));
  sender.on_answer(read, monotonic_ms());
}

void Forwarder::State::cut(int64_t log_no, Sender& sender, const Sender::Cut& wanted) {
  auto result = source->cut(log_no, wanted.from, wall_clock_ms(), wanted.limits);
  const Status status = result.status();
  note(status);
  sender.on_cut(status, status.ok() ? std::move(*result) : CutResult{}, monotonic_ms());
}

void Forwarder::State::verify(int64_t log_no, Sender& sender, const Sender::Verify& range) {
  CutLimits limits;
  limits.segments_max = 1;
  limits.segment_events_max = std::min<uint64_t>(range.count, kSegmentEventsMax);
  const auto result = source->cut(log_no, range.first, wall_clock_ms(), limits);
  const Status status = result.status();
  note(status);
  bool same = true;
  if (status.ok()) {
    // A gap here: the events have expired, and cannot be compared any more.
    const auto head = read_segment_head(result->body);
    same = !head.ok() || head->kind == SegmentKind::kGap ||
           (head->count == range.count && head->content_crc == range.crc);
  }
  sender.on_verified(status, same, monotonic_ms());
}

void Forwarder::State::fork(int64_t log_no, Sender& sender, uint64_t from) {
  spdlog::warn(
      "forward: the receiver holds other events under log {} from {} on: its own go on in a new "
      "log",
      log_id_text(logs.at(log_no).log), from);
  const Status status = source->fork(log_no, from);
  note(status);
  if (status.ok()) {
    ++totals.forks;
    marks.verified(logs.at(log_no).log);
    // The old log's numbers past `from` are a gap now that the receiver need not hear of. If this
    // fails, the next sender of the old log finds the same.
    note(refresh());
    note(source->set_acked(log_no, logs.at(log_no).end));
  }
  sender.on_saved(status, monotonic_ms());
}

void Forwarder::State::note(const Status& status) {
  if (!status.ok()) ++totals.local_failures;
  database_trouble.set(status.message());
}

void Forwarder::State::publish() {
  ForwarderStats stats = totals;
  stats.senders.last_http_status = last_http_status;
  for (const auto& [log_no, sender] : senders) {
    add_sender(sender.stats(), &stats);
    const uint64_t end = logs.at(log_no).end;
    stats.lag_events += end - std::min(end, sender.acked());
  }
  published.with([&](ForwarderStats& shown) { shown = stats; });
}

// --- The interface ---

Forwarder::Forwarder() = default;
Forwarder::~Forwarder() { stop(); }

Result<std::unique_ptr<Forwarder>> Forwarder::start(const ForwarderOptions& options,
                                                    std::unique_ptr<LogSource> source) {
  std::unique_ptr<Forwarder> forwarder(new Forwarder);
  forwarder->state_ = std::make_unique<State>(options, std::move(source));
  State& state = *forwarder->state_;
  WEIR_ASSIGN(state.http, HttpClient::make(options.http));
  WEIR_TRY(state.refresh());
  state.thread = std::thread([&state] { state.loop(); });
  return forwarder;
}

void Forwarder::stop() {
  if (!state_->thread.joinable()) return;
  state_->stopping = true;
  state_->http->stop();
  state_->thread.join();
}

void Forwarder::wake() {
  state_->woken = true;
  state_->http->wake();
}

ForwarderStats Forwarder::stats() const {
  return state_->published.with([](const ForwarderStats& shown) { return shown; });
}

std::vector<prometheus::MetricFamily> Forwarder::Collect() const {
  return forward_metric_families(stats());
}

}  // namespace weir
