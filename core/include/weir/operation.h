// Operation: a piece of storage work as a plain state object that does no I/O.
//
// A host drives it: `Step step = op.start()`, does what the step says, and calls `op.resume(reply)`
// until the step is Done. The same object runs over SQLite, D1 and, in tests, over memory. Rules
// that keep the homes equal: a Group commits or fails as a whole; no step needs rows that it reads
// in its own group; every writing group is guarded, so that repeating it is safe; no snapshot spans
// steps; at most kStatementsPerRequestMax statements per group. Budgets are units of work, not
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weir/statement.h"
#include "weir/status.h"

namespace weir {

// Statements to run in one transaction, in order. Answered by Reply::results, one Rows per
// statement.
struct Group {
  std::vector<Statement> statements;
  bool writes = false;  // false: only reads; the host may use a read-only connection
};

// Bytes [offset, offset + length) of segments.data of row `segment`, for each of the ranges.
// Answered by Reply::pieces, one per range, which is shorter if the row is, and empty if there is
// no such row or its bytes are elsewhere. All of one moment where the host can do that.
struct Read {
  struct Range {
    int64_t segment = 0;
    uint32_t offset = 0;
    uint32_t length = 0;
  };
  std::vector<Range> ranges;
};

// An object store (R2). Hosts without one answer kUnsupported.
struct Object {
  enum class Kind : uint8_t { kPut = 0, kGet = 1, kDelete = 2 };
  Kind kind = Kind::kGet;
  std::string key;
  Bytes bytes;          // put
  uint32_t offset = 0;  // get
  uint32_t length = 0;
};

// Bytes of the answer, in order. Without head and bytes it only lets the host do something else
// before long work goes on. `head` stands in the first Emit of an HTTP answer only.
struct HttpHead {
  int status = 200;
  std::string content_type;
  int64_t retry_after_s = 0;  // 0: no such header
  // Not for the answer, which says so itself: stored segments failed their checks.
  bool met_damage = false;
};
struct Emit {
  std::optional<HttpHead> head;
  std::string bytes;
};

// The end. The operation's result accessors are valid if the status is ok.
struct Done {
  Status status;
};

using Step = std::variant<Group, Read, Object, Emit, Done>;

// What the host found. status != ok: the step had no effect (Group: rolled back); the operation
// decides what then.
struct Reply {
  Status status;
  std::vector<Rows> results = {};
  std::vector<Bytes> pieces = {};
};

class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;

  // Call once, first.
  Step start() { return resume(Reply{}); }
  // Call with the answer to the last step; never after Done.
  virtual Step resume(Reply reply) = 0;
};

}  // namespace weir
