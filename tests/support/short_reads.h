// ShortReads: an executor of which some reads by ranges bring less than was asked for, as of a row
// that has gone since it was listed, or that is not as long as it says.
#pragma once

#include <algorithm>

#include "weir/executor.h"

namespace weir {

class ShortReads final : public Executor {
 public:
  explicit ShortReads(Executor* inner) : inner_(*inner) {}

  int shorten = 0;  // so many reads to come
  size_t left = 0;  // bytes that are left of each piece

  Reply run_group(const Group& group) override { return inner_.run_group(group); }
  Reply run_read(const Read& read) override {
    Reply reply = inner_.run_read(read);
    if (shorten == 0) return reply;
    --shorten;
    for (Bytes& piece : reply.pieces) piece.resize(std::min(piece.size(), left));
    return reply;
  }

 private:
  Executor& inner_;
};

}  // namespace weir
