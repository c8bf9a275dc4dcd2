// Messages: the flat encoding of statements, steps and replies that crosses the C ABI.
//
// Little-endian, without padding. `text` and `bytes` are a u32 length and that many bytes. A value
// is a tag, 0 null, 1 integer (i64), 2 text, and its content. Blobs are text here: D1 takes
// parameters as JSON, so a blob goes out as hex digits for the dialect's unhex(), and a blob column
// comes in as hex() made it; the core, which knows which columns are blobs, decodes it.
//
//   statements  u32 count; each: text name, text sql
//   step        u8 kind, then by kind
//     0 group   u8 writes; u32 count; each: u16 id, u32 count, values
//     1 read    i64 segment, u32 offset, u32 length
//     2 emit    u8 has_head; if 1: u16 status, text content_type, u32 retry_after_s; bytes
//     3 done    i32 code, text message; u32 count; each: text name, i64 counter
//   reply       i32 code, text message; if the code is 0, by the step that it answers
//     group     u32 count; each: i64 changes, u32 columns, u32 rows, values row by row
//     read      text (hex)
//     emit      nothing, as the first reply of all
//
// A reply is checked as if it were hostile: every length against what is left of the message.
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
