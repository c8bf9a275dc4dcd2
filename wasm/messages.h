// Messages: the flat encoding of statements, steps and replies that crosses the C ABI. docs/abi.md
// specifies the bytes.
//
// Blobs are text here: D1 takes parameters as JSON, so a blob goes out as hex digits for the
// dialect's unhex(), and a blob column comes in as hex() made it; the core, which knows which
// columns are blobs, decodes it. A reply is checked as if it were hostile: every length against
// what is left of the message.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weir/operation.h"

namespace weir {

// Named results of an operation, for logs: {"events", 12}.
using Counters = std::vector<std::pair<std::string, int64_t>>;

Bytes encode_statements(Dialect dialect);

// `counters` go out with Done only. Precondition: the step is not an Object.
Bytes encode_step(const Step& step, const Counters& counters);

// The reply to `asked`. kCorrupt if the message does not hold what the step asked for, or a blob
// column is not hex.
Result<Reply> decode_reply(ByteView message, const Step& asked);

}  // namespace weir
