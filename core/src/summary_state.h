// What a Summary is made of; summary.cc counts, summary_codec.cc writes and reads.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "histogram.h"
#include "hyperloglog.h"
#include "space_saving.h"
#include "weir/summary.h"

namespace weir {

// Counters of numbers that are in use, and one for all others: DNS types and response codes. The
// numbers below kDense have a slot each, then those of the array kExtra in order, then the others.
template <size_t kDense, const auto& kExtra>
class NumberCounts {
 public:
  void add(uint16_t number, uint64_t weight) { counts_[slot_of(number)] += weight; }
  void merge(const NumberCounts& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }
  std::vector<std::pair<uint16_t, uint64_t>> list() const {
    std::vector<std::pair<uint16_t, uint64_t>> pairs;
    for (size_t slot = 0; slot < counts_.size(); ++slot) {
      if (counts_[slot] != 0) pairs.emplace_back(number_of(slot), counts_[slot]);
    }
    return pairs;
  }
  std::span<uint64_t> slots() { return counts_; }
  std::span<const uint64_t> slots() const { return counts_; }

 private:
  static size_t slot_of(uint16_t number) {
    if (number < kDense) return number;
    const auto at = std::find(kExtra.begin(), kExtra.end(), number);
    return kDense + static_cast<size_t>(at - kExtra.begin());
  }
  static uint16_t number_of(size_t slot) {
    if (slot < kDense) return static_cast<uint16_t>(slot);
    return slot < kDense + kExtra.size() ? kExtra[slot - kDense] : Summary::kOther;
  }

  std::array<uint64_t, kDense + kExtra.size() + 1> counts_{};
};

// Frozen with the format. Below 70: every type that was ever assigned there; above: SPF, EUI48,
// EUI64, TKEY, TSIG, IXFR, AXFR, ANY, URI, CAA, DLV.
inline constexpr std::array<uint16_t, 11> kExtraTypes = {99,  108, 109, 249, 250,  251,
                                                         252, 255, 256, 257, 32769};
inline constexpr std::array<uint16_t, 0> kExtraRcodes = {};
using TypeCounts = NumberCounts<70, kExtraTypes>;
using RcodeCounts = NumberCounts<24, kExtraRcodes>;

inline constexpr unsigned kNamePrecision = 12;
inline constexpr unsigned kClientPrecision = 11;
inline constexpr size_t kTopLists = 5;  // Summary::Top but the types

// What the chunks of a segment bring: how often each entry of its dictionaries is used, those that
// are not loaded being empty, and what each event has by itself.
struct SegmentUses {
  SegmentUses(const SegmentReader& segment, size_t series_size);

  // Uses of a question: all in the low half, those that were blocked in the high one, so that an
  // event changes one place.
  static constexpr uint64_t kUse = 1;
  static constexpr uint64_t kBlockedUse = kUse | kUse << 32;

  std::vector<uint64_t> questions;
  std::vector<uint32_t> clients;
  std::vector<uint32_t> traits;
  std::vector<Outcome> outcomes;  // of the traits
  Histogram durations;
  std::vector<OutcomeCounts> series;
};

// The names of a list in the order that all segments have them in. Whoever adds a segment's names
// goes along, and finds most of them a step ahead, without hash and table. A list that others
// change, too, has no order any more; then nothing is found.
class NameOrder {
 public:
  // To the front, for the next segment.
  void begin(const SpaceSaving& list);
  // The number of the name, which stands behind those that were asked for before.
  std::optional<uint32_t> find(const SpaceSaving& list, std::string_view name);
  // The number in the list of the name that was not found: from the next begin() on it is.
  void add(const SpaceSaving& list, std::string_view name, uint32_t number);

 private:
  struct Entry {
    uint32_t number = 0;
    uint32_t mark = 0;  // of the name: most others have another one
    StringInterner::Place place;
  };
  struct NewEntry {
    size_t place = 0;  // in entries_, of the first one behind it
    Entry entry;
  };

  void place_new();
  // Of the first one from at_ on that is not before the name.
  size_t place_of(const SpaceSaving& list, std::string_view name) const;

  std::vector<Entry> entries_;  // in the order of the names
  std::vector<NewEntry> new_;   // likewise
  size_t at_ = 0;
  uint64_t times_pruned_ = 0;  // of the list, when entries_ were right
};

struct Summary::State {
  Summary::Span span = Summary::Span::kAny;
  int64_t start_ms = 0;
  Summary::TopSet tops_kept;

  OutcomeCounts counts;
  std::array<uint64_t, kTransportCount> transports{};
  TypeCounts types;
  RcodeCounts rcodes;
  Histogram durations;
  std::vector<OutcomeCounts> series;
  HyperLogLog names{kNamePrecision};
  HyperLogLog clients{kClientPrecision};
  std::array<SpaceSaving, kTopLists> tops;
  NameOrder name_order;             // of Top::kNames
  std::optional<SegmentUses> uses;  // of the segment that is being added

  State(Summary::Span which, int64_t start, Summary::TopSet tops_to_keep);

  SpaceSaving& top(Summary::Top which) { return tops[static_cast<size_t>(which)]; }
  const SpaceSaving& top(Summary::Top which) const { return tops[static_cast<size_t>(which)]; }
  bool keeps(size_t list) const { return tops_kept.contains(static_cast<Summary::Top>(list)); }
  int64_t bucket_ms() const { return span == Summary::Span::kHour ? kMinuteMs : kHourMs; }
  // The bucket of a time, the nearest one if it lies outside. Precondition: there is a series.
  size_t bucket_of(int64_t time_ms) const;
  // Weight 0, no key or a list that is not kept count nothing. The caller calls limit() afterwards.
  void add_top(Summary::Top which, std::string_view key, uint64_t weight);
  // Counts a name among the distinct and the blocked ones; answers its hash64.
  uint64_t add_distinct(std::string_view qname, uint64_t blocked);
  // `blocked` of the weight ≥ 1 were blocked.
  void add_name(std::string_view qname, uint64_t weight, uint64_t blocked);
  void add_rare_name(std::string_view qname, uint64_t weight, uint64_t blocked);
  void add_listed_name(std::string_view qname, uint64_t weight, uint64_t blocked);
  void add_client(const Client& client, uint64_t weight);
  void add_trait(const SegmentReader::Trait& trait, uint64_t weight);
  void limit_tops();
  // What an event brings by itself; what it shares with others is only counted here.
  void add_own(const SegmentChunk& chunk, std::span<const uint32_t> events);
  void add_series(const SegmentChunk& chunk, std::span<const uint32_t> events);
  void add_names(const SegmentReader& segment);
  void add_shared(const SegmentReader& segment);

  // Everything but the top lists.
  void encode_fixed(Bytes* out) const;
  // What follows the start, to the end, without top lists.
  bool decode_fields(ByteReader* reader);
  // Every event is in every count.
  bool adds_up() const;
};

// How many buckets a span's series has.
size_t series_buckets(Summary::Span span);

}  // namespace weir
