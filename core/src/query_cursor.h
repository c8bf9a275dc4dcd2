// QueryCursor: where a walk through find_queries stands, as opaque text.
//
// It names positions in logs by event number, not segments or rows, so that it stays valid while
// segments are extended, merged and removed. Logs that the walk has not touched are not named: the
// window, fixed by the first page, keeps later events out of the later pages. A check and a digest
// of the filter tell damaged text and another question's cursor; they are no secret, and need not
// be: a forged cursor reads nothing that its filter does not allow.
//
// Bytes, in hexadecimal: version 0; since and until (varints); the filter's digest (u32); per log
// in ascending order the difference of log_no and the number below which to go on (varints); CRC32C
// of all that (u32).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "weir/query.h"

namespace weir {

struct QueryCursor {
  int64_t since_ms = 0;
  int64_t until_ms = 0;
  std::map<int64_t, uint64_t> below;  // by log_no: the events before this number are still to come

  bool operator==(const QueryCursor&) const = default;
};

// kTooLarge past kCursorTextBytesMax (limits.h).
Result<std::string> encode_cursor(const QueryCursor& cursor, const Filter& filter);
// kInvalid for anything that encode_cursor has not written for this filter (its window aside).
Result<QueryCursor> decode_cursor(std::string_view text, const Filter& filter);

}  // namespace weir
