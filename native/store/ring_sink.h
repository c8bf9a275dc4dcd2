// RingSink: one producer's way into the query log. It goes by the producer's ring, or while
// `inline_handoff` is set by the batch that all producers share.
#pragma once

#include "native/runtime/event_sink.h"
#include "native/store/event_ring.h"
#include "native/store/offer.h"

namespace weir {

// Belongs to one thread. Borrows slot and intake.
class RingSink final : public EventSink {
 public:
  RingSink(size_t ring_bytes, LedgerSlot& slot, Intake& intake)
      : ring_(ring_bytes), slot_(slot), share_(intake.gauge.open_share()), intake_(intake) {}

  void offer(const Event& event) noexcept override {
    offer_to(intake_, slot_, share_, event, [this](const Event& offered) noexcept {
      const bool is_inline = intake_.inline_handoff.load(std::memory_order_relaxed);
      return is_inline ? intake_.inline_batch.push(offered) : ring_.push(offered);
    });
  }

  // For the writer.
  EventRing& ring() { return ring_; }

 private:
  EventRing ring_;
  LedgerSlot& slot_;
  BufferGauge::Share& share_;
  Intake& intake_;
};

}  // namespace weir
