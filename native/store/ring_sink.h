// RingSink: one producer's way into the query log, and where every offer is counted. It goes by the
// producer's ring, or while `inline_handoff` is set by the batch that all producers share.
#pragma once

#include "native/runtime/event_sink.h"
#include "native/store/event_ring.h"
#include "native/store/intake.h"
#include "native/store/ledger_page.h"

namespace weir {

// Belongs to one thread. Borrows slot and intake.
class RingSink final : public EventSink {
 public:
  RingSink(size_t ring_bytes, LedgerSlot& slot, Intake& intake)
      : ring_(ring_bytes), slot_(slot), intake_(intake) {}

  void offer(const Event& event) noexcept override {
    slot_.count_offered();
    const Intake::Mode mode = intake_.mode.load(std::memory_order_relaxed);
    if (mode != Intake::Mode::kOpen) {
      slot_.count_dropped(mode == Intake::Mode::kDisabled ? DropReason::kDisabled
                                                          : DropReason::kShutdown);
      return;
    }
    const bool taken = intake_.gauge.take();
    const Code code = taken ? push(event) : Code::kFull;
    if (code == Code::kOk) {
      intake_.wake.wake_if_parked();
      return;
    }
    if (taken) intake_.gauge.give_back(1);
    slot_.count_dropped(code == Code::kFull ? DropReason::kBufferFull : DropReason::kData);
    intake_.sample.leave(event);
  }

  // For the writer.
  EventRing& ring() { return ring_; }

 private:
  Code push(const Event& event) noexcept {
    const bool is_inline = intake_.inline_handoff.load(std::memory_order_relaxed);
    return is_inline ? intake_.inline_batch.push(event) : ring_.push(event);
  }

  EventRing ring_;
  LedgerSlot& slot_;
  Intake& intake_;
};

}  // namespace weir
