// What a SegmentReader holds: bytes that are there, and what has been decoded of them.
// segment_reader.cc reads the sections, segment_chunk.cc the chunks.
#pragma once

#include <string_view>
#include <vector>

#include "name_dictionary.h"
#include "question_chunks.h"
#include "question_table.h"
#include "section_table.h"
#include "segment_content.h"
#include "weir/segment.h"

namespace weir {

struct SegmentReader::State {
  struct Piece {
    size_t offset = 0;
    Bytes bytes;
  };

  static Result<std::unique_ptr<State>> open(ByteView front);

  SegmentHead head;
  ByteView front;             // the first bytes, or all
  std::vector<Piece> pieces;  // that were supplied; `front` may be one
  SectionTable table;
  Trust trust = Trust::kStored;
  uint32_t loaded = 0;  // a bit per section
  uint32_t intact = 0;  // a bit per part whose checksum has been compared

  ByteView bloom;
  NameDictionary names;
  NameBuffer name_buffer;
  QuestionTable questions;
  QuestionChunksTable places;
  std::vector<Client> clients;
  std::vector<std::string_view> lists;
  std::vector<std::string_view> upstreams;
  std::vector<Trait> traits;
  SegmentChunk current;  // of event(i)

  size_t count() const {
    return head.kind == SegmentKind::kEvents ? static_cast<size_t>(head.count) : 0;
  }
  bool is_loaded(Section section) const {
    return (loaded >> static_cast<unsigned>(section) & 1) != 0;
  }
  ByteView bytes_at(ByteRange range) const;  // empty if they are not there
  bool has(ByteRange range) const;
  Status load(Section section);
  Status load_chunk(size_t index, ColumnSet columns, SegmentChunk* chunk);
  // Decodes every chunk and compares what they hold with the head and the dictionaries.
  Status check_chunks();

 private:
  Status check_part(Section section);
  // Each reads one section, which must be used up.
  bool read_bloom(ByteReader* reader);
  bool read_names(ByteReader* reader);
  bool read_questions(ByteReader* reader);
  bool read_places(ByteReader* reader);
  bool read_clients(ByteReader* reader);
  bool read_strings(ByteReader* reader);
  bool read_traits(ByteReader* reader);
  bool read_trait(ByteReader* reader, Trait* trait) const;

  Result<ByteView> part_of_chunk(ChunkPart part, const SegmentChunk& chunk) const;
  Status load_rest(ColumnSet columns, SegmentChunk* chunk);
  Status load_column(Column column, ByteView bytes, SegmentChunk* chunk);
  // Each reads one column of a chunk, which must be used up.
  bool read_column(Column column, ByteReader* reader, SegmentChunk* chunk) const;
  bool read_times(ByteReader* reader, SegmentChunk* chunk) const;
  bool read_durations(ByteReader* reader, SegmentChunk* chunk) const;
  bool read_sizes(ByteReader* reader, SegmentChunk* chunk) const;
};

}  // namespace weir
