// Recovery: looks for damage, and salvages what damage has put aside, while everything goes on.
//
// One thread of low priority with two kinds of work:
// - A look, when somebody has met damage: every segment is read, and those that fail their checks
//   are marked and counted (Mending::kMark). The owner is told which rollups are to be computed
//   anew; and if SQLite itself finds the file damaged, so that it is set aside and a new database
//   begins.
// - A salvage, while there are databases set aside (salvage_set_aside.h). One that fails, for want
//   of room say, is repeated.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "native/runtime/operation_runner.h"
#include "native/store/damage.h"
#include "native/store/salvage_set_aside.h"

namespace weir {

// Thread-safe.
class Recovery {
 public:
  static constexpr int64_t kRetryMs = 600'000;  // after a salvage that failed
  // After a look that found nothing new, until the next one.
  static constexpr int64_t kDatabaseIntervalMs = 60'000;
  static constexpr int64_t kSegmentsIntervalMs = 24 * 3'600'000;

  struct Parts {              // called on the recovery's thread
    OperationRunner& runner;  // borrowed
    // Which database the runner reads: one that takes the place of another has a number of its own.
    std::function<uint64_t()> database_number;
    std::function<void(uint64_t number)> on_damaged;  // SQLite finds this one damaged
    // The rollups of these hours, since 1970, cannot be read or do not agree with the segments.
    std::function<void(const std::set<int64_t>& hours)> on_rollups;
    SetAsideRequest set_aside;  // without `ended`
  };
  // Begins with what is set aside already.
  explicit Recovery(Parts parts);
  ~Recovery();  // stop()
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  // Somebody has met damage.
  void look(Damage met);
  // A database was set aside.
  void salvage();
  // Ends what is under way before its next step; a salvage is begun again at the next start.
  void stop();

  // Databases that wait for their salvage.
  uint64_t waiting() const { return waiting_; }
  // Events that could not be read, found by looks and salvages since the start.
  uint64_t corrupt_events() const { return corrupt_events_; }

 private:
  struct Due {
    bool look = false;
    bool salvage = false;
  };

  void run();
  Due wait();
  void look_now();
  void salvage_now();
  void count_waiting();

  Parts parts_;
  std::atomic<bool> ended_{false};
  std::atomic<uint64_t> waiting_{0};
  std::atomic<uint64_t> corrupt_events_{0};

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::optional<Damage> met_;
  int64_t looked_ms_;         // when a look has last found nothing new
  int64_t salvage_ms_;        // when to try next
  std::string last_failure_;  // of a salvage, reported already; the thread's own
  std::thread thread_;
};

}  // namespace weir
