// Session: one operation as the C ABI drives it, from its arguments to Done.
#pragma once

#include <functional>
#include <memory>

#include "messages.h"
#include "weir/operation.h"

namespace weir {

// An operation, and what it leaves behind when it is done (null: nothing worth a log line).
struct Prepared {
  std::unique_ptr<Operation> operation;
  std::function<Counters()> counters;
};

// Reads the arguments of an operation:
//
//   u8 kind, then by kind (integers i64; `token` = bytes, the SHA-256 of the bearer token, or none)
//     0 statements       nothing; emits the statements in D1's dialect (messages.h)
//     1 api              text method, text target, now_ms, token, u8 trusted,
//                        budget: events, bytes, statements, reply_bytes
//     2 ingest           text site, text log_id, first, bytes body, token, now_ms, interval_s
//     3 ingest_state     text site, text log_id, token, interval_s
//     4 advance_rollups  now_ms, events, statements
//     5 retain           now_ms, events_days, rollup_days, segments_max
//     6 put_token        token, text name, text scopes, now_ms
//     7 drop_token       token
//     8 find_grants      token; ends with the counter admin, 1 or 0
//
// Anything else, and any byte too few or too many, gives an operation that ends with kInvalid.
Prepared prepare(ByteView arguments);

// Thread-compatible.
class Session {
 public:
  explicit Session(Prepared prepared) : prepared_(std::move(prepared)) {}

  // Goes on to the next step. The first reply is empty. Object steps are answered here, with
  // kUnsupported: no host of this ABI has an object store. Precondition: the last step was not
  // Done.
  void resume(ByteView reply);
  // The current step as a message.
  const Bytes& message() const { return message_; }

 private:
  Step next(Reply reply);

  Prepared prepared_;
  Step asked_ = Emit{};
  Bytes message_;
};

}  // namespace weir
