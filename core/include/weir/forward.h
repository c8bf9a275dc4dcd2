// Sender: the protocol state machine of forwarding one log to a receiver, without I/O.
//
// The host asks next() what to do, does it, and reports what came of it:
//
//   Get{path}        exchange                  on_answer()
//   Put{path, body}  exchange                  on_answer()
//   Cut{from}        cut_log                   on_cut()
//   Verify{…}        cut that range and compare its content crc     on_verified()
//   Save{acked}      set_acked                 on_saved()
//   Fork{from}       open a new log, move [from, end) there         on_saved()
//   Wait{until}      sleep until then, or until set_own_end() or wake()
//   Finished         nothing more will come: forget this sender
//
// Promises
// - One action at a time. Nothing counts as acked before a 200 or a verified GET said so.
// - A sender begins, and after every 409 begins again, by asking the receiver where it stands. It
//   goes on from there: also backwards, if the receiver was restored from an older state.
// - The same bytes are repeated after a lost answer, 429 or 5xx, with backoff, jitter and respect
//   for Retry-After. Other refusals repeat them at the longest backoff.
// - The log's open tail is sent whole again each interval and sealed when its hour is over, or at
//   once if the log is closed.
// - 413 and 422 narrow the cut, down to the one event that is refused; that is declared a gap.
// - A receiver that is ahead of our own end, or holds other events under our numbers, is a fork.
//   Events below max(acked, trusted_end) are the same on both sides, so what it has of them is not
//   sent again under the new log's name: nothing is lost by a fork and nothing is doubled.
//
// Times: `now_ms` is monotonic, `wall_ms` is UTC and serves only to seal hours.
// Thread-compatible.
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
  int64_t interval_ms =
      60'000;  // kForwardIntervalMsMin … Max; a receiver may ask for a shorter one
  int64_t retry_ms_min = 1'000;  // the first backoff; each further one is twice as long
  int64_t retry_ms_max = 300'000;
  uint64_t jitter_seed = 1;
};

struct SenderStats {
  uint64_t requests = 0;       // answered or not
  uint64_t failures = 0;       // requests and local operations to be repeated
  uint64_t conflicts = 0;      // 409
  uint64_t events_acked = 0;   // gaps not counted apart
  uint64_t gaps_declared = 0;  // events that the receiver refuses
  uint64_t bytes_sent = 0;
  int last_http_status = 0;  // 0: no answer yet, or none came to the last request
};

// What a receiver answered; the host has parsed the body. Fields that were not there, or were not
// what they should be, are empty.
struct ReceiverAnswer {
  struct Row {  // the newest one
    uint64_t first = 0;
    uint64_t count = 0;
    uint32_t crc = 0;  // content_crc; 0 for a gap
  };
  int http_status = 0;  // 0: no answer came
  int64_t retry_after_s = 0;
  std::optional<uint64_t> stored_through{};
  std::optional<Row> last{};
  std::optional<int64_t> interval_s{};
  bool fork = false;  // the code of a 409
};

class Sender {
 public:
  struct Wait {
    int64_t until_ms = 0;  // INT64_MAX: no time, only an event
  };
  struct Get {
    std::string path;
  };
  struct Put {
    std::string path;
    ByteView body;  // valid until on_answer()
  };
  struct Cut {
    uint64_t from = 0;
    CutLimits limits;
  };
  struct Verify {
    uint64_t first = 0;
    uint64_t count = 0;
    uint32_t crc = 0;
  };
  struct Save {
    uint64_t acked = 0;
  };
  struct Fork {
    uint64_t from = 0;  // may be the log's end: then nothing needs to be moved
  };
  struct Finished {};
  using Action = std::variant<Wait, Get, Put, Cut, Verify, Save, Fork, Finished>;

  struct Start {
    LogId log{};
    std::string site{};
    uint64_t acked = 0;
    uint64_t own_end = 0;
    // The log's end before the first event that was numbered after the database may have been
    // restored from a copy: its end at the first start of the process since verified() was true.
    uint64_t trusted_end = 0;
    bool closed = false;  // it will not grow any more: an earlier lineage
  };
  Sender(const Start& start, const SenderOptions& options);
  ~Sender();
  Sender(Sender&&) noexcept;
  Sender& operator=(Sender&&) noexcept;

  Action next(int64_t now_ms, int64_t wall_ms);
  void on_answer(const ReceiverAnswer& answer, int64_t now_ms);
  void on_cut(const Status& status, CutResult result, int64_t now_ms);
  // `same`: the range has this crc, or cannot be compared any more because it has expired.
  void on_verified(const Status& status, bool same, int64_t now_ms);
  void on_saved(const Status& status, int64_t now_ms);

  void set_own_end(uint64_t own_end, bool closed);
  // Send what there is now, without waiting for the interval.
  void wake();

  uint64_t acked() const;
  // True once the receiver's content has been found to be ours: trusted_end is then behind us.
  bool verified() const;
  const SenderStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
