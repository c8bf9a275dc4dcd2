// weir serve: the parts wired together. The only place, with main.cc, that includes all layers.
//
// Start: data directory and database, lists, listeners. Nothing starts half: whatever fails, what
// was started is stopped again. Stop: DNS first, then the forwarder, then the log, and last HTTP,
// which can be asked until the end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "native/control/config.h"
#include "weir/status.h"

namespace weir {

// What a start would check of a configuration before it opens or binds anything: all options, and
// that the block lists can be read. One line on failure.
Status check_serving(const Config& config);

// Thread-compatible: lives on the main thread.
class Serving {
 public:
  explicit Serving(Config config);
  ~Serving();  // stop()

  // One line on failure; nothing runs then.
  Status start();
  // Applies what can change without a restart: upstreams, lists, local records, blocking, the TTLs
  // of the cache, privacy, query_log.enabled, its hand-off, flush interval and retention, the log
  // level. On failure nothing has changed. Returns the keys that differ and need a restart.
  Result<std::vector<std::string>> reload(const Config& next);
  // Bounded: answers under way, then what the log holds, then the rest.
  void stop();

  // "dns 127.0.0.1:5300, http://127.0.0.1:8053", with the ports that the kernel chose.
  std::string addresses() const;

 private:
  struct Parts;
  Config config_;  // as started, and as reloaded where that is possible
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir
