// Vectors: every function of the core whose bytes must be the same natively and in WebAssembly,
// behind one door. tests/vectors/differential.test.mjs puts the same inputs through both builds;
// the Worker's tests make their segments here.
//
// Integers are little-endian. A status stands first in an answer, as its code (u32); what follows
// is there only for kOk. Lengths are u32.
//
//   kind          input                                  output
//   segment       log_id (16), u64 first, u32 count,     the segment
//                 u64 seed, i64 start_ms,
//                 u32 events per second, u8 open
//   gap           log_id (16), u64 first, u64 end,       the segment
//                 u8 reason, i64 now_ms
//   segment_read  a segment                              status, each event flat (encode_event)
//   segment_move  a segment                              status, the segment as open in another log
//   summary       u64 seed, u32 count, u32 parts         the encoded summaries of an hour and of
//                                                        its day, merged from parts
//   summary_read  an encoded summary                     status, the summary encoded again
//   dns_query     a message                              status, name, type, an error response
//   dns_response  a message                              status, name, TTL, the message cut to 512
//   rules         text of a list, NUL, names by line     per name: 1 if it is blocked, else 0
//   api           u64 seed, u32 events per site,         u32 HTTP status, the body
//                 text of the target
//
// An input that no recipe can read gives an empty output.
#pragma once

#include <string_view>

#include "weir/segment.h"

namespace weir {

// Empty for an unknown kind.
Bytes run_vector(std::string_view kind, ByteView input);

// A request is u32 length and text of the kind, then the input.
Bytes run_vector_request(ByteView request);

}  // namespace weir
