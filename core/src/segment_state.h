// What a SegmentReader holds: bytes that are there, and what has been decoded of them.
// segment_reader.cc reads the sections, segment_chunk.cc the chunks.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "page_index.h"
#include "question_page.h"
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
  PageIndex index;
  std::unique_ptr<QuestionPage[]> pages;  // index.page_count()
  size_t name_bytes = 0;                  // of all pages, once they are loaded
  NameBuffer name_buffer;
  std::vector<Client> clients;
  std::vector<std::string_view> lists;
  std::vector<std::string_view> upstreams;
  std::vector<Trait> traits;
  std::vector<uint8_t> outcomes;  // of the traits
  SegmentChunk current;           // of event(i)

  size_t count() const {
    return head.kind == SegmentKind::kEvents ? static_cast<size_t>(head.count) : 0;
  }
  bool is_loaded(Section section) const {
    return (loaded >> static_cast<unsigned>(section) & 1) != 0;
  }
  ByteView bytes_at(ByteRange range) const;  // empty if they are not there
  bool has(ByteRange range) const;
  Status load(Section section);
  bool may_contain_name(std::string_view qname) const;
  ByteRange range_of_pages(size_t first, size_t last) const;
  Status load_page(size_t number, SegmentReader::PagePart part);
  Status load_chunk(size_t index, ColumnSet columns, SegmentChunk* chunk);
  Status load_events(size_t number, std::span<const uint32_t> events, SegmentChunk* chunk);
  // Decodes every chunk and compares what they hold with the head and the dictionaries.
  Status check_chunks();

 private:
  Status check_part(Section section);
  // Each reads one section, which must be used up.
  bool read_index(ByteReader* reader);
  bool read_bloom(ByteReader* reader);
  bool read_clients(ByteReader* reader);
  bool read_strings(ByteReader* reader);
  bool read_traits(ByteReader* reader);
  bool read_trait(ByteReader* reader, Trait* trait) const;
  Status load_pages();
  bool check_names(const QuestionPage& page, const QuestionPage* before) const;

  Result<ByteView> part_of_chunk(ChunkPart part, const SegmentChunk& chunk) const;
  void begin_chunk(size_t number, SegmentChunk* chunk) const;
  Status load_columns(ColumnSet columns, SegmentChunk* chunk);
  Status load_rest(ColumnSet columns, SegmentChunk* chunk);
  Status load_column(Column column, ByteView bytes, SegmentChunk* chunk);
  // Reads a column of a chunk as it is stored, which must be used up.
  bool read_column(Column column, ByteReader* reader, SegmentChunk* chunk) const;
  // Each makes a column of what is stored: of all events, or of some that ascend, whose questions
  // are loaded where sizes are asked for. False if values cannot be.
  bool make_times(SegmentChunk* chunk) const;
  bool make_times(std::span<const uint32_t> events, SegmentChunk* chunk) const;
  void make_durations(SegmentChunk* chunk) const;
  void make_durations(std::span<const uint32_t> events, SegmentChunk* chunk) const;
  bool make_size(size_t event, SegmentChunk* chunk) const;
};

}  // namespace weir
