// Decoding the chunks of a segment, column by column.
#include <algorithm>
#include <array>
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
    {Section::kQuestions, Column::kQuestions},
    {Section::kClients, Column::kClients},
    {Section::kTraits, Column::kTraits},
    {Section::kTraits, Column::kTimes},
    {Section::kTraits, Column::kTraits},
    {Section::kQuestions, Column::kQuestions},
}};

// Room for a column that is not kept as it stands; left as it is, since it is filled at once.
template <class T>
using Scratch = std::array<T, kSegmentChunkEvents>;

std::vector<uint32_t>* index_column(Column column, SegmentChunk* chunk) {
  if (column == Column::kQuestions) return &chunk->questions;
  return column == Column::kClients ? &chunk->clients : &chunk->traits;
}

}  // namespace

bool SegmentReader::State::read_times(ByteReader* reader, SegmentChunk* chunk) const {
  chunk->times_ms.resize(chunk->count);
  auto time = static_cast<int64_t>(reader->varint_up_to(kTimeMsMax));
  Scratch<int32_t> scratch;
  const auto steps = std::span(scratch).first(chunk->count);
  if (!decode_column<int32_t>(reader, {-kStepMax, kStepMax}, steps)) return false;
  int64_t least = kTimeMsMax;
  int64_t most = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    time += steps[i];
    least = std::min(least, time);
    most = std::max(most, time);
    chunk->times_ms[i] = time;
  }
  return steps[0] == 0 && least >= head.first_ms && most <= head.last_ms;
}

// The column is grouped by outcome; within an outcome it keeps the events' order.
bool SegmentReader::State::read_durations(ByteReader* reader, SegmentChunk* chunk) const {
  Scratch<uint32_t> scratch;
  const auto grouped = std::span(scratch).first(chunk->count);
  if (!decode_column<uint32_t>(reader, {0, UINT32_MAX}, grouped)) return false;
  std::array<size_t, kOutcomeCount + 1> next{};
  for (const uint32_t trait : chunk->traits) ++next[static_cast<size_t>(traits[trait].outcome) + 1];
  for (size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  chunk->durations_us.resize(chunk->count);
  for (size_t i = 0; i < chunk->count; ++i) {
    const auto outcome = static_cast<size_t>(traits[chunk->traits[i]].outcome);
    chunk->durations_us[i] = grouped[next[outcome]++];
  }
  return true;
}

bool SegmentReader::State::read_sizes(ByteReader* reader, SegmentChunk* chunk) const {
  Scratch<uint32_t> scratch;
  const auto surprises = std::span(scratch).first(chunk->count);
  if (!decode_column<uint32_t>(reader, {0, 2 * kSizeMax}, surprises)) return false;
  chunk->sizes.resize(chunk->count);
  const std::span<const uint16_t> expected = questions.answer_sizes();
  for (size_t i = 0; i < chunk->count; ++i) {
    const int64_t size = expected[chunk->questions[i]] + unzigzag(surprises[i]);
    if (size < 0 || size > kSizeMax) return false;
    chunk->sizes[i] = static_cast<uint16_t>(size);
  }
  return true;
}

bool SegmentReader::State::read_column(Column column, ByteReader* reader,
                                       SegmentChunk* chunk) const {
  size_t dictionary = traits.size();
  switch (column) {
    case Column::kTimes:
      return read_times(reader, chunk);
    case Column::kDurations:
      return read_durations(reader, chunk);
    case Column::kSizes:
      return read_sizes(reader, chunk);
    case Column::kQuestions:
      dictionary = questions.size();
      break;
    case Column::kClients:
      dictionary = clients.size();
      break;
    case Column::kTraits:
      break;
  }
  std::vector<uint32_t>* const indexes = index_column(column, chunk);
  indexes->resize(chunk->count);
  return decode_column<uint32_t>(reader, index_range(dictionary), *indexes);
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

Status SegmentReader::State::load_chunk(size_t index, ColumnSet columns, SegmentChunk* chunk) {
  if (chunk->index != index) {
    chunk->index = index;
    chunk->first = index * kSegmentChunkEvents;
    chunk->count = std::min(kSegmentChunkEvents, count() - chunk->first);
    chunk->columns = {};
  }
  for (size_t i = 0; i < kColumnCount; ++i) {
    if (columns.has(static_cast<Column>(i))) columns.add(kNeeds[i].column);
  }
  if (columns.has(Column::kQuestions) && !chunk->columns.has(Column::kQuestions)) {
    WEIR_ASSIGN(const ByteView bytes, part_of_chunk(ChunkPart::kQuestions, *chunk));
    WEIR_TRY(load_column(Column::kQuestions, bytes, chunk));
  }
  return columns.needs(ChunkPart::kRest) ? load_rest(columns, chunk) : Status();
}

Status SegmentReader::State::check_chunks() {
  int64_t first_ms = kTimeMsMax;
  int64_t last_ms = 0;
  std::array<uint64_t, kOutcomeCount> outcomes{};
  std::vector<QuestionChunks> chunks(questions.size());
  for (size_t index = 0; index < table.chunk_count(); ++index) {
    WEIR_TRY(load_chunk(index, ColumnSet::all(), &current));
    const auto [least, most] =
        std::minmax_element(current.times_ms.begin(), current.times_ms.end());
    first_ms = std::min(first_ms, *least);
    last_ms = std::max(last_ms, *most);
    for (const uint32_t trait : current.traits) {
      ++outcomes[static_cast<size_t>(traits[trait].outcome)];
    }
    for (const uint32_t question : current.questions) chunks[question].add(index);
  }
  const bool agrees =
      head.kind == SegmentKind::kGap || (first_ms == head.first_ms && last_ms == head.last_ms &&
                                         outcomes == head.outcomes && places.tells(chunks));
  return agrees ? Status() : corrupt("a segment's events are not those of its head");
}

}  // namespace weir
