#include "native/store/recovery.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "native/runtime/clock.h"
#include "native/runtime/thread_name.h"
#include "native/store/endable.h"
#include "native/store/set_aside.h"
#include "weir/check.h"

namespace weir {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kLongAgo = -Recovery::kSegmentsIntervalMs;
constexpr int kNice = 10;  // whoever answers or writes goes first

int64_t now_ms() { return monotonic_us() / 1000; }

}  // namespace

Recovery::Recovery(Parts parts)
    : parts_(std::move(parts)), looked_ms_(kLongAgo), salvage_ms_(kNever) {
  parts_.set_aside.ended = &ended_;
  salvage();
  thread_ = std::thread([this] { run(); });
}

Recovery::~Recovery() { stop(); }

void Recovery::stop() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Recovery::look(Damage met) {
  const std::lock_guard lock(mutex_);
  met_ = std::max(met, met_.value_or(met));
  changed_.notify_all();
}

void Recovery::salvage() {
  count_waiting();
  if (waiting_ == 0) return;
  const std::lock_guard lock(mutex_);
  salvage_ms_ = now_ms();
  changed_.notify_all();
}

// A folder that cannot be read may have one: the salvage will tell.
void Recovery::count_waiting() {
  const auto names = databases_set_aside(parts_.set_aside.database_path);
  waiting_ = names.ok() ? names->size() : std::max<uint64_t>(waiting_, 1);
}

void Recovery::run() {
  set_thread_name("weir-recovery");
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of this thread (sched(7)); a failure costs nothing
  while (!ended_) {
    const Due due = wait();
    if (due.look) look_now();
    if (due.salvage) salvage_now();
  }
}

Recovery::Due Recovery::wait() {
  std::unique_lock lock(mutex_);
  int64_t look_ms = kNever;
  if (met_) {
    look_ms = looked_ms_ + (*met_ == Damage::kDatabase ? kDatabaseIntervalMs : kSegmentsIntervalMs);
  }
  const int64_t now = now_ms();
  const int64_t next_ms = std::min(look_ms, salvage_ms_);
  if (next_ms > now && !ended_) {
    const int64_t most_ms = std::min(next_ms - now, kSegmentsIntervalMs);
    changed_.wait_for(lock, std::chrono::milliseconds(most_ms));
    return {};
  }
  return {look_ms <= now, salvage_ms_ <= now};
}

void Recovery::look_now() {
  const uint64_t number = parts_.database_number();
  CheckResult result;
  Endable check(check_logs({.mending = Mending::kMark, .now_ms = wall_clock_ms()}, &result),
                ended_);
  const Status status = parts_.runner.run(check);
  if (status.code() == Code::kCorrupt) {
    spdlog::error("a look at the database finds it damaged: {}", status.message());
    parts_.on_damaged(number);
  } else if (result.corrupt_events > 0) {
    spdlog::error("{} events stand in segments that fail their checks; they are counted as corrupt",
                  result.corrupt_events);
  }
  if (status.ok() && !result.hours.empty()) parts_.on_rollups(result.hours);
  corrupt_events_ += result.corrupt_events;
  const std::lock_guard lock(mutex_);
  met_.reset();  // the look itself has met it again
  if (status.ok() && result.corrupt_events == 0) looked_ms_ = now_ms();
}

void Recovery::salvage_now() {
  const Result<uint64_t> corrupt_events = salvage_set_aside(parts_.set_aside);
  const Status status = corrupt_events.status();
  if (status.ok()) corrupt_events_ += *corrupt_events;
  count_waiting();
  if (!status.ok() && status.code() != Code::kConflict && !ended_ &&
      status.message() != last_failure_) {
    spdlog::warn("a database that was set aside could not be salvaged yet: {}", status.message());
  }
  last_failure_ = status.message();
  const std::lock_guard lock(mutex_);
  const bool at_once = status.ok() || status.code() == Code::kConflict;
  salvage_ms_ = waiting_ == 0 ? kNever : now_ms() + (at_once ? 0 : kRetryMs);
}

}  // namespace weir
