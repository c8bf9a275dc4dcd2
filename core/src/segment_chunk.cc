// Decoding the chunks of a segment, column by column.
#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "column.h"
#include "segment_state.h"

namespace weir {
namespace {

constexpr int64_t kStepMax = kDayMs;  // between events of one segment
constexpr int64_t kSizeMax = static_cast<int64_t>(kMessageBytesMax);

ColumnRange index_range(size_t size) { return {0, static_cast<int64_t>(size) - 1}; }

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

// A column and what it cannot be decoded without.
struct ColumnNeeds {
  Section section;
  Column column;  // itself: none
};
constexpr std::array<ColumnNeeds, kColumnCount> kNeeds = {{
    {Section::kIndex, Column::kQuestions},
    {Section::kClients, Column::kClients},
    {Section::kTraits, Column::kTraits},
    {Section::kTraits, Column::kTimes},
    {Section::kTraits, Column::kTraits},
    {Section::kIndex, Column::kQuestions},
}};

// How often a value occurs: in parts that a byte can count, which is many at a time.
size_t count_of(uint8_t value, std::span<const uint8_t> values) {
  constexpr size_t kPart = 128;
  size_t count = 0;
  for (; !values.empty(); values = values.subspan(std::min(kPart, values.size()))) {
    uint8_t in_part = 0;
    for (const uint8_t other : values.first(std::min(kPart, values.size()))) {
      in_part = static_cast<uint8_t>(in_part + (other == value ? 1 : 0));
    }
    count += in_part;
  }
  return count;
}

template <class T>
bool read_values(ByteReader* reader, ColumnRange range, size_t count, std::vector<T>* values) {
  values->resize(count);
  return decode_column<T>(reader, range, *values);
}

}  // namespace

bool SegmentReader::State::read_column(Column column, ByteReader* reader,
                                       SegmentChunk* chunk) const {
  const size_t n = chunk->count;
  SegmentChunk::Stored& stored = chunk->stored;
  switch (column) {
    case Column::kQuestions:
      return read_values(reader, index_range(index.question_count()), n, &chunk->questions);
    case Column::kClients:
      return read_values(reader, index_range(clients.size()), n, &chunk->clients);
    case Column::kTraits:
      return read_values(reader, index_range(traits.size()), n, &chunk->traits);
    case Column::kTimes:
      stored.time_ms = static_cast<int64_t>(reader->varint_up_to(kTimeMsMax));
      return read_values(reader, {-kStepMax, kStepMax}, n, &stored.time_steps) &&
             stored.time_steps[0] == 0;
    case Column::kDurations:
      return read_values(reader, {0, UINT32_MAX}, n, &stored.durations_us);
    case Column::kSizes:
      return read_values(reader, {0, 2 * kSizeMax}, n, &stored.surprises);
  }
  return false;
}

bool SegmentReader::State::make_times(SegmentChunk* chunk) const {
  chunk->times_ms.resize(chunk->count);
  int64_t time = chunk->stored.time_ms;
  int64_t least = kTimeMsMax;
  int64_t most = 0;
  for (size_t i = 0; i < chunk->count; ++i) {
    time += chunk->stored.time_steps[i];
    least = std::min(least, time);
    most = std::max(most, time);
    chunk->times_ms[i] = time;
  }
  return least >= head.first_ms && most <= head.last_ms;
}

bool SegmentReader::State::make_times(std::span<const uint32_t> events, SegmentChunk* chunk) const {
  chunk->times_ms.resize(chunk->count);
  const int32_t* const steps = chunk->stored.time_steps.data();
  int64_t time = chunk->stored.time_ms;
  size_t next = 0;
  bool within = true;
  for (const uint32_t event : events) {
    time = std::accumulate(steps + next, steps + event + 1, time);
    next = size_t{event} + 1;
    within = within && time >= head.first_ms && time <= head.last_ms;
    chunk->times_ms[event] = time;
  }
  return within;
}

// The column is grouped by outcome; within an outcome it keeps the events' order.
void SegmentReader::State::make_durations(SegmentChunk* chunk) const {
  std::array<size_t, kOutcomeCount + 1> next{};
  for (const uint32_t trait : chunk->traits) ++next[outcomes[trait] + size_t{1}];
  for (size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  chunk->durations_us.resize(chunk->count);
  for (size_t i = 0; i < chunk->count; ++i) {
    chunk->durations_us[i] = chunk->stored.durations_us[next[outcomes[chunk->traits[i]]]++];
  }
}

// As above, but counts what stands before the events instead of moving it.
void SegmentReader::State::make_durations(std::span<const uint32_t> events,
                                          SegmentChunk* chunk) const {
  std::array<uint8_t, kSegmentChunkEvents> all;
  for (size_t i = 0; i < chunk->count; ++i) all[i] = outcomes[chunk->traits[i]];
  chunk->durations_us.resize(chunk->count);
  size_t start = 0;  // of the outcome's durations
  for (uint8_t outcome = 0; outcome < kOutcomeCount; ++outcome) {
    size_t at = start;
    size_t counted = 0;  // events
    for (const uint32_t event : events) {
      if (all[event] != outcome) continue;
      at += count_of(outcome, std::span(all).subspan(counted, event - counted));
      counted = event;
      chunk->durations_us[event] = chunk->stored.durations_us[at];
    }
    start = at + count_of(outcome, std::span(all).subspan(counted, chunk->count - counted));
  }
}

bool SegmentReader::State::make_size(size_t event, SegmentChunk* chunk) const {
  const uint32_t question = chunk->questions[event];
  const int64_t expected = pages[question / kPageQuestions].answer_size(question % kPageQuestions);
  const int64_t size = expected + unzigzag(chunk->stored.surprises[event]);
  chunk->sizes[event] = static_cast<uint16_t>(size);
  return size >= 0 && size <= kSizeMax;
}

// The bytes of a part of a chunk, checked unless a column of it was taken from there before.
Result<ByteView> SegmentReader::State::part_of_chunk(ChunkPart part,
                                                     const SegmentChunk& chunk) const {
  const ByteView bytes = bytes_at(table.chunks(part, chunk.index, chunk.index));
  const bool checked = part == ChunkPart::kQuestions ? chunk.columns.has(Column::kQuestions)
                                                     : chunk.columns.needs(ChunkPart::kRest);
  if (bytes.empty() || (!checked && crc32c(bytes) != table.chunk_crc(part, chunk.index))) {
    return corrupt("a segment fails its checksum");
  }
  return bytes;
}

Status SegmentReader::State::load_column(Column column, ByteView bytes, SegmentChunk* chunk) {
  WEIR_TRY(load(kNeeds[static_cast<size_t>(column)].section));
  ByteReader reader(bytes);
  if (!read_column(column, &reader, chunk) || !reader.ok() || !reader.at_end()) {
    return corrupt("a segment's column is malformed");
  }
  chunk->columns.add(column);
  return {};
}

// Those of `columns` that the rest of the chunk holds and that are not loaded yet.
Status SegmentReader::State::load_rest(ColumnSet columns, SegmentChunk* chunk) {
  WEIR_ASSIGN(const ByteView bytes, part_of_chunk(ChunkPart::kRest, *chunk));
  ByteReader reader(bytes);
  std::array<uint64_t, kColumnCount> lengths{};  // of the questions none
  for (size_t i = 1; i < kColumnCount; ++i) lengths[i] = reader.varint_up_to(bytes.size());
  for (size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    const ByteView part = reader.take(lengths[i]);
    if (!reader.ok()) return corrupt("a segment's columns do not fill their chunk");
    if (!columns.has(column) || chunk->columns.has(column)) continue;
    WEIR_TRY(load_column(column, part, chunk));
  }
  if (!reader.at_end()) return corrupt("a segment's columns do not fill their chunk");
  return {};
}

void SegmentReader::State::begin_chunk(size_t number, SegmentChunk* chunk) const {
  if (chunk->index == number) return;
  chunk->index = number;
  chunk->first = number * kSegmentChunkEvents;
  chunk->count = std::min(kSegmentChunkEvents, count() - chunk->first);
  chunk->columns = {};
}

// Of the sizes only how they differ from what is expected.
Status SegmentReader::State::load_columns(ColumnSet columns, SegmentChunk* chunk) {
  for (size_t i = 0; i < kColumnCount; ++i) {
    if (columns.has(static_cast<Column>(i))) columns.add(kNeeds[i].column);
  }
  if (columns.has(Column::kQuestions) && !chunk->columns.has(Column::kQuestions)) {
    WEIR_ASSIGN(const ByteView bytes, part_of_chunk(ChunkPart::kQuestions, *chunk));
    WEIR_TRY(load_column(Column::kQuestions, bytes, chunk));
  }
  return columns.needs(ChunkPart::kRest) ? load_rest(columns, chunk) : Status();
}

Status SegmentReader::State::load_chunk(size_t number, ColumnSet columns, SegmentChunk* chunk) {
  begin_chunk(number, chunk);
  const ColumnSet before = chunk->columns;
  WEIR_TRY(load_columns(columns, chunk));
  const auto is_new = [&](Column column) { return columns.has(column) && !before.has(column); };
  bool can_be = true;
  if (is_new(Column::kTimes)) can_be = make_times(chunk);
  if (is_new(Column::kDurations)) make_durations(chunk);
  if (is_new(Column::kSizes)) {
    WEIR_TRY(load(Section::kPages));
    chunk->sizes.resize(chunk->count);
    for (size_t i = 0; i < chunk->count; ++i) can_be &= make_size(i, chunk);
  }
  return can_be ? Status() : corrupt("a segment's column is malformed");
}

Status SegmentReader::State::load_events(size_t number, std::span<const uint32_t> events,
                                         SegmentChunk* chunk) {
  begin_chunk(number, chunk);
  WEIR_TRY(load_columns(ColumnSet::all(), chunk));
  bool can_be = make_times(events, chunk);
  make_durations(events, chunk);
  chunk->sizes.resize(chunk->count);
  for (const uint32_t i : events) {
    WEIR_TRY(load_page(chunk->questions[i] / kPageQuestions, PagePart::kQuestions));
    can_be &= make_size(i, chunk);
  }
  return can_be ? Status() : corrupt("a segment's column is malformed");
}

Status SegmentReader::State::check_chunks() {
  int64_t first_ms = kTimeMsMax;
  int64_t last_ms = 0;
  std::array<uint64_t, kOutcomeCount> by_outcome{};
  std::vector<QuestionChunks> chunks(index.question_count());
  for (size_t number = 0; number < table.chunk_count(); ++number) {
    WEIR_TRY(load_chunk(number, ColumnSet::all(), &current));
    const auto [least, most] =
        std::minmax_element(current.times_ms.begin(), current.times_ms.end());
    first_ms = std::min(first_ms, *least);
    last_ms = std::max(last_ms, *most);
    for (const uint32_t trait : current.traits) {
      ++by_outcome[outcomes[trait]];
    }
    for (const uint32_t question : current.questions) chunks[question].add(number);
  }
  if (head.kind == SegmentKind::kGap) return {};
  bool agrees = first_ms == head.first_ms && last_ms == head.last_ms && by_outcome == head.outcomes;
  for (size_t page = 0; page < index.page_count(); ++page) {
    agrees = agrees && pages[page].tells(std::span(chunks).subspan(page * kPageQuestions));
  }
  return agrees ? Status() : corrupt("a segment's events are not those of its head");
}

}  // namespace weir
