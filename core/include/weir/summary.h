// Summary: mergeable statistics of a set of events, the content of a rollup.
//
// Counters, the distinct counts (HyperLogLog, Flajolet et al. 2007, with the small-range estimate
// of Heule et al. 2013 or Ertl 2017), the latency histogram (log-linear buckets, as HdrHistogram)
// and the series merge exactly and associatively: any grouping and order of merges gives the same
// bytes. Top lists (Space-Saving, Metwally et al. 2005; merging after Agarwal et al. 2012) merge
// commutatively, and their bound holds after any order of merging: true count ∈ [count − error,
// count]. All arithmetic that is stored is integer.
//
// docs/summary_format.md specifies the bytes. Distinct counts are exact up to 256; beyond, their
// standard error is 1.6 % for names (4,096 registers) and 2.3 % for clients (2,048), the same for
// hours and days, so that merging loses nothing. Types and response codes are exact for those in
// use; rare ones are counted together, so that nobody can make a summary large with them.
//
// A summary covers one hour (series: 60 minutes) or one day (series: 24 hours) of UTC, or, as an
// answer to a query, any span (no series).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weir/event.h"
#include "weir/segment.h"
#include "weir/status.h"

namespace weir {

struct OutcomeCounts {
  std::array<uint64_t, kOutcomeCount> by_outcome{};

  uint64_t total() const;
  void add(const OutcomeCounts& other);
  uint64_t operator[](Outcome outcome) const { return by_outcome[static_cast<size_t>(outcome)]; }
  bool operator==(const OutcomeCounts&) const = default;
};

struct TopEntry {
  std::string key;
  uint64_t count = 0;  // never below the true count
  uint64_t error = 0;  // the largest possible overcount
};

struct Latency {  // microseconds; the mean is rounded down, percentiles are within 1/32
  uint64_t mean = 0;
  uint64_t p50 = 0;
  uint64_t p95 = 0;
  uint64_t p99 = 0;
};

class Summary {
 public:
  enum class Span : uint8_t { kHour = 0, kDay = 1, kAny = 2 };
  enum class Top : uint8_t {
    kNames = 0,
    kBlockedNames = 1,
    kClients = 2,
    kUpstreams = 3,
    kLists = 4,
    kTypes = 5
  };

  // Which top lists a summary keeps. They are the most of a summary's bytes and of the work of
  // adding, merging and decoding; whoever asks for something else leaves them out.
  class TopSet {
   public:
    constexpr TopSet() = default;  // none
    constexpr TopSet(Top top) : bits_(1U << static_cast<unsigned>(top)) {}
    static constexpr TopSet all() { return TopSet(~0U); }
    constexpr bool contains(Top top) const {
      return (bits_ >> static_cast<unsigned>(top) & 1) != 0;
    }

   private:
    explicit constexpr TopSet(unsigned bits) : bits_(bits) {}
    unsigned bits_ = 0;
  };

  // start_ms: the UTC start of the hour or day; 0 for kAny.
  explicit Summary(Span span = Span::kAny, int64_t start_ms = 0, TopSet tops = TopSet::all());
  ~Summary();
  Summary(const Summary&);
  Summary& operator=(const Summary&);
  Summary(Summary&&) noexcept;
  Summary& operator=(Summary&&) noexcept;

  Span span() const;
  int64_t start_ms() const;

  // An event outside the span is counted at the nearest edge of the series (late or skewed clocks).
  void add(const Event& event);
  // Events of a segment, chunk by chunk in any order, then finish(): quicker than event by event,
  // since what they share is counted by its index first. Only what the chunk's columns tell is
  // counted. Between the first chunk and finish() nothing else may be asked or added.
  void add(const SegmentReader& segment, const SegmentChunk& chunk,
           std::span<const uint32_t> events);
  // Where `questions` are given, one verdict for each of the segment's: 0 leaves the question out,
  // as if its events had not been added, 1 keeps it. For who adds questions and nothing else.
  void finish(const SegmentReader& segment, std::span<const uint8_t> questions = {});
  // Leaves the chunks since the last finish() out, for example because the next one is corrupt.
  void discard();
  // `other` may cover a smaller span: its series is folded into this one's buckets. It has all top
  // lists that this one keeps.
  void merge(const Summary& other);

  bool empty() const;
  const OutcomeCounts& counts() const;
  uint64_t unique_names() const;
  uint64_t unique_clients() const;   // clients without an address are not counted
  bool latency(Latency* out) const;  // false if there are no events
  // By count descending, then key ascending. Keys are names, clients' text (client_text), upstreams
  // and lists as configured, and mnemonics of types ("other" for those counted together). For types
  // the counts are exact, and no list is kept.
  std::vector<TopEntry> top(Top which, size_t limit) const;
  // What a top list does not show is at most this, for every key.
  uint64_t top_floor(Top which) const;
  // Exact counts by number, ascending, without zeros; kOther last, for all numbers not in use.
  static constexpr uint16_t kOther = 0xffff;
  std::vector<std::pair<uint16_t, uint64_t>> types() const;
  std::vector<std::pair<uint16_t, uint64_t>> rcodes() const;
  std::array<uint64_t, kTransportCount> transports() const;

  // Bucket i of the series: minute i of the hour or hour i of the day.
  const OutcomeCounts& series(size_t i) const;
  size_t series_size() const;  // 60, 24 or 0

  // At most bytes_max: the top lists shrink, all by the same number of keys, and say how large the
  // error has become. Nothing else shrinks, so fewer than kHourRollupBytesMax may not suffice;
  // those do for up to 2^28 events an hour. Deterministic: equal contents give equal bytes.
  // Precondition: all top lists are kept.
  Bytes encode(size_t bytes_max) const;
  // Lists that are not in `tops` are passed over, and their checksums are not looked at.
  static Result<Summary> decode(ByteView bytes, TopSet tops = TopSet::all());

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
