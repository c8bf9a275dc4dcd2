// offer_to: what every offer of an event goes through, whichever way it takes to the writer: it is
// counted, then finds a place in the buffer, or is counted as dropped with its reason.
#pragma once

#include <utility>

#include "native/store/intake.h"
#include "native/store/ledger_page.h"

namespace weir {

// `places` is where the caller takes a place in the buffer: its share of the gauge, or the gauge.
// `push(event)` puts the event on its way: kOk, kFull or kTooLarge. Answers its code, or
// kUnavailable where the log is switched off or has stopped. `slot` is the caller's alone.
template <class Places, class Push>
Code offer_to(Intake& intake, LedgerSlot& slot, Places& places, const Event& event,
              Push&& push) noexcept {
  slot.count_offered();
  const Intake::Mode mode = intake.mode.load(std::memory_order_relaxed);
  if (mode != Intake::Mode::kOpen) [[unlikely]] {
    slot.count_dropped(mode == Intake::Mode::kDisabled ? DropReason::kDisabled
                                                       : DropReason::kShutdown);
    return Code::kUnavailable;
  }
  const bool taken = places.take();
  const Code code = taken ? std::forward<Push>(push)(event) : Code::kFull;
  if (code == Code::kOk) [[likely]] {
    intake.wake.wake_if_parked();
    return code;
  }
  if (taken) places.put_back();
  slot.count_dropped(code == Code::kFull ? DropReason::kBufferFull : DropReason::kData);
  intake.sample.leave(event);
  return code;
}

}  // namespace weir
