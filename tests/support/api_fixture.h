// ApiFixture: a small database of two sites, the same every time, and requests to it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "support/event_generator.h"
#include "support/log_writer.h"
#include "support/memory_executor.h"
#include "weir/api.h"

namespace weir {

class ApiFixture {
 public:
  static constexpr int64_t kStart = 20'000 * kDayMs + 5 * kHourMs;  // 2024-10-04T05:00:00Z
  static constexpr int64_t kNow = kStart + 3 * kHourMs;

  struct Answer {
    int status = 0;
    std::string content_type;
    int64_t retry_after_s = 0;
    std::string body;
    bool met_damage = false;

    bool holds(std::string_view text) const { return body.find(text) != body.npos; }
  };

  // Home has 600 events in 100 minutes, of which 400 are in rollups; office has 60 more.
  ApiFixture() {
    const int64_t home = writer_.add_log("home");
    const int64_t office = writer_.add_log("office");
    LedgerCounters ledger;
    ledger.offered = 610;
    ledger.collapsed = 3;
    ledger.dropped[static_cast<size_t>(DropReason::kBufferFull)] = 5;
    writer_.append(home, events(600), 150, ledger);
    writer_.roll(home, 400);
    ledger = {};
    ledger.offered = 60;
    writer_.append(office, events(60), 150, ledger);
    request_.trusted = true;
    request_.now_ms = kNow;
  }

  Answer ask(std::string target) {
    request_.target = std::move(target);
    request_.method = method_;
    Answer answer;
    int pieces = 0;
    OperationPtr operation = api(request_);
    const Status status = run_operation(*operation, *executor_used_, [&](Emit emit) {
      ++pieces;
      REQUIRE(emit.head.has_value());
      answer = {emit.head->status, emit.head->content_type, emit.head->retry_after_s, emit.bytes,
                emit.head->met_damage};
    });
    REQUIRE(status.ok());
    REQUIRE(pieces == 1);
    return answer;
  }

  // Asks with a token of these scopes.
  void use_token(const std::string& scopes) {
    request_.trusted = false;
    request_.token_sha256 = Bytes(32, 7);
    writer_.add_token(request_.token_sha256, scopes);
  }

  MemoryExecutor executor_;
  Executor* executor_used_ = &executor_;
  LogWriter writer_{&executor_};
  EventGenerator generator_{generator_options()};
  ApiRequest request_;
  std::string method_ = "GET";

 private:
  static EventGenerator::Options generator_options() {
    EventGenerator::Options options;
    options.seed = 3;
    options.made_names = 60;
    options.clients = 5;
    options.events_per_second = 1;
    options.start_ms = kStart;
    return options;
  }
  // One every ten seconds, whatever the generator's clock says.
  std::vector<Event> events(size_t count) {
    std::vector<Event> all;
    for (size_t i = 0; i < count; ++i) {
      all.push_back(generator_.next());
      all.back().time_ms = kStart + static_cast<int64_t>(i) * 10'000;
    }
    return all;
  }
};

}  // namespace weir
