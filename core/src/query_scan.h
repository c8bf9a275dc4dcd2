// SegmentScan: the events of one segment that match a filter, chunk by chunk, upwards or downwards.
//
// The filter is put to the dictionaries first: once per distinct client, answer and question, not
// once per event; of the questions to the pages that may hold a name that is asked for. Where no
// entry matches, the segment is done with and no event is decoded; else the questions tell which
// chunks may hold one, and of these first the columns are decoded that the filter asks for, then,
// if any event matches, those that the caller wants. Bytes are read as they are needed: advance()
// says which, unless the row came with all of them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "name_dictionary.h"
#include "query_rows.h"
#include "weir/query.h"
#include "weir/segment.h"

namespace weir {

class SegmentScan {
 public:
  enum class Order : uint8_t { kUpwards, kDownwards };
  struct Wanted {
    ColumnSet columns = ColumnSet::all();
    Order order = Order::kUpwards;
    size_t low = 0;  // events [low, high) of the segment
    size_t high = SIZE_MAX;
  };
  // Takes the row with its bytes. The filter must outlive the scan.
  SegmentScan(WalkRow row, const Filter& filter, Wanted wanted);

  enum class Found : uint8_t { kNeedsBytes, kChunk, kEnd };
  // Moves to the next chunk with a match, or to the end, or says that needs() has to be supplied
  // first. kCorrupt if the bytes fail their checks or are not the segment that the row announces.
  Result<Found> advance();
  // Of the segment; one or two.
  const std::vector<ByteRange>& needs() const { return needs_; }
  // One piece for each of needs(). Where one has less than that, the row has gone or is not what it
  // says it is: advance() answers kCorrupt.
  void supply(std::vector<Bytes> pieces);
  // The first read of a segment whose bytes did not come with the row.
  static ByteRange front(const Filter& filter);

  // False as long as the row's first bytes are not there.
  bool is_open() const { return reader_.has_value(); }
  // Since the last call.
  uint64_t take_events_decoded() { return std::exchange(events_decoded_, 0); }
  const SegmentReader& reader() const { return *reader_; }
  const WalkRow& row() const { return row_; }
  // After kChunk: the chunk and which of its events match, ascending. Downwards, where events are
  // shown, the last ones of these; the others follow as if they were chunks.
  const SegmentChunk& chunk() const { return chunk_; }
  std::span<const uint32_t> matches() const { return found_; }
  // Where nothing but questions is asked for and wanted, which of them match is not put to each
  // event: matches() are all events of a chunk then, and this is 1 for a question that matches and
  // 0 for another one. Else empty.
  std::span<const uint8_t> questions_left() const {
    return only_questions() ? std::span<const uint8_t>(questions_) : std::span<const uint8_t>();
  }
  // The event at matches()[at]; needs all columns. Its strings live until the next call of this.
  Event event(size_t at) const { return reader_->event(chunk_, found_[at]); }
  // Its number in the log.
  uint64_t number(size_t at) const { return row_.first + chunk_.first + found_[at]; }

 private:
  static constexpr size_t kFoundFirst = 128;  // at most so many events of a chunk are shown at once

  enum class Phase : uint8_t { kFront, kDictionaries, kQuestions, kChunks, kMatches, kFound, kEnd };
  using Verdicts = std::vector<uint8_t>;  // per entry of a dictionary: 1 if it matches

  bool names_asked() const { return !filter_->domains.empty() || !filter_->contains.empty(); }
  bool only_exact_names() const;
  bool questions_asked() const { return names_asked() || !filter_->types.empty(); }
  bool answers_asked() const;
  bool times_asked() const;
  bool only_questions() const { return columns_ == ColumnSet{Column::kQuestions}; }
  ColumnSet columns_needed() const;
  ColumnSet first_columns() const;
  // True if bytes have to be supplied first: they are in needs_ then.
  bool lacks(ByteRange range);
  bool lacks_pages();
  Result<bool> open();
  // Each answers whether any event may match.
  Result<bool> judge_dictionaries();
  Result<bool> judge_bloom();
  Result<bool> judge_clients();
  Result<bool> judge_traits();
  Result<bool> judge_questions();
  Result<bool> judge_types();
  Result<bool> judge_names();
  void find_pages();
  void judge_names_of(const NameDictionary& names, Verdicts* verdicts) const;
  bool judge_page(size_t page, const Verdicts& names);
  std::optional<size_t> next_candidate() const;
  bool lacks_chunk(ColumnSet columns, size_t chunk);
  ByteRange range_of_next(ChunkPart part, size_t chunk) const;
  Status begin_chunk(size_t chunk);
  Status narrow_matches();
  Status load_found();
  void narrow(const std::vector<uint32_t>& indexes, const Verdicts& verdicts);

  WalkRow row_;
  const Filter* filter_;
  Wanted wanted_;
  Phase phase_ = Phase::kFront;
  std::vector<ByteRange> needs_;
  bool cut_short_ = false;  // what was supplied
  std::optional<SegmentReader> reader_;
  std::vector<NamePart> parts_;            // of the filter
  size_t first_page_ = 0, end_page_ = 0;   // of the questions that may be asked for
  Verdicts questions_, clients_, traits_;  // empty where the filter does not ask
  SegmentReader::ChunkSet chunks_ = SegmentReader::ChunkSet().set();  // that may hold a match
  ColumnSet columns_;       // that are decoded of a chunk with a match
  size_t next_chunk_ = 0;   // upwards the next one, downwards one past it
  size_t current_ = 0;      // the chunk at hand
  size_t chunks_per_read_;  // doubles while the scan goes on
  SegmentChunk chunk_;
  std::vector<uint32_t> matches_;  // of the chunk, as far as they are not found
  std::vector<uint32_t> found_;
  size_t found_max_ = kFoundFirst;  // doubles while the scan goes on
  uint64_t events_decoded_ = 0;
};

}  // namespace weir
