// Forwarder: sends every log of the database to a receiver, on its own thread.
//
// One Sender (weir/forward.h) per log that the receiver has not got whole decides what to do; this
// does it: HTTP exchanges, one at a time, and operations on the local database. Older lineages come
// first in each turn, the current log last. Trouble with the receiver is logged when it begins,
// when its kind changes, and when it ends, not at every try.
//
// It keeps no queue: the local database is the spool, and `acked` is its only position.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "native/forward/http_client.h"
#include "native/forward/log_source.h"
#include "native/forward/stats.h"
#include "weir/forward.h"

namespace weir {

struct ForwarderOptions {
  HttpClientOptions http;
  std::string site;
  SenderOptions sender;
  std::string marks_path;   // see forward_marks.h; in data_dir
  int64_t poll_ms = 1'000;  // how often the database is asked how far the logs have come
};

// Thread-safe.
class Forwarder : public prometheus::Collectable {
 public:
  // Call before the first event is offered to the query log: what the logs hold now is what a
  // restored database has in common with its receiver. kInvalid for a URL that would show the
  // token; a failure of the database as it is.
  static Result<std::unique_ptr<Forwarder>> start(const ForwarderOptions& options,
                                                  std::unique_ptr<LogSource> source);
  ~Forwarder() override;  // stop()

  // Ends the request under way and the thread. What it had not sent is sent after the next start.
  void stop();
  // Send what there is now, without waiting for the interval.
  void wake();

  ForwarderStats stats() const;
  // The weir_forward_* families.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  Forwarder();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
