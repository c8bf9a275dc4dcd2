// Brings what was set aside back: the databases that wait (set_aside.h) become one sound database,
// which takes over the logs that have been written to meanwhile, and then the place of these.
//
// Nothing that is there is changed before the last step, and that is a rename. So whatever ends the
// work, it is begun anew; and a database whose logs are there already has been taken over before.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "weir/status.h"

namespace weir {

struct SetAsideRequest {
  std::string database_path;
  uint64_t bytes_max = 0;                    // of all that is kept; 0: no bound
  const std::atomic<bool>* ended = nullptr;  // once true, ends soon: kUnavailable
  // On whatever thread writes to the database, while nothing is written: calls `adopt_rest`, which
  // takes over what has been logged last and leaves `fresh` closed and complete, then puts `fresh`
  // in the place of the database and goes on with it. A failure has changed nothing; kConflict if
  // somebody stands in the way for a moment.
  using AdoptRest = std::function<Status()>;
  std::function<Status(const AdoptRest& adopt_rest, const std::string& fresh)> take_over = {};
};

// What a salvage leaves free of a disk.
inline constexpr uint64_t kSalvageReserveBytes = 64 << 20;

// Salvages what waits, and tells what came of it in the log of the program. Answers how many events
// could not be read and are counted as corrupt now; what waited longest does so no longer, as there
// is nothing more to get out of it. After a failure nothing is changed, and a repeat may succeed:
// kFull if the disk has not got as much room as the damaged databases take, kConflict if another
// database was set aside meanwhile.
Result<uint64_t> salvage_set_aside(const SetAsideRequest& request);

}  // namespace weir
