// Decoding a segment section by section and chunk by chunk; what is decoded has been checked, so
// that the accessors only look up. open() decodes all of it at once.
//
// The input may come from a stranger. Counts are checked against the events' count, and that
// against the head, before anything is allocated by them; every index is checked against its
// dictionary; the head's times and outcomes must be those of the events.
#include <algorithm>

#include "column.h"
#include "section_table.h"
#include "segment_content.h"
#include "segment_state.h"
#include "weir/segment.h"

namespace weir {
namespace {

Status corrupt(const char* what) { return Status(Code::kCorrupt, what); }

}  // namespace

// --- Sections ---

ByteView SegmentReader::State::bytes_at(ByteRange range) const {
  const size_t end = size_t{range.offset} + range.length;
  if (end <= front.size()) return front.subspan(range.offset, range.length);
  for (const Piece& piece : pieces) {
    const size_t piece_end = piece.offset + piece.bytes.size();
    if (range.offset >= piece.offset && end <= piece_end) {
      return ByteView(piece.bytes).subspan(range.offset - piece.offset, range.length);
    }
  }
  return {};
}

bool SegmentReader::State::has(ByteRange range) const {
  return range.length == 0 || !bytes_at(range).empty();
}

bool SegmentReader::State::read_bloom(ByteReader* reader) {
  bloom = reader->take(reader->remaining());
  return bloom.empty() == (count() < kBloomEventsMin);
}

bool SegmentReader::State::read_index(ByteReader* reader) {
  if (!index.open(reader, count(), table.sections(Section::kPages, Section::kPages).length)) {
    return false;
  }
  pages = std::make_unique_for_overwrite<QuestionPage[]>(index.page_count());
  return true;
}

bool SegmentReader::State::read_clients(ByteReader* reader) {
  std::array<uint64_t, kClientKindCount> kinds{};
  for (uint64_t& kind_count : kinds) kind_count = reader->varint_up_to(count());
  if (!reader->ok()) return false;
  for (size_t kind = 0; kind < kClientKindCount; ++kind) {
    Client client;
    client.kind = static_cast<Client::Kind>(kind);
    if (kinds[kind] > count() - clients.size()) return false;
    for (uint64_t i = 0; i < kinds[kind]; ++i) {
      const ByteView bytes = reader->take(client.size());
      if (!reader->ok()) return false;
      std::copy(bytes.begin(), bytes.end(), client.bytes.begin());
      clients.push_back(client);
    }
  }
  return !clients.empty();
}

bool SegmentReader::State::read_strings(ByteReader* reader) {
  for (auto* strings : {&lists, &upstreams}) {
    const uint64_t size = reader->varint_up_to(count());
    for (uint64_t i = 0; i < size; ++i) {
      const std::string_view text = reader->take_text(reader->varint_up_to(kEventStringBytesMax));
      if (!reader->ok() || text.empty()) return false;
      strings->push_back(text);
    }
  }
  return true;
}

bool SegmentReader::State::read_trait(ByteReader* reader, SegmentReader::Trait* trait) const {
  const uint8_t bits = reader->u8();
  if ((bits & 7) >= kOutcomeCount || bits >> 6 != 0) return false;
  trait->outcome = static_cast<Outcome>(bits & 7);
  trait->transport = static_cast<Transport>(bits >> 3 & 3);
  trait->ad = bits >> 5 != 0;
  trait->rcode = static_cast<uint16_t>(reader->varint_up_to(kRcodeMax));
  const auto list = static_cast<size_t>(reader->varint_up_to(lists.size()));
  const auto upstream = static_cast<size_t>(reader->varint_up_to(upstreams.size()));
  if (list > 0) trait->list = lists[list - 1];
  if (upstream > 0) trait->upstream = upstreams[upstream - 1];
  return reader->ok();
}

bool SegmentReader::State::read_traits(ByteReader* reader) {
  const uint64_t size = reader->varint_up_to(count());
  if (size > reader->remaining()) return false;
  traits.resize(static_cast<size_t>(size));
  for (SegmentReader::Trait& trait : traits) {
    if (!read_trait(reader, &trait)) return false;
    outcomes.push_back(static_cast<uint8_t>(trait.outcome));
  }
  return !traits.empty();
}

Status SegmentReader::State::check_part(Section section) {
  const SectionPart part = part_of(section);
  const uint32_t bit = uint32_t{1} << static_cast<unsigned>(part);
  if ((intact & bit) != 0) return {};
  const ByteRange range = table.part(part);
  if (!has(range) || crc32c(bytes_at(range)) != table.part_crc(part)) {
    return corrupt("a segment fails its checksum");
  }
  intact |= bit;
  return {};
}

Status SegmentReader::State::load(Section section) {
  using ReadSection = bool (State::*)(ByteReader*);
  struct Loader {
    ReadSection read;
    Section needs;  // the section that it refers to; itself: none
  };
  using enum Section;
  static constexpr std::array<Loader, kSectionCount - 1> kLoaders = {{
      {&State::read_index, kIndex},
      {&State::read_clients, kClients},
      {&State::read_strings, kStrings},
      {&State::read_traits, kStrings},
      {&State::read_bloom, kBloom},
  }};
  if (is_loaded(section) || head.kind == SegmentKind::kGap) return {};
  if (section == kPages) return load_pages();
  const Loader& loader = kLoaders[static_cast<size_t>(section)];
  if (loader.needs != section) WEIR_TRY(load(loader.needs));
  WEIR_TRY(check_part(section));
  ByteReader reader(bytes_at(table.sections(section, section)));
  if (!(this->*loader.read)(&reader) || !reader.ok() || !reader.at_end()) {
    return corrupt("a segment's content is malformed");
  }
  loaded |= uint32_t{1} << static_cast<unsigned>(section);
  return {};
}

// --- Pages ---

ByteRange SegmentReader::State::range_of_pages(size_t first, size_t last) const {
  ByteRange range = index.range(first, last);
  range.offset += table.sections(Section::kPages, Section::kPages).offset;
  return range;
}

Status SegmentReader::State::load_page(size_t number, PagePart part) {
  QuestionPage& page = pages[number];
  if (page.has(part)) return {};
  if (!page.is_open()) {
    const ByteView bytes = bytes_at(range_of_pages(number, number));
    if (bytes.empty() || crc32c(bytes) != index.crc(number)) {
      return corrupt("a segment fails its checksum");
    }
    page.open(bytes);
  }
  const QuestionPage::Frame frame = {.first_name = index.first_name(number),
                                     .questions = index.questions_in(number),
                                     .types = index.types(),
                                     .chunks = table.chunk_count()};
  return page.load(part, frame) ? Status() : corrupt("a segment's questions are malformed");
}

bool SegmentReader::State::may_contain_name(std::string_view qname) const {
  const auto is_set = [&](size_t byte, uint8_t mask) { return (bloom[byte] & mask) != 0; };
  if (bloom.empty()) return count() > 0;
  return probe_bloom(qname, bloom.size(), is_set);
}

// Whether a stranger's names are names that the filter has, in order, those of the page before
// included: the last of them may go on.
bool SegmentReader::State::check_names(const QuestionPage& page, const QuestionPage* before) const {
  if (!page.names().is_well_formed()) return false;
  bool found = true;
  page.names().for_each(
      [&](size_t, std::string_view name, size_t) { found = found && may_contain_name(name); });
  if (!found) return false;
  if (before == nullptr) return true;
  NameBuffer buffer;
  return !reversed_less(page.names().first_name(),
                        before->names().name(before->names().size() - 1, &buffer));
}

Status SegmentReader::State::load_pages() {
  WEIR_TRY(load(Section::kIndex));
  if (trust != Trust::kStored) WEIR_TRY(load(Section::kBloom));
  name_bytes = 0;
  for (size_t i = 0; i < index.page_count(); ++i) {
    WEIR_TRY(load_page(i, PagePart::kPlaces));
    name_bytes += pages[i].names().text_bytes();
    const QuestionPage* const before = i == 0 ? nullptr : &pages[i - 1];
    const bool honest = trust == Trust::kStored || check_names(pages[i], before);
    if (!honest || name_bytes > kSegmentBytesMax) return corrupt("a segment's names cannot be");
  }
  loaded |= uint32_t{1} << static_cast<unsigned>(Section::kPages);
  return {};
}

// --- Opening ---

Result<std::unique_ptr<SegmentReader::State>> SegmentReader::State::open(ByteView front) {
  auto state = std::make_unique<State>();
  WEIR_ASSIGN(state->head, read_segment_head(front));
  const SegmentHead& head = state->head;
  if (front.size() > head.total_bytes) return corrupt("a segment has another length");
  state->front = front;
  if (head.kind == SegmentKind::kGap) return state;
  // Six columns of events have a byte per block at least: a count beyond that is a lie.
  if (head.count / kBlockValues > head.total_bytes) return corrupt("a segment is too short");
  WEIR_ASSIGN(state->table, SectionTable::read(head, front));
  return state;
}

SegmentReader::SegmentReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentReader::~SegmentReader() = default;
SegmentReader::SegmentReader(SegmentReader&&) noexcept = default;
SegmentReader& SegmentReader::operator=(SegmentReader&&) noexcept = default;

Result<SegmentReader> SegmentReader::open(ByteView bytes, Trust trust) {
  WEIR_ASSIGN(auto state, State::open(bytes));
  if (bytes.size() != state->head.total_bytes) return corrupt("a segment has another length");
  state->trust = trust;
  SegmentReader reader(std::move(state));
  for (size_t i = 0; i < kSectionCount; ++i) WEIR_TRY(reader.load(static_cast<Section>(i)));
  WEIR_TRY(reader.state_->check_chunks());
  return reader;
}

Result<SegmentReader> SegmentReader::open_front(Bytes front) {
  WEIR_ASSIGN(auto state, State::open(front));
  state->pieces.push_back({0, std::move(front)});  // its bytes stay where they are
  return SegmentReader(std::move(state));
}

ByteRange SegmentReader::range_of(Section first, Section last) const {
  return state_->table.sections(first, last);
}
ByteRange SegmentReader::range_of_chunks(ChunkPart part, size_t first, size_t last) const {
  return state_->table.chunks(part, first, last);
}
bool SegmentReader::has(ByteRange range) const { return state_->has(range); }

void SegmentReader::supply(ByteRange range, Bytes bytes) {
  State& state = *state_;
  for (const ChunkPart part : {ChunkPart::kQuestions, ChunkPart::kRest}) {
    const ByteRange all = state.table.chunks(part, 0, chunk_count() - 1);
    const auto inside = [&all](size_t offset) {
      return offset >= all.offset && offset < size_t{all.offset} + all.length;
    };
    if (!inside(range.offset)) continue;
    std::erase_if(state.pieces, [&](const State::Piece& piece) { return inside(piece.offset); });
  }
  state.pieces.push_back({range.offset, std::move(bytes)});
}

Status SegmentReader::load(Section section) { return state_->load(section); }
Status SegmentReader::load_chunk(size_t index, ColumnSet columns, SegmentChunk* chunk) const {
  return state_->load_chunk(index, columns, chunk);
}
Status SegmentReader::load_events(size_t index, std::span<const uint32_t> events,
                                  SegmentChunk* chunk) const {
  return state_->load_events(index, events, chunk);
}
Status SegmentReader::load_page(size_t index, PagePart part) const {
  return state_->load_page(index, part);
}

// --- Looking up ---

const SegmentHead& SegmentReader::head() const { return state_->head; }
size_t SegmentReader::count() const { return state_->count(); }
size_t SegmentReader::chunk_count() const { return state_->table.chunk_count(); }

Event SegmentReader::event(const SegmentChunk& chunk, size_t i) const {
  State& state = *state_;
  const Question question = this->question(chunk.questions[i]);
  const Trait& trait = state.traits[chunk.traits[i]];
  Event event;
  event.time_ms = chunk.times_ms[i];
  event.client = state.clients[chunk.clients[i]];
  event.transport = trait.transport;
  event.outcome = trait.outcome;
  event.ad = trait.ad;
  event.qtype = question.qtype;
  event.rcode = trait.rcode;
  event.duration_us = chunk.durations_us[i];
  event.response_size = chunk.sizes[i];
  event.qname = question.name;
  event.list = trait.list;
  event.upstream = trait.upstream;
  return event;
}

Event SegmentReader::event(size_t i) const {
  State& state = *state_;
  const Status status = state.load_chunk(i / kSegmentChunkEvents, ColumnSet::all(), &state.current);
  WEIR_CHECK(status.ok());  // open() has loaded it before
  return event(state.current, i % kSegmentChunkEvents);
}

bool SegmentReader::may_contain_name(std::string_view qname) const {
  return state_->may_contain_name(qname);
}

size_t SegmentReader::question_count() const { return state_->index.question_count(); }
SegmentReader::Question SegmentReader::question(size_t index) const {
  const QuestionPage& page = state_->pages[index / kPageQuestions];
  const size_t at = index % kPageQuestions;
  return {page.names().name(page.name_of(at), &state_->name_buffer), page.qtype(at)};
}
size_t SegmentReader::name_bytes() const { return state_->name_bytes; }
const PageIndex& SegmentReader::pages() const { return state_->index; }
const QuestionPage& SegmentReader::page(size_t index) const { return state_->pages[index]; }
ByteRange SegmentReader::range_of_pages(size_t first, size_t last) const {
  return state_->range_of_pages(first, last);
}
size_t SegmentReader::client_count() const { return state_->clients.size(); }
const Client& SegmentReader::client(size_t index) const { return state_->clients[index]; }
size_t SegmentReader::trait_count() const { return state_->traits.size(); }
const SegmentReader::Trait& SegmentReader::trait(size_t index) const {
  return state_->traits[index];
}

}  // namespace weir
