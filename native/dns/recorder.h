// Recorder: the one place where an answered query becomes counts and an Event.
#pragma once

#include "native/dns/answer.h"
#include "native/dns/stats.h"
#include "native/runtime/event_sink.h"

namespace weir {

// How a query was decided. The strings belong to the policy or the upstream that decided.
struct Decision {
  Outcome outcome = Outcome::kFailed;
  bool ad = false;
  uint16_t rcode = 0;
  size_t response_bytes = 0;
  std::string_view list = {};
  std::string_view upstream = {};
};

// Of one thread.
class Recorder {
 public:
  // Both outlive this.
  Recorder(DnsThreadStats* stats, EventSink* sink) : stats_(stats), sink_(sink) {}

  // Called exactly once per answered query, after the kernel took the answer (`sent`) or refused
  // it. `log`: whether an event is offered.
  void record(const Request& request, const Decision& decision, int64_t done_us, bool sent,
              bool log);
  DnsThreadStats& stats() { return *stats_; }

 private:
  DnsThreadStats* stats_;
  EventSink* sink_;
};

}  // namespace weir
