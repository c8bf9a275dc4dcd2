#include "query_scan.h"

#include <algorithm>
#include <numeric>

#include "segment_content.h"

namespace weir {
namespace {

bool is_exact(const std::string& domain) { return !domain.starts_with("*."); }

bool any_of(const std::vector<uint8_t>& verdicts) {
  return std::find(verdicts.begin(), verdicts.end(), 1) != verdicts.end();
}

}  // namespace

std::optional<SegmentScan> SegmentScan::open(const WalkRow& row, const Filter& filter) {
  if (row.corrupt) return std::nullopt;
  Result<SegmentReader> reader = SegmentReader::open_lazily(row.data);
  if (!reader.ok() || reader->head().first != row.first || reader->count() != row.count) {
    return std::nullopt;
  }
  SegmentScan scan(std::move(*reader));
  if (!scan.select(filter).ok()) return std::nullopt;
  return scan;
}

// What the filter asks of names and types, by question. False: no question matches.
Result<bool> SegmentScan::judge_questions(const Filter& filter) {
  const bool by_name = !filter.domains.empty() || !filter.contains.empty();
  if (!by_name && filter.types.empty()) return true;
  const bool exact = !filter.domains.empty() &&
                     std::all_of(filter.domains.begin(), filter.domains.end(), is_exact);
  if (exact) {
    WEIR_TRY(reader_.load(Section::kBloom));
    const bool possible =
        std::any_of(filter.domains.begin(), filter.domains.end(),
                    [&](const std::string& domain) { return reader_.may_contain_name(domain); });
    if (!possible) return false;
  }
  Verdicts names;
  if (by_name) {
    WEIR_TRY(reader_.load(Section::kNames));
    names = judge_names(filter);
    if (!any_of(names)) return false;
  }
  WEIR_TRY(reader_.load(Section::kQuestions));
  questions_.resize(reader_.question_count());
  for (size_t i = 0; i < questions_.size(); ++i) {
    const SegmentReader::Question& question = reader_.question(i);
    const bool named = !by_name || names[question.name] != 0;
    questions_[i] = named && filter.matches_type(question.qtype) ? 1 : 0;
  }
  return any_of(questions_);
}

SegmentScan::Verdicts SegmentScan::judge_names(const Filter& filter) const {
  Verdicts names(reader_.name_count());
  const bool lookups = filter.contains.empty() &&
                       std::all_of(filter.domains.begin(), filter.domains.end(), is_exact);
  if (!lookups) {
    for (size_t i = 0; i < names.size(); ++i) {
      names[i] = filter.matches_name(reader_.name(i)) ? 1 : 0;
    }
    return names;
  }
  for (const std::string& domain : filter.domains) {
    if (const auto found = reader_.find_name(domain)) names[*found] = 1;
  }
  return names;
}

Result<bool> SegmentScan::judge_clients(const Filter& filter) {
  if (filter.clients.empty()) return true;
  WEIR_TRY(reader_.load(Section::kClients));
  clients_.resize(reader_.client_count());
  for (size_t i = 0; i < clients_.size(); ++i) {
    clients_[i] = filter.matches_client(reader_.client(i)) ? 1 : 0;
  }
  return any_of(clients_);
}

Result<bool> SegmentScan::judge_traits(const Filter& filter) {
  if (filter.rcodes.empty() && filter.outcomes.empty() && filter.lists.empty() &&
      filter.upstreams.empty()) {
    return true;
  }
  WEIR_TRY(reader_.load(Section::kTraits));
  traits_.resize(reader_.trait_count());
  for (size_t i = 0; i < traits_.size(); ++i) {
    const SegmentReader::Trait& trait = reader_.trait(i);
    Event event;
    event.outcome = trait.outcome;
    event.rcode = trait.rcode;
    event.list = trait.list;
    event.upstream = trait.upstream;
    traits_[i] = filter.matches_answer(event) ? 1 : 0;
  }
  return any_of(traits_);
}

// Leaves the events for which matches(i) holds.
template <class Matches>
void SegmentScan::narrow(const Matches& matches) {
  if (!all_) {
    std::erase_if(matches_, [&](uint32_t i) { return !matches(i); });
    return;
  }
  all_ = false;
  for (uint32_t i = 0; i < reader_.count(); ++i) {
    if (matches(i)) matches_.push_back(i);
  }
}

Status SegmentScan::select(const Filter& filter) {
  for (const auto judge :
       {&SegmentScan::judge_questions, &SegmentScan::judge_clients, &SegmentScan::judge_traits}) {
    WEIR_ASSIGN(const bool possible, (this->*judge)(filter));
    if (!possible) return {};
  }
  was_read_ = true;
  all_ = true;
  if (!questions_.empty()) {
    WEIR_TRY(reader_.load(Section::kEventQuestions));
    narrow([&](uint32_t i) { return questions_[reader_.question_index(i)] != 0; });
  }
  if (!clients_.empty() && any()) {
    WEIR_TRY(reader_.load(Section::kEventClients));
    narrow([&](uint32_t i) { return clients_[reader_.client_index(i)] != 0; });
  }
  if (!traits_.empty() && any()) {
    WEIR_TRY(reader_.load(Section::kEventTraits));
    narrow([&](uint32_t i) { return traits_[reader_.trait_index(i)] != 0; });
  }
  const SegmentHead& head = reader_.head();
  if (any() && !(filter.matches_time(head.first_ms) && filter.matches_time(head.last_ms))) {
    WEIR_TRY(reader_.load(Section::kTimes));
    narrow([&](uint32_t i) { return filter.matches_time(reader_.time_ms(i)); });
  }
  for (size_t i = 0; i < kSectionCount && any(); ++i) {
    WEIR_TRY(reader_.load(static_cast<Section>(i)));
  }
  return {};
}

std::optional<size_t> SegmentScan::last_below(size_t end) const {
  if (all_) return end == 0 ? std::nullopt : std::optional(std::min(end, reader_.count()) - 1);
  const auto after = std::lower_bound(matches_.begin(), matches_.end(), end);
  return after == matches_.begin() ? std::nullopt : std::optional<size_t>(*std::prev(after));
}

std::optional<size_t> SegmentScan::first_from(size_t begin) const {
  if (all_) return begin < reader_.count() ? std::optional(begin) : std::nullopt;
  const auto at = std::lower_bound(matches_.begin(), matches_.end(), begin);
  return at == matches_.end() ? std::nullopt : std::optional<size_t>(*at);
}

std::vector<uint32_t> SegmentScan::matches_from(size_t begin) const {
  if (!all_) return {std::lower_bound(matches_.begin(), matches_.end(), begin), matches_.end()};
  std::vector<uint32_t> all(reader_.count() - std::min(begin, reader_.count()));
  std::iota(all.begin(), all.end(), static_cast<uint32_t>(begin));
  return all;
}

}  // namespace weir
