// Sender: the protocol state machine of forwarding one log to a receiver, without I/O.
//
// It asks for cuts and HTTP exchanges, and is told what came of them. Times are monotonic
// milliseconds.
//
//   Sender sender(log, site, acked, options);
//   loop: action = sender.next(now_ms):
//     Wait{until_ms}          sleep until then or until wake()
//     Get{path}               exchange, then on_answer(status, body, now_ms)
//     Cut{from}               run cut_log, then on_cut(result, now_ms)
//     Put{path, body}         exchange, then on_answer(…)
//     Acked{through}          run set_acked, then on_saved(now_ms)
//     Verify{first, count, crc}  cut exactly that range again, then on_verified(same)
//     DeclareGap{first, end}  append nothing: the next cut replaces that range by a gap (422), then
//     on_saved(now_ms) Fork{from}              the host opens a new log and moves [from, end)
//     there; this sender is finished
//
// Promises: one request in flight; nothing is counted as acked before a 200 or a matching GET said
// so; the same bytes are repeated after a lost answer; 429 and 503 honour Retry-After; backoff is
// bounded and has jitter; a receiver that is ahead of our own end, or holds other bytes for our
// numbers, is a fork.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "weir/log_store.h"
#include "weir/segment.h"

namespace weir {

struct SenderOptions {
  int64_t interval_ms = 60'000;  // 1 s … 1 h; a receiver may ask for another
  int64_t retry_ms_min = 1'000;
  int64_t retry_ms_max = 300'000;
  uint64_t jitter_seed = 1;
};

struct SenderStats {
  uint64_t requests = 0, failures = 0, events_acked = 0, gaps_declared = 0, bytes_sent = 0;
  int last_http_status = 0;  // 0: no answer yet, or none came
};

class Sender {
 public:
  struct Wait {
    int64_t until_ms = 0;
  };
  struct Get {
    std::string path;
  };
  struct Cut {
    uint64_t from = 0;
  };
  struct Put {
    std::string path;
    Bytes body;
  };
  struct Acked {
    uint64_t through = 0;
  };
  struct Verify {
    uint64_t first = 0;
    uint64_t count = 0;
    uint32_t crc = 0;
  };
  struct DeclareGap {
    uint64_t first = 0;
    uint64_t end = 0;
  };
  struct Fork {
    uint64_t from = 0;
  };
  using Action = std::variant<Wait, Get, Cut, Put, Acked, Verify, DeclareGap, Fork>;

  Sender(const LogId& log, std::string site, uint64_t acked, uint64_t own_end,
         const SenderOptions& options);
  ~Sender();

  Action next(int64_t now_ms);
  // http_status 0: no answer came.
  void on_answer(int http_status, std::string_view body, int64_t retry_after_s, int64_t now_ms);
  void on_cut(const Status& status, CutResult result, int64_t now_ms);
  void on_saved(const Status& status, int64_t now_ms);
  void on_verified(bool same, int64_t now_ms);
  // The log has grown to `own_end`; `closed`: it will not grow any more (an earlier lineage).
  void set_own_end(uint64_t own_end, bool closed);
  // Send what there is now, without waiting for the interval.
  void wake();

  uint64_t acked() const;
  const SenderStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
