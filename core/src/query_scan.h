// SegmentScan: asks the events of one segment whether they match a filter.
//
// Names and clients are judged once per entry of the segment's dictionaries, not once per event: a
// busy log repeats them thousands of times, and substring search is the dearest question there is.
#pragma once

#include <optional>
#include <vector>

#include "query_rows.h"
#include "weir/query.h"
#include "weir/segment.h"

namespace weir {

class SegmentScan {
 public:
  // Nothing if the bytes fail their checks or are not the segment that the row announces. Borrows
  // row.data and the filter for its life.
  static std::optional<SegmentScan> open(const WalkRow& row, const Filter& filter);

  size_t count() const { return reader_.count(); }
  // False only if no event matches: the bloom filter and the dictionary exclude every name asked.
  bool may_match() const;
  // The i-th event if it matches. Its strings live as long as this object.
  std::optional<Event> match(size_t i);

 private:
  enum class Verdict : uint8_t { kUnknown, kYes, kNo };

  SegmentScan(SegmentReader reader, const Filter& filter);
  template <class Judge>
  static bool judged(std::vector<Verdict>& verdicts, size_t index, const Judge& judge);

  SegmentReader reader_;
  const Filter* filter_;
  std::vector<Verdict> names_, clients_;  // empty where the filter does not ask
};

}  // namespace weir
