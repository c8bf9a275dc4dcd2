// RecordingSink: an EventSink that keeps every event for a test to look at.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "native/runtime/event_sink.h"
#include "native/runtime/guarded.h"

namespace weir {

// Thread-safe.
class RecordingSink : public EventSink {
 public:
  struct Recorded {
    Event event;  // its strings are below
    std::string qname;
    std::string list;
    std::string upstream;
  };

  void offer(const Event& event) noexcept override {
    events_.with([&](auto& events) {
      events.push_back(
          {event, std::string(event.qname), std::string(event.list), std::string(event.upstream)});
    });
  }

  // All so far; waits until there are `count`, for events are recorded after the answer has gone.
  std::vector<Recorded> take(size_t count) {
    for (int i = 0; i < 2000; ++i) {
      if (events_.with([](const auto& events) { return events.size(); }) >= count) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return events_.with([](auto& events) { return std::exchange(events, {}); });
  }

 private:
  Guarded<std::vector<Recorded>> events_;
};

}  // namespace weir
