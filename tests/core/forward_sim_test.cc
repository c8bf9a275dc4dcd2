// Simulation of forwarding: a seeded sender, network and receiver. The network loses requests and
// answers, repeats requests at once or much later; the receiver answers 429 and 503, refuses some
// events, and is restored from old states; the sender's process dies at any point, its local
// operations fail, and its whole data directory is restored from an old copy. In the end everything
// heals, and the receiver must hold exactly the events of the sender's database, each once (and
// those that only the receiver still had). A failure prints its seed and the command that repeats
// it.
#include <algorithm>
#include <cstdlib>

#include "catch.h"
#include "support/event_generator.h"
#include "support/forward_model.h"

namespace weir {
namespace {

using test::ModelEvent;
using test::ModelLog;
using test::ModelReceiver;

constexpr int64_t kStartMs = 500'000 * kHourMs;
constexpr uint64_t kSeeds = 300;
constexpr int kSteps = 300;

// What the sender keeps on disk, and what a copy of its data directory copies.
struct Disk {
  struct Lineage {
    ModelLog log;
    std::optional<uint64_t>
        unverified_from;  // the log's end when a run began that has not verified
  };
  std::vector<Lineage> lineages;  // the last one grows
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed) {
    open_log();
    start_process();
    copy_ = disk_;
  }

  void run() {
    for (int step = 0; step < kSteps; ++step) {
      now_ms_ += static_cast<int64_t>(random_.below(random_.chance(40) ? 2 * kHourMs : 20'000));
      disturb();
      add_events(random_.below(random_.chance(10) ? 60 : 6));
      turn(1 + random_.below(6));
    }
    heal();
    check();
  }

 private:
  // --- The world ---

  void open_log() {
    ModelLog log;
    log.id.bytes[0] = static_cast<uint8_t>(++logs_opened_);
    log.id.bytes[1] = static_cast<uint8_t>(logs_opened_ >> 8);
    disk_.lineages.push_back({log, {}});
  }

  void add_events(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const int64_t back_ms = static_cast<int64_t>(random_.chance(30) ? random_.below(5'000) : 0);
      disk_.lineages.back().log.events.push_back({++serial_, wall_ms() - back_ms});
      if (random_.chance(400)) receiver_.poison.insert(serial_);
    }
  }

  void disturb() {
    if (random_.chance(30)) start_process();
    if (random_.chance(60)) receiver_copy_ = receiver_.logs;
    if (random_.chance(80)) receiver_.logs = receiver_copy_;
    if (random_.chance(40) && everything_verified()) copy_ = disk_;
    if (random_.chance(100)) restore_sender();
    if (random_.chance(20)) receiver_.body_bytes_max = random_.chance(2) ? 700 : kIngestBytesMax;
    if (!late_.empty() && random_.chance(5)) {
      const size_t at = random_.below(late_.size());
      receiver_.put(late_[at].first, late_[at].second);
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  // A copy that was made between a start and its verification would not know since when its events
  // may differ; how rare that is, docs/protocol.md says.
  bool everything_verified() const {
    return std::ranges::all_of(disk_.lineages,
                               [](const auto& lineage) { return !lineage.unverified_from; });
  }

  void restore_sender() {
    // The receiver must not go back behind the copy as well: nobody would have those events then.
    for (const Disk::Lineage& lineage : disk_.lineages) {
      for (const ModelEvent& event : lineage.log.events) lost_locally_.insert(event.serial);
    }
    disk_ = copy_;
    receiver_copy_ = receiver_.logs;
    start_process();
  }

  void start_process() {
    senders_.clear();
    for (Disk::Lineage& lineage : disk_.lineages) {
      if (!lineage.unverified_from) lineage.unverified_from = lineage.log.end();
    }
  }

  // --- The host of the senders ---

  int64_t wall_ms() const { return kStartMs + now_ms_; }

  void turn(uint64_t actions) {
    for (size_t i = 0; i < disk_.lineages.size(); ++i) {
      const bool closed = i + 1 < disk_.lineages.size();
      const ModelLog& log = disk_.lineages[i].log;
      if (closed && log.acked == log.end() && !senders_.contains(i)) continue;
      Sender& sender = sender_of(i);
      sender.set_own_end(log.end(), closed);
      for (uint64_t n = 0; n < actions && senders_.contains(i); ++n) {
        if (!act(i, sender.next(now_ms_, wall_ms()))) break;
      }
    }
  }

  Sender& sender_of(size_t index) {
    const Disk::Lineage& lineage = disk_.lineages[index];
    const auto found = senders_.find(index);
    if (found != senders_.end()) return found->second;
    const Sender::Start start{.log = lineage.log.id,
                              .site = "den",
                              .acked = lineage.log.acked,
                              .own_end = lineage.log.end(),
                              .trusted_end = lineage.unverified_from.value_or(lineage.log.end())};
    const SenderOptions options{.interval_ms = 30'000, .jitter_seed = random_.next()};
    return senders_.emplace(index, Sender(start, options)).first->second;
  }

  Status local() {
    return faults_ && random_.chance(20) ? Status(Code::kUnavailable, "busy") : Status();
  }

  // Does one action of the sender of log `i`; false if it waits or is gone.
  bool act(size_t i, const Sender::Action& action) {
    ModelLog& log = disk_.lineages[i].log;
    Sender& sender = senders_.at(i);
    if (const auto* get = std::get_if<Sender::Get>(&action)) {
      sender.on_answer(exchange([&] { return receiver_.get(get->path); }), now_ms_);
    } else if (const auto* put = std::get_if<Sender::Put>(&action)) {
      sender.on_answer(exchange([&] { return put_to_receiver(*put); }), now_ms_);
    } else if (const auto* cut = std::get_if<Sender::Cut>(&action)) {
      sender.on_cut(local(), log.cut(cut->from, wall_ms(), cut->limits), now_ms_);
    } else if (const auto* verify = std::get_if<Sender::Verify>(&action)) {
      sender.on_verified(local(), log.same(*verify), now_ms_);
    } else if (const auto* save = std::get_if<Sender::Save>(&action)) {
      const Status status = local();
      if (status.ok()) log.acked = std::max(log.acked, save->acked);
      sender.on_saved(status, now_ms_);
    } else if (const auto* fork = std::get_if<Sender::Fork>(&action)) {
      const Status status = local();
      if (status.ok()) fork_log(i, fork->from);
      sender.on_saved(status, now_ms_);
    } else if (std::holds_alternative<Sender::Finished>(action)) {
      senders_.erase(i);
      return false;
    } else {
      return false;
    }
    if (sender.verified()) disk_.lineages[i].unverified_from.reset();
    return true;
  }

  void fork_log(size_t i, uint64_t from) {
    open_log();
    ModelLog& old = disk_.lineages[i].log;
    ModelLog& fresh = disk_.lineages.back().log;
    const auto moved = old.events.begin() + static_cast<std::ptrdiff_t>(from);
    fresh.events.assign(moved, old.events.end());
    std::fill(moved, old.events.end(), ModelEvent{0, wall_ms()});
    old.acked = old.end();
    disk_.lineages[i].unverified_from.reset();
  }

  template <class Request>
  ReceiverAnswer exchange(Request request) {
    if (!faults_) return request();
    switch (random_.below(16)) {
      case 0:
        return {};
      case 1:
        request();
        return {};
      case 2:
        request();
        return request();
      case 3:
        return {.http_status = 429, .retry_after_s = static_cast<int64_t>(random_.below(60))};
      case 4:
        return {.http_status = 503};
      default:
        return request();
    }
  }

  ReceiverAnswer put_to_receiver(const Sender::Put& put) {
    if (faults_ && random_.chance(25)) {
      late_.emplace_back(put.path, Bytes(put.body.begin(), put.body.end()));
    }
    return receiver_.put(put.path, put.body);
  }

  // --- The end ---

  void heal() {
    faults_ = false;
    receiver_.body_bytes_max = kIngestBytesMax;
    for (int quiet = 0; quiet < 60; ++quiet) {
      now_ms_ += kHourMs;
      turn(200);
    }
  }

  void check() {
    const auto stored = receiver_.stored();
    std::set<uint64_t> kept;
    for (const Disk::Lineage& lineage : disk_.lineages) {
      REQUIRE(lineage.log.acked == lineage.log.end());
      for (const ModelEvent& event : lineage.log.events) {
        if (event.serial == 0) continue;
        kept.insert(event.serial);
        CAPTURE(event.serial);
        REQUIRE(stored.contains(event.serial) == !receiver_.poison.contains(event.serial));
      }
    }
    for (const auto& [serial, times] : stored) {
      CAPTURE(serial);
      REQUIRE(times == 1);
      REQUIRE((kept.contains(serial) || lost_locally_.contains(serial)));
    }
  }

  TestRandom random_;
  Disk disk_, copy_;
  ModelReceiver receiver_;
  decltype(ModelReceiver::logs) receiver_copy_;
  std::map<size_t, Sender> senders_;
  std::vector<std::pair<std::string, Bytes>> late_;  // requests that the network repeats later
  std::set<uint64_t> lost_locally_;
  int64_t now_ms_ = 0;
  uint64_t serial_ = 0;
  unsigned logs_opened_ = 0;
  bool faults_ = true;
};

TEST_CASE("whatever happens, the receiver holds exactly the sender's events, each once") {
  if (const char* seed = std::getenv("WEIR_SIM_SEED")) {
    Simulation(std::strtoull(seed, nullptr, 10)).run();
    return;
  }
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("WEIR_SIM_SEED=" << seed << " core_forward_sim_test");
    Simulation(seed).run();
  }
}

}  // namespace
}  // namespace weir
