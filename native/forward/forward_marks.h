// ForwardMarks: for each log, its end at the first start of the process since the receiver was last
// found to hold our events. It is what Sender::Start::trusted_end asks for.
//
// A database that was restored from a copy numbers other events than the receiver has from its end
// on. Until that is noticed, which takes a receiver that can be reached, the process may have been
// started several times; so the mark is kept in a small file beside the database. The file is text,
// one line "<log id> <number>" per log, replaced as a whole.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

// Thread-compatible.
class ForwardMarks {
 public:
  // Without a path nothing is kept. A file that is missing or damaged is empty: the ends at this
  // start are trusted.
  explicit ForwardMarks(std::string path);
  // Reads the file unless that was done; before it has succeeded, no end should be trusted.
  Status load();

  // The trusted end of a log that ends at `end` now, remembered if it is new.
  uint64_t trusted_end(const LogId& log, uint64_t end);
  // The receiver holds our events: there is nothing to remember.
  void verified(const LogId& log);
  // Writes the file if something has changed since it was last written.
  Status save();

 private:
  std::string path_;
  std::map<LogId, uint64_t> marks_;
  bool was_read_ = false;
  bool changed_ = false;
};

}  // namespace weir
