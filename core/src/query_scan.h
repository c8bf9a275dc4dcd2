// SegmentScan: the events of one segment that match a filter.
//
// Dictionaries come first. Names, questions, clients and traits are judged once per entry, not once
// per event: a busy log repeats them thousands of times, and substring search is the dearest
// question there is. Where no entry matches, the segment is done with, and its columns are never
// decoded; else only those are that the filter asks for, and the rest if any event matches.
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
  // row.data for its life.
  static std::optional<SegmentScan> open(const WalkRow& row, const Filter& filter);

  // False if no event matches; `was_read` is false then too if dictionaries alone have told so.
  bool any() const { return all_ ? reader_.count() > 0 : !matches_.empty(); }
  bool was_read() const { return was_read_; }
  const SegmentReader& reader() const { return reader_; }
  // The matching events from `begin` on, ascending.
  std::vector<uint32_t> matches_from(size_t begin) const;
  // The matching event next below `end`, or next from `begin` on.
  std::optional<size_t> last_below(size_t end) const;
  std::optional<size_t> first_from(size_t begin) const;
  // Its strings live as long as this object.
  Event event(size_t i) const { return reader_.event(i); }

 private:
  using Verdicts = std::vector<uint8_t>;  // per entry of a dictionary: 1 if it matches

  explicit SegmentScan(SegmentReader reader) : reader_(std::move(reader)) {}
  Status select(const Filter& filter);
  Result<bool> judge_questions(const Filter& filter);
  Verdicts judge_names(const Filter& filter) const;
  Result<bool> judge_clients(const Filter& filter);
  Result<bool> judge_traits(const Filter& filter);
  template <class Matches>
  void narrow(const Matches& matches);

  SegmentReader reader_;
  Verdicts questions_, clients_, traits_;  // empty where the filter does not ask
  bool was_read_ = false;
  bool all_ = false;               // every event matches
  std::vector<uint32_t> matches_;  // otherwise: which ones, ascending
};

}  // namespace weir
