// What a receiver's answer says, out of its JSON (docs/protocol.md).
#pragma once

#include "native/forward/http_client.h"
#include "weir/forward.h"

namespace weir {

// Nothing in the body is trusted: what is missing, of another type or out of range stays empty.
ReceiverAnswer read_receiver_answer(const HttpAnswer& answer);

}  // namespace weir
