// Segment: an immutable, self-contained, checksummed block that covers events [first, first +
// count) of one log.
//
// docs/segment_format.md specifies the bytes. A segment holds the events of one UTC hour, or of
// several quiet ones of a day; segmentation is no identity: events are (log, n), and each side cuts
// and merges segments as it likes. The encoder is deterministic: the same events give the same
// content bytes on every platform, so content_crc tells whether two parties hold the same events.
// Reading trusts nothing: every length is checked against limits.h before it is used.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/event.h"
#include "weir/limits.h"
#include "weir/status.h"

namespace weir {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

// A log's random name: 16 bytes, 32 hex digits in URLs and JSON.
struct LogId {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const LogId&) const = default;
};
std::string log_id_text(const LogId& id);  // 32 lower-case hex digits
Result<LogId> parse_log_id(std::string_view text);

enum class SegmentKind : uint8_t { kEvents = 0, kGap = 1 };

// Why events of a gap are not there. Frozen numbers.
enum class GapReason : uint8_t {
  kNone = 0,
  kBudget = 1,    // removed to keep within max_bytes before they were forwarded
  kData = 2,      // the encoder or the database refuses this very event
  kRejected = 3,  // the receiver said 422
  kCorrupt = 4,   // the stored segment fails its checks
  kForked = 5,    // the number range belongs to another log since a restore
  kExpired = 6,   // removed by age before they were forwarded
};
inline constexpr size_t kGapReasonCount = 7;
std::string_view gap_reason_name(GapReason reason);

// Cumulative counters of one log at the time its segment was closed; they only grow. Dropped events
// have no number.
enum class DropReason : uint8_t {
  kBufferFull = 0,
  kData = 1,
  kCrash = 2,
  kShutdown = 3,
  kDisabled = 4
};
inline constexpr size_t kDropReasonCount = 5;
std::string_view drop_reason_name(DropReason reason);

struct LedgerCounters {
  uint64_t offered = 0;
  uint64_t collapsed = 0;
  std::array<uint64_t, kDropReasonCount> dropped{};
  bool operator==(const LedgerCounters&) const = default;
};

// What the head of a segment tells without decoding its columns.
struct SegmentHead {
  uint8_t version = 0;
  SegmentKind kind = SegmentKind::kEvents;
  GapReason gap_reason = GapReason::kNone;
  bool open = false;  // the sender may replace it by a longer one with the same first
  LogId log;
  uint64_t first = 0;
  uint64_t count = 0;  // events covered; for a gap any number, else <= kSegmentEventsMax
  int64_t first_ms =
      0;  // least and greatest event time; for a gap both the time of its declaration
  int64_t last_ms = 0;
  std::array<uint64_t, kOutcomeCount> outcomes{};
  LedgerCounters ledger;
  uint32_t head_bytes = 0;   // length of the head
  uint32_t total_bytes = 0;  // length of the whole segment
  uint32_t content_crc = 0;  // CRC32C of the table behind the head: depends on the events alone

  uint64_t end() const { return first + count; }
};

// Checks the head's own checksum and bounds only. `bytes` may be longer (segments stand back to
// back). kCorrupt, kTooLarge, or kUnsupported for a newer version.
Result<SegmentHead> read_segment_head(ByteView bytes);

class SegmentReader;

// Collects events and encodes them. Thread-compatible. Events are copied in.
class SegmentBuilder {
 public:
  // `span_ms`: an hour or a day of UTC, which the events must not leave.
  explicit SegmentBuilder(int64_t span_ms = kHourMs);
  ~SegmentBuilder();
  SegmentBuilder(SegmentBuilder&&) noexcept;
  SegmentBuilder& operator=(SegmentBuilder&&) noexcept;

  // kInvalid or kTooLarge as check_event; kConflict if the event lies in another span than those
  // before; kFull at kSegmentEventsMax. On failure nothing has changed.
  Status add(const Event& event);
  // Adds the events of a segment from SegmentReader::open() as if one by one, but looks up what
  // they share once. kConflict, kFull as above.
  Status add(const SegmentReader& segment);

  size_t count() const;
  // The i-th event as it was added. Its strings live until the next add() or clear().
  Event event(size_t i) const;
  // An upper estimate of the encoded size in bytes; cheap, grows with every add.
  size_t bytes_estimate() const;
  bool empty() const { return count() == 0; }

  struct Options {
    LogId log;
    uint64_t first = 0;
    bool open = false;
    LedgerCounters ledger;
  };
  // Encodes all events added so far; the builder keeps them, so an open segment can be extended and
  // encoded again. Precondition: not empty.
  Bytes encode(const Options& options) const;
  // The same in parts of some milliseconds, for who has other things to do in between. The builder
  // must stay as it is until the end.
  class Encoding;
  Encoding start_encoding(const Options& options) const;
  void clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class SegmentBuilder::Encoding {
 public:
  ~Encoding();
  Encoding(Encoding&&) noexcept;
  Encoding& operator=(Encoding&&) noexcept;

  // Does the next part; false if that was the last one.
  bool step();
  // The segment, once step() was false.
  Bytes segment() const;

 private:
  friend class SegmentBuilder;
  struct State;
  explicit Encoding(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A gap that covers [first, end): head only.
Bytes encode_gap(const LogId& log, uint64_t first, uint64_t end, GapReason reason, int64_t now_ms,
                 const LedgerCounters& ledger);
// The same events under another head (log id, first, open, ledger): columns are not decoded.
Result<Bytes> rewrite_segment_head(ByteView segment, const SegmentBuilder::Options& options);

// What a segment is made of behind its head: dictionaries of what the events share, the largest one
// in pages, then the events in chunks of kSegmentChunkEvents, each with a column per field. Frozen
// numbers.
enum class Section : uint8_t {
  kIndex = 0,  // of the pages
  kClients = 1,
  kStrings = 2,  // lists and upstreams
  kTraits = 3,   // distinct (outcome, transport, ad, rcode, list, upstream)
  kBloom = 4,    // of the names
  kPages = 5,    // distinct (name, qtype), kPageQuestions in a page
};
inline constexpr size_t kSectionCount = 6;
enum class Column : uint8_t {
  kQuestions = 0,  // the first three are indexes into the dictionaries
  kClients = 1,
  kTraits = 2,
  kTimes = 3,
  kDurations = 4,  // stored by outcome: needs kTraits
  kSizes = 5,      // stored against the question's: needs kQuestions
};
inline constexpr size_t kColumnCount = 6;

// The columns of the chunks lie in two parts, each read and checked by itself: those of the
// questions, which are all that counting names takes, and the rest. Frozen numbers.
enum class ChunkPart : uint8_t { kQuestions = 0, kRest = 1 };
inline constexpr size_t kChunkPartCount = 2;

class ColumnSet {
 public:
  constexpr ColumnSet() = default;
  constexpr ColumnSet(std::initializer_list<Column> columns) {
    for (const Column column : columns) add(column);
  }
  static constexpr ColumnSet all() {
    ColumnSet set;
    set.bits_ = (1U << kColumnCount) - 1;
    return set;
  }
  constexpr void add(Column column) { bits_ |= 1U << static_cast<unsigned>(column); }
  constexpr bool has(Column column) const {
    return (bits_ >> static_cast<unsigned>(column) & 1) != 0;
  }
  constexpr bool operator==(const ColumnSet&) const = default;
  // Any column of the part. Sizes are stored against what the questions are expected to bring.
  constexpr bool needs(ChunkPart part) const {
    return part == ChunkPart::kRest ? (bits_ >> 1) != 0
                                    : has(Column::kQuestions) || has(Column::kSizes);
  }

 private:
  uint32_t bits_ = 0;
};

// Events of a segment that are decoded together. A column is valid if it was loaded.
struct SegmentChunk {
  size_t index = SIZE_MAX;
  size_t first = 0;  // in the segment
  size_t count = 0;
  size_t end() const { return first + count; }
  ColumnSet columns;
  std::vector<uint32_t> questions, clients, traits;
  std::vector<int64_t> times_ms;
  std::vector<uint32_t> durations_us;
  std::vector<uint16_t> sizes;

  // The last three as they are stored, for the reader.
  struct Stored {
    int64_t time_ms = 0;  // of the first event
    std::vector<int32_t> time_steps;
    std::vector<uint32_t> durations_us;  // by outcome
    std::vector<uint32_t> surprises;     // zigzag of the sizes less what is expected
  } stored;
};

// Bytes [offset, offset + length) of a segment.
struct ByteRange {
  uint32_t offset = 0;
  uint32_t length = 0;

  bool operator==(const ByteRange&) const = default;
};

class PageIndex;     // page_index.h
class QuestionPage;  // question_page.h

// Reads one segment. Thread-compatible.
//
// open() has the whole segment before it and decodes and checks all of it, so that nothing can fail
// afterwards. open_front() is for scans of what was stored, which was checked before and of which
// most is not needed: it has the first bytes, checks the head and the table behind it, and then
// tells where the sections and chunks lie that are asked for; they are checked when they are
// loaded.
class SegmentReader {
 public:
  // Whose bytes they are: a stranger's, or those that were checked before they were stored and have
  // kept their checksums, so that the form of names is not looked at again.
  enum class Trust : uint8_t { kNone, kStored };
  // Borrows `bytes`, which must outlive the reader.
  static Result<SegmentReader> open(ByteView bytes, Trust trust = Trust::kNone);
  // The whole segment or its first bytes, at least kSegmentFrontBytes of a longer one.
  static Result<SegmentReader> open_front(Bytes front);
  ~SegmentReader();
  SegmentReader(SegmentReader&&) noexcept;
  SegmentReader& operator=(SegmentReader&&) noexcept;

  const SegmentHead& head() const;
  size_t count() const;  // 0 for a gap
  size_t chunk_count() const;

  // Where the sections first … last and the parts of the chunks first … last lie, in one range
  // each.
  ByteRange range_of(Section first, Section last) const;
  ByteRange range_of_chunks(ChunkPart part, size_t first, size_t last) const;
  bool has(ByteRange range) const;
  // Adds what was read from there. Of either part of chunks only what was supplied last is kept.
  void supply(ByteRange range, Bytes bytes);

  // Checks and decodes a section and those that it refers to, unless that is done already; of the
  // pages all. kCorrupt if a check fails or bytes are missing.
  Status load(Section section);
  // Decodes columns of a chunk into `*chunk`, which may hold others of it already; loads the
  // sections that they refer to.
  Status load_chunk(size_t index, ColumnSet columns, SegmentChunk* chunk) const;
  // As load_chunk() with all columns for who shows only these of the chunk's events, which ascend:
  // only their questions are loaded, only their times, durations and sizes are valid.
  Status load_events(size_t index, std::span<const uint32_t> events, SegmentChunk* chunk) const;

  // The i-th event of a chunk with all columns, or one of those from load_events(). Its strings
  // live until the next call of question() or event().
  Event event(const SegmentChunk& chunk, size_t i) const;
  // The i-th event of the segment, which must be from open(). In order they cost the least.
  Event event(size_t i) const;

  // The following may be used once their section is loaded.

  // False only if no event of the segment has this name, by the bloom filter alone.
  bool may_contain_name(std::string_view qname) const;
  size_t client_count() const;
  const Client& client(size_t index) const;

  // Questions are sorted by name, in the order of the names' reversed bytes, so that those of a
  // domain stand together.
  struct Question {
    std::string_view name;  // until the next call of question() or event()
    uint16_t qtype = 0;
  };
  size_t question_count() const;  // of kIndex
  Question question(size_t index) const;
  // How many bytes all names have together, each at least once.
  size_t name_bytes() const;
  const PageIndex& pages() const;  // of kIndex
  // Loads a page's names, or also its questions, or all of it; kCorrupt as load().
  enum class PagePart : uint8_t { kNames = 0, kQuestions = 1, kPlaces = 2 };
  Status load_page(size_t index, PagePart part) const;
  const QuestionPage& page(size_t index) const;
  ByteRange range_of_pages(size_t first, size_t last) const;
  // Which chunks of a segment hold something.
  using ChunkSet = std::bitset<kSegmentChunksMax>;

  struct Trait {
    Outcome outcome = Outcome::kForwarded;
    Transport transport = Transport::kUdp;
    bool ad = false;
    uint16_t rcode = 0;
    std::string_view list;
    std::string_view upstream;
  };
  size_t trait_count() const;
  const Trait& trait(size_t index) const;

 private:
  struct State;
  explicit SegmentReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// CRC32C (Castagnoli, RFC 3720 B.4), continued from `crc`.
uint32_t crc32c(ByteView bytes, uint32_t crc = 0);

}  // namespace weir
