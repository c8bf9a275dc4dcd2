// LedgerPage: the counters that outlive the process, in a mapped file.
//
// The kernel keeps a shared mapping when the process is killed, so what a thread counted before
// SIGKILL is there at the next start. Each producer has a slot of its own and counts an event as
// offered before it does anything else with it; a drop is counted after that. The database holds
// what is accounted for, committed together with the events. At the next start
//   dropped{crash} = offered − offered in the database − Σ other drops not yet in the database,
// exact wherever the kill struck, and again the same if the next kill strikes before that sum is
// committed, because nothing is reset: the counters only grow, and `base` says where the current
// log began.
//
// Power loss is another matter: the kernel writes the page back when it likes. The state names the
// boot it belongs to, so that the next start knows and says `unclean`.
//
// File: one constant block, two state blocks (the valid one with the greater sequence counts, so
// that a kill while writing one leaves the other), then the slots. Native byte order: the file is
// of use on this machine only, and the magic number of another one does not match.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "weir/limits.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

// One thread's counters. Written by that thread alone, read by all.
struct alignas(64) LedgerSlot {
  std::atomic<uint64_t> offered;
  std::array<std::atomic<uint64_t>, kDropReasonCount> dropped;
  std::atomic<uint64_t> collapsed;  // the writer's alone

  // The release order keeps offered ahead of what becomes of the event, in every reader's eyes and
  // in what a kill leaves behind.
  void count_offered(uint64_t n = 1) noexcept {
    offered.store(offered.load(std::memory_order_relaxed) + n, std::memory_order_release);
  }
  void count_dropped(DropReason reason, uint64_t n = 1) noexcept {
    auto& counter = dropped[static_cast<size_t>(reason)];
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_release);
  }
  void count_collapsed(uint64_t n = 1) noexcept {
    collapsed.store(collapsed.load(std::memory_order_relaxed) + n, std::memory_order_release);
  }
};
static_assert(sizeof(LedgerSlot) == 64 && std::atomic<uint64_t>::is_always_lock_free);

// The differences of two readings; counters wrap like unsigned integers do, so a base may be
// greater than a total.
LedgerCounters operator-(const LedgerCounters& a, const LedgerCounters& b);
LedgerCounters operator+(const LedgerCounters& a, const LedgerCounters& b);

// Names a boot of the machine.
using BootId = std::array<char, 36>;

class LedgerPage {
 public:
  // What the file was when it was opened.
  enum class Found : uint8_t {
    kFresh = 0,     // there was none
    kIntact = 1,    // counters and state are to be believed
    kUnusable = 2,  // torn, of another version or machine: begun anew
  };

  struct State {
    LogId log;                   // the log that was written to
    uint64_t committed_end = 0;  // its end, as committed
    LedgerCounters base;         // totals() where this log began
    bool clean = false;          // stopped in good order: everything offered is accounted for
  };

  // Maps the file, making or remaking it if need be. kUnavailable if the system refuses.
  static Result<std::unique_ptr<LedgerPage>> open(const std::string& path);
  ~LedgerPage();
  LedgerPage(const LedgerPage&) = delete;
  LedgerPage& operator=(const LedgerPage&) = delete;

  Found found() const { return found_; }
  // True if the state was written before this boot of the machine.
  bool from_earlier_boot() const { return earlier_boot_; }

  // Only one thread at a time.
  const State& state() const { return state_; }
  void set_state(const State& state);

  // Slot i < kProducersMax is producer i's; the writer has its own.
  LedgerSlot& slot(size_t i);
  LedgerSlot& writer_slot() { return slot(kProducersMax); }
  // Σ over the slots. A slot's offers are read last, so its offered ≥ its Σ dropped; what the
  // writer dropped or folded meanwhile may be ahead of other slots' offers.
  LedgerCounters totals() const;
  // totals() − base: what belongs to the current log.
  LedgerCounters of_log() const { return totals() - state_.base; }

 private:
  struct Layout;
  LedgerPage(Layout* layout, Found found);
  void load_state();

  Layout* layout_;
  Found found_;
  const BootId boot_;  // this one
  bool earlier_boot_ = false;
  State state_;
  uint64_t sequence_ = 0;
};

}  // namespace weir
