#include "query_scan.h"

#include <algorithm>
#include <bitset>
#include <numeric>

#include "page_index.h"
#include "question_page.h"

namespace weir {
namespace {

// Up to the end of the filter of some 8,000 names.
constexpr uint32_t kBloomFrontBytes = 13 << 10;
constexpr size_t kChunksPerReadMax = 32;  // 800 kB

// Downwards the newest events may do, of a name the few chunks that it tells; upwards
// most often everything is counted.
size_t first_chunks_per_read(SegmentScan::Order order, bool names_asked) {
  if (order == SegmentScan::Order::kUpwards) return kChunksPerReadMax / 2;
  return names_asked ? 4 : 1;
}

// "*.x" is the name x and the range of those that end in ".x"; "*." is everything.
bool is_exact(std::string_view domain) { return !domain.starts_with("*."); }
std::string_view bare_name(std::string_view domain) {
  return domain.starts_with("*.") ? domain.substr(2) : domain;
}
std::string_view suffix_of(std::string_view wildcard) {
  return wildcard == "*." ? std::string_view() : wildcard.substr(1);
}

bool any_of(const std::vector<uint8_t>& verdicts) {
  return std::find(verdicts.begin(), verdicts.end(), 1) != verdicts.end();
}

}  // namespace

SegmentScan::SegmentScan(WalkRow row, const Filter& filter, Wanted wanted)
    : row_(std::move(row)),
      filter_(&filter),
      wanted_(wanted),
      chunks_per_read_(first_chunks_per_read(wanted.order, names_asked())) {
  wanted_.high = std::min<size_t>(wanted_.high, row_.count);
  for (const std::string& part : filter.contains) parts_.emplace_back(part);
}

ByteRange SegmentScan::front(const Filter& filter) {
  return {0, filter.domains.empty() ? uint32_t{kSegmentFrontBytes} : kBloomFrontBytes};
}

bool SegmentScan::only_exact_names() const {
  return !filter_->domains.empty() &&
         std::all_of(filter_->domains.begin(), filter_->domains.end(), is_exact);
}

bool SegmentScan::answers_asked() const {
  return !filter_->rcodes.empty() || !filter_->outcomes.empty() || !filter_->lists.empty() ||
         !filter_->upstreams.empty();
}

bool SegmentScan::times_asked() const {
  const SegmentHead& head = reader_->head();
  return !filter_->matches_time(head.first_ms) || !filter_->matches_time(head.last_ms);
}

// What is decoded of a chunk with a match.
ColumnSet SegmentScan::columns_needed() const {
  ColumnSet columns = wanted_.columns;
  if (questions_asked()) columns.add(Column::kQuestions);
  if (!filter_->clients.empty()) columns.add(Column::kClients);
  if (answers_asked()) columns.add(Column::kTraits);
  if (times_asked()) columns.add(Column::kTimes);
  return columns;
}

// What is read of a chunk at first: where questions are asked for, most chunks end with those, but
// not the chunks that a question has told.
ColumnSet SegmentScan::first_columns() const {
  return questions_asked() && chunks_.all() ? ColumnSet{Column::kQuestions} : columns_;
}

bool SegmentScan::lacks(ByteRange range) {
  if (reader_->has(range)) return false;
  needs_.push_back(range);
  return true;
}

bool SegmentScan::lacks_pages() {
  return first_page_ < end_page_ && lacks(reader_->range_of_pages(first_page_, end_page_ - 1));
}

void SegmentScan::supply(std::vector<Bytes> pieces) {
  const std::vector<ByteRange> ranges = std::exchange(needs_, {});
  pieces.resize(ranges.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    // The front may be all there is of a short segment.
    if (pieces[i].size() < (reader_ ? ranges[i].length : 1)) cut_short_ = true;
  }
  if (!reader_) {
    row_.data = std::move(pieces[0]);
    return;
  }
  for (size_t i = 0; i < ranges.size(); ++i) reader_->supply(ranges[i], std::move(pieces[i]));
}

Result<SegmentScan::Found> SegmentScan::advance() {
  if (cut_short_) return Status(Code::kCorrupt, "bytes of a segment are not there");
  while (true) {
    switch (phase_) {
      case Phase::kFront: {
        WEIR_ASSIGN(const bool possible, open());
        if (!needs_.empty()) return Found::kNeedsBytes;
        phase_ = possible ? Phase::kDictionaries : Phase::kEnd;
        break;
      }
      case Phase::kDictionaries: {
        const Section last = only_exact_names() ? Section::kBloom : Section::kTraits;
        if (lacks(reader_->range_of(Section::kIndex, last))) return Found::kNeedsBytes;
        WEIR_ASSIGN(const bool possible, judge_dictionaries());
        phase_ = possible ? Phase::kQuestions : Phase::kEnd;
        break;
      }
      case Phase::kQuestions: {
        if (questions_asked() && lacks_pages()) return Found::kNeedsBytes;
        WEIR_ASSIGN(const bool possible, judge_questions());
        phase_ = possible ? Phase::kChunks : Phase::kEnd;
        break;
      }
      case Phase::kChunks: {
        const std::optional<size_t> chunk = next_candidate();
        if (!chunk) return Found::kEnd;
        if (lacks_chunk(first_columns(), *chunk)) return Found::kNeedsBytes;
        next_chunk_ = wanted_.order == Order::kUpwards ? *chunk + 1 : *chunk;
        WEIR_TRY(begin_chunk(*chunk));
        if (!matches_.empty()) phase_ = Phase::kMatches;
        break;
      }
      case Phase::kMatches:
        if (lacks_chunk(columns_, current_)) return Found::kNeedsBytes;
        WEIR_TRY(narrow_matches());
        phase_ = Phase::kFound;
        break;
      case Phase::kFound:
        if (!matches_.empty()) {
          WEIR_TRY(load_found());
          return Found::kChunk;
        }
        phase_ = Phase::kChunks;
        break;
      case Phase::kEnd:
        return Found::kEnd;
    }
  }
}

// --- Dictionaries ---

Result<bool> SegmentScan::open() {
  if (row_.corrupt) return Status(Code::kCorrupt, "a segment is marked as corrupt");
  if (row_.data.empty()) {
    if (row_.bytes == 0) return Status(Code::kCorrupt, "a segment's bytes are not here");
    needs_.push_back(front(*filter_));
    return true;
  }
  WEIR_ASSIGN(reader_, SegmentReader::open_front(std::move(row_.data)));
  row_.data = {};
  if (reader_->head().first != row_.first || reader_->count() != row_.count) {
    return Status(Code::kCorrupt, "a segment's bytes are not those of its row");
  }
  columns_ = columns_needed();
  const bool upwards = wanted_.order == Order::kUpwards;
  next_chunk_ = upwards ? wanted_.low / kSegmentChunkEvents
                        : (wanted_.high + kSegmentChunkEvents - 1) / kSegmentChunkEvents;
  return wanted_.low < wanted_.high;
}

Result<bool> SegmentScan::judge_dictionaries() {
  for (const auto judge :
       {&SegmentScan::judge_bloom, &SegmentScan::judge_clients, &SegmentScan::judge_traits}) {
    WEIR_ASSIGN(const bool possible, (this->*judge)());
    if (!possible) return false;
  }
  WEIR_TRY(reader_->load(Section::kIndex));
  find_pages();
  return true;
}

Result<bool> SegmentScan::judge_bloom() {
  if (!only_exact_names()) return true;
  WEIR_TRY(reader_->load(Section::kBloom));
  return std::any_of(filter_->domains.begin(), filter_->domains.end(),
                     [&](const std::string& domain) { return reader_->may_contain_name(domain); });
}

Result<bool> SegmentScan::judge_clients() {
  if (filter_->clients.empty()) return true;
  WEIR_TRY(reader_->load(Section::kClients));
  clients_.resize(reader_->client_count());
  for (size_t i = 0; i < clients_.size(); ++i) {
    clients_[i] = filter_->matches_client(reader_->client(i)) ? 1 : 0;
  }
  return any_of(clients_);
}

Result<bool> SegmentScan::judge_traits() {
  if (!answers_asked()) return true;
  WEIR_TRY(reader_->load(Section::kTraits));
  traits_.resize(reader_->trait_count());
  for (size_t i = 0; i < traits_.size(); ++i) {
    const SegmentReader::Trait& trait = reader_->trait(i);
    Event event;
    event.outcome = trait.outcome;
    event.rcode = trait.rcode;
    event.list = trait.list;
    event.upstream = trait.upstream;
    traits_[i] = filter_->matches_answer(event) ? 1 : 0;
  }
  return any_of(traits_);
}

// --- Questions ---

// From the first to the last page that may hold a domain that is asked for.
void SegmentScan::find_pages() {
  end_page_ = reader_->pages().page_count();
  if (filter_->domains.empty()) return;
  first_page_ = std::exchange(end_page_, 0);
  const auto include = [this](std::pair<size_t, size_t> pages) {
    if (pages.first == pages.second) return;
    first_page_ = std::min(first_page_, pages.first);
    end_page_ = std::max(end_page_, pages.second);
  };
  for (const std::string& domain : filter_->domains) {
    include(reader_->pages().pages_of_name(bare_name(domain)));
    if (!is_exact(domain)) include(reader_->pages().pages_of_suffix(suffix_of(domain)));
  }
}

Result<bool> SegmentScan::judge_questions() {
  if (!questions_asked()) return true;
  questions_.resize(reader_->question_count());
  return names_asked() ? judge_names() : judge_types();
}

Result<bool> SegmentScan::judge_types() {
  std::bitset<UINT16_MAX + 1> asked;  // the same few types again and again
  for (const uint16_t type : filter_->types) asked.set(type);
  for (size_t number = first_page_; number < end_page_; ++number) {
    WEIR_TRY(reader_->load_page(number, SegmentReader::PagePart::kQuestions));
    const QuestionPage& page = reader_->page(number);
    uint8_t* const verdicts = questions_.data() + number * kPageQuestions;
    for (size_t i = 0; i < page.size(); ++i) verdicts[i] = asked[page.qtype(i)];
  }
  return any_of(questions_);
}

// What the filter asks of names, page by page, and of the types of those that match.
Result<bool> SegmentScan::judge_names() {
  using PagePart = SegmentReader::PagePart;
  chunks_.reset();
  bool found = false;
  Verdicts names;
  for (size_t number = first_page_; number < end_page_; ++number) {
    WEIR_TRY(reader_->load_page(number, PagePart::kNames));
    judge_names_of(reader_->page(number).names(), &names);
    if (!any_of(names)) continue;
    WEIR_TRY(reader_->load_page(number, PagePart::kPlaces));
    found |= judge_page(number, names);
  }
  return found;
}

void SegmentScan::judge_names_of(const NameDictionary& names, Verdicts* verdicts) const {
  verdicts->assign(names.size(), filter_->domains.empty() ? 1 : 0);
  for (const std::string& domain : filter_->domains) {
    if (const auto found = names.find(bare_name(domain))) (*verdicts)[*found] = 1;
    if (is_exact(domain)) continue;
    const auto [begin, end] = names.find_suffix(suffix_of(domain));
    std::fill(verdicts->begin() + static_cast<ptrdiff_t>(begin),
              verdicts->begin() + static_cast<ptrdiff_t>(end), 1);
  }
  if (parts_.empty() || !any_of(*verdicts)) return;
  Verdicts parts(names.size());
  for (const NamePart& part : parts_) names.mark_containing(part, parts);
  for (size_t i = 0; i < names.size(); ++i) (*verdicts)[i] &= parts[i];
}

// Whether a question of these names in the page is asked for.
bool SegmentScan::judge_page(size_t number, const Verdicts& names) {
  const QuestionPage& page = reader_->page(number);
  bool found = false;
  for (size_t i = 0; i < page.size(); ++i) {
    if (names[page.name_of(i)] == 0 || !filter_->matches_type(page.qtype(i))) continue;
    found = true;
    questions_[number * kPageQuestions + i] = 1;
    if (!chunks_.all()) page.add_chunks(i, &chunks_);
  }
  return found;
}

// --- Chunks ---

std::optional<size_t> SegmentScan::next_candidate() const {
  const bool upwards = wanted_.order == Order::kUpwards;
  const size_t first = wanted_.low / kSegmentChunkEvents;
  const size_t end = (wanted_.high + kSegmentChunkEvents - 1) / kSegmentChunkEvents;
  for (size_t at = next_chunk_; upwards ? at < end : at > first; at += upwards ? 1 : SIZE_MAX) {
    const size_t chunk = upwards ? at : at - 1;
    if (chunks_[chunk]) return chunk;
  }
  return std::nullopt;
}

// True if parts of the chunk, or the pages of its questions, have to be supplied first; chunks that
// follow it in the scan are read with it.
bool SegmentScan::lacks_chunk(ColumnSet columns, size_t chunk) {
  if (questions_.empty() && columns.needs(ChunkPart::kQuestions)) lacks_pages();
  for (const ChunkPart part : {ChunkPart::kQuestions, ChunkPart::kRest}) {
    if (!columns.needs(part) || reader_->has(reader_->range_of_chunks(part, chunk, chunk)))
      continue;
    needs_.push_back(range_of_next(part, chunk));
  }
  if (needs_.empty()) return false;
  chunks_per_read_ = std::min(2 * chunks_per_read_, kChunksPerReadMax);
  return true;
}

ByteRange SegmentScan::range_of_next(ChunkPart part, size_t chunk) const {
  if (wanted_.order == Order::kDownwards) {
    size_t first = chunk;
    while (first > 0 && chunk - first + 1 < chunks_per_read_ && chunks_[first - 1]) --first;
    return reader_->range_of_chunks(part, first, chunk);
  }
  size_t last = chunk;
  while (last + 1 < reader_->chunk_count() && last - chunk + 1 < chunks_per_read_ &&
         chunks_[last + 1]) {
    ++last;
  }
  return reader_->range_of_chunks(part, chunk, last);
}

// Leaves the matches whose entry matches.
void SegmentScan::narrow(const std::vector<uint32_t>& indexes, const Verdicts& verdicts) {
  uint32_t* kept = matches_.data();
  const uint32_t* const index = indexes.data();
  const uint8_t* const verdict = verdicts.data();
  for (const uint32_t i : matches_) {
    *kept = i;
    kept += verdict[index[i]];
  }
  matches_.resize(static_cast<size_t>(kept - matches_.data()));
}

// Those events of the chunk whose question matches, unless who counts questions has its verdict.
Status SegmentScan::begin_chunk(size_t chunk) {
  const size_t first = chunk * kSegmentChunkEvents;
  const size_t end = std::min(first + kSegmentChunkEvents, wanted_.high);
  events_decoded_ += std::min(kSegmentChunkEvents, reader_->count() - first);
  const size_t begin = std::max(first, wanted_.low);
  current_ = chunk;
  matches_.resize(end - begin);
  if (questions_.empty() || only_questions()) {
    std::iota(matches_.begin(), matches_.end(), static_cast<uint32_t>(begin - first));
    return {};
  }
  WEIR_TRY(reader_->load_chunk(chunk, {Column::kQuestions}, &chunk_));
  uint32_t* kept = matches_.data();
  const uint32_t* const question = chunk_.questions.data();
  const uint8_t* const verdict = questions_.data();
  for (size_t i = begin - first; i < end - first; ++i) {
    *kept = static_cast<uint32_t>(i);
    kept += verdict[question[i]];
  }
  matches_.resize(static_cast<size_t>(kept - matches_.data()));
  return {};
}

// What else is asked, of the chunk at hand.
Status SegmentScan::narrow_matches() {
  if (!clients_.empty()) {
    WEIR_TRY(reader_->load_chunk(current_, {Column::kClients}, &chunk_));
    narrow(chunk_.clients, clients_);
  }
  if (!traits_.empty() && !matches_.empty()) {
    WEIR_TRY(reader_->load_chunk(current_, {Column::kTraits}, &chunk_));
    narrow(chunk_.traits, traits_);
  }
  if (times_asked() && !matches_.empty()) {
    WEIR_TRY(reader_->load_chunk(current_, {Column::kTimes}, &chunk_));
    std::erase_if(matches_, [&](uint32_t i) { return !filter_->matches_time(chunk_.times_ms[i]); });
  }
  return {};
}

// Of the matches that are left those that are found next. Who shows events, newest first, may stop
// after any of them, so these are few at first: each may be of a page that no other one is of.
Status SegmentScan::load_found() {
  found_.clear();
  if (columns_.has(Column::kSizes) && wanted_.order == Order::kDownwards) {
    const size_t left = matches_.size() - std::min(found_max_, matches_.size());
    found_.assign(matches_.begin() + static_cast<ptrdiff_t>(left), matches_.end());
    matches_.resize(left);
    found_max_ = std::min(2 * found_max_, kSegmentChunkEvents);
  } else {
    found_.swap(matches_);
  }
  if (columns_.has(Column::kSizes)) return reader_->load_events(current_, found_, &chunk_);
  // Who counts questions asks for all of them; those that a filter asks for are loaded already.
  if (questions_.empty() && columns_.has(Column::kQuestions)) {
    WEIR_TRY(reader_->load(Section::kPages));
  }
  return reader_->load_chunk(current_, columns_, &chunk_);
}

}  // namespace weir
