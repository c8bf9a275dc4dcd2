// Counting events into a Summary, and merging summaries.
//
// A segment is counted by its dictionaries: the hot loop only increments counters by index, and
// each distinct name, client and trait then enters the sketches once, with its weight.
#include "weir/summary.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "question_page.h"
#include "summary_state.h"
#include "weir/dns_message.h"

namespace weir {
namespace {

// A client's key in sketches: kind and meaningful bytes.
class ClientKey {
 public:
  explicit ClientKey(const Client& client) : size_(1 + client.size()) {
    bytes_[0] = static_cast<uint8_t>(client.kind);
    std::copy_n(client.bytes.begin(), client.size(), bytes_.begin() + 1);
  }
  std::string_view text() const { return as_text(std::span(bytes_).first(size_)); }

 private:
  std::array<uint8_t, 17> bytes_{};
  size_t size_;
};

// A key from bytes that may be anybody's: what is no client key is shown as it is.
std::string client_key_text(std::string_view key) {
  Client client;
  if (key.empty() ||
      static_cast<uint8_t>(key[0]) > static_cast<uint8_t>(Client::Kind::kPseudonym)) {
    return std::string(key);
  }
  client.kind = static_cast<Client::Kind>(key[0]);
  if (key.size() != 1 + client.size()) return std::string(key);
  std::copy(key.begin() + 1, key.end(), client.bytes.begin());
  return client_text(client);
}

void sort_entries(std::vector<TopEntry>* entries, size_t limit) {
  std::sort(entries->begin(), entries->end(), [](const TopEntry& left, const TopEntry& right) {
    return left.count != right.count ? left.count > right.count : left.key < right.key;
  });
  if (entries->size() > limit) entries->resize(limit);
}

}  // namespace

uint64_t OutcomeCounts::total() const {
  return std::accumulate(by_outcome.begin(), by_outcome.end(), uint64_t{0});
}

void OutcomeCounts::add(const OutcomeCounts& other) {
  for (size_t i = 0; i < kOutcomeCount; ++i) by_outcome[i] += other.by_outcome[i];
}

namespace {

// Names that follow each other differ in front, or in length.
uint32_t mark_of(std::string_view name) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  uint64_t front = 0;
  if (name.size() >= sizeof(front)) {
    front = load_le<uint64_t>(as_bytes(name).data());
  } else {
    for (const char c : name) front = front << 8 | static_cast<uint8_t>(c);
  }
  return static_cast<uint32_t>((front + name.size()) * kSpread >> 32);
}

}  // namespace

void NameOrder::begin(const SpaceSaving& list) {
  place_new();
  at_ = 0;
  const uint64_t times_pruned = list.times_pruned();
  if (entries_.size() != list.size() || times_pruned != times_pruned_) entries_.clear();
  times_pruned_ = times_pruned;
}

// From the last one on, which all that stand behind it make room for.
void NameOrder::place_new() {
  size_t end = entries_.size();
  entries_.resize(end + new_.size());
  for (; !new_.empty(); new_.pop_back()) {
    const auto [place, entry] = new_.back();
    Entry* const all = entries_.data();
    std::copy_backward(all + place, all + end, all + end + new_.size());
    all[place + new_.size() - 1] = entry;
    end = place;
  }
}

std::optional<uint32_t> NameOrder::find(const SpaceSaving& list, std::string_view name) {
  constexpr size_t kStepsMax = 8;
  constexpr size_t kAhead = 8;
  const uint32_t mark = mark_of(name);
  const size_t end = std::min(at_ + kStepsMax, entries_.size());
  for (size_t i = at_; i < end; ++i) {
    if (entries_[i].mark != mark || !same_text(list.key_at(entries_[i].place), name)) continue;
    at_ = i + 1;
    if (i + kAhead < entries_.size()) {  // the list has them in the order in which they came
      list.prefetch(entries_[i + kAhead].number, entries_[i + kAhead].place);
    }
    return entries_[i].number;
  }
  at_ = place_of(list, name);
  if (at_ == entries_.size() || list.key_at(entries_[at_].place) != name) return std::nullopt;
  return entries_[at_++].number;
}

// Most belong near; steps grow until one goes too far.
size_t NameOrder::place_of(const SpaceSaving& list, std::string_view name) const {
  const auto is_before = [&](const Entry& entry, std::string_view other) {
    return reversed_less(list.key_at(entry.place), other);
  };
  size_t low = at_;
  size_t step = 1;
  for (; step <= entries_.size() - low && is_before(entries_[low + step - 1], name); step *= 2) {
    low += step;
  }
  const auto first = entries_.begin() + static_cast<ptrdiff_t>(low);
  const auto last = first + static_cast<ptrdiff_t>(std::min(step - 1, entries_.size() - low));
  return static_cast<size_t>(std::lower_bound(first, last, name, is_before) - entries_.begin());
}

void NameOrder::add(const SpaceSaving& list, std::string_view name, uint32_t number) {
  if (number != entries_.size() + new_.size()) return;
  new_.push_back({at_, {number, mark_of(name), list.place(number)}});
}

size_t series_buckets(Summary::Span span) {
  switch (span) {
    case Summary::Span::kHour:
      return 60;
    case Summary::Span::kDay:
      return 24;
    case Summary::Span::kAny:
      return 0;
  }
  return 0;
}

Summary::State::State(Summary::Span which, int64_t start, Summary::TopSet tops_to_keep)
    : span(which), start_ms(start), tops_kept(tops_to_keep), series(series_buckets(which)) {}

size_t Summary::State::bucket_of(int64_t time_ms) const {
  const auto last = static_cast<int64_t>(series.size()) - 1;
  return static_cast<size_t>(std::clamp<int64_t>((time_ms - start_ms) / bucket_ms(), 0, last));
}

Summary::Summary(Span span, int64_t start_ms, TopSet tops)
    : state_(std::make_unique<State>(span, start_ms, tops)) {}
Summary::~Summary() = default;
Summary::Summary(const Summary& other) : state_(std::make_unique<State>(*other.state_)) {}
Summary& Summary::operator=(const Summary& other) {
  if (this != &other) *state_ = *other.state_;
  return *this;
}
Summary::Summary(Summary&&) noexcept = default;
Summary& Summary::operator=(Summary&&) noexcept = default;

Summary::Span Summary::span() const { return state_->span; }
int64_t Summary::start_ms() const { return state_->start_ms; }

void Summary::State::add_top(Summary::Top which, std::string_view key, uint64_t weight) {
  if (weight != 0 && !key.empty() && tops_kept.contains(which)) top(which).add(key, weight);
}

void Summary::State::add_client(const Client& client, uint64_t weight) {
  if (weight == 0 || client.kind == Client::Kind::kNone) return;
  const ClientKey key(client);
  clients.add(hash64(key.text()));
  add_top(Top::kClients, key.text(), weight);
}

uint64_t Summary::State::add_distinct(std::string_view qname, uint64_t blocked) {
  const uint64_t hash = hash64(qname);
  names.add(hash);
  if (blocked > 0 && !qname.empty() && tops_kept.contains(Top::kBlockedNames)) {
    top(Top::kBlockedNames).add(qname, hash, blocked);
  }
  return hash;
}

void Summary::State::add_name(std::string_view qname, uint64_t weight, uint64_t blocked) {
  const uint64_t hash = add_distinct(qname, blocked);
  if (!qname.empty() && tops_kept.contains(Top::kNames)) {
    top(Top::kNames).add(qname, hash, weight);
  }
}

// As add_name(), of a name that the list will not keep if it is new there.
void Summary::State::add_rare_name(std::string_view qname, uint64_t weight, uint64_t blocked) {
  const uint64_t hash = add_distinct(qname, blocked);
  if (!qname.empty()) top(Top::kNames).add_or_drop(qname, hash, weight);
}

// As add_name(), of the next name of a segment.
void Summary::State::add_listed_name(std::string_view qname, uint64_t weight, uint64_t blocked) {
  SpaceSaving& list = top(Top::kNames);
  if (const auto number = name_order.find(list, qname)) {  // thus it is a distinct name already
    list.add_to(*number, weight);
    add_top(Top::kBlockedNames, qname, blocked);
    return;
  }
  const uint64_t hash = hash64(qname);
  names.add(hash);
  name_order.add(list, qname, list.add(qname, hash, weight));
  add_top(Top::kBlockedNames, qname, blocked);
}

void Summary::State::add_trait(const SegmentReader::Trait& trait, uint64_t weight) {
  counts.by_outcome[static_cast<size_t>(trait.outcome)] += weight;
  transports[static_cast<size_t>(trait.transport)] += weight;
  rcodes.add(trait.rcode, weight);
  add_top(Top::kUpstreams, trait.upstream, weight);
  add_top(Top::kLists, trait.list, weight);
}

void Summary::State::limit_tops() {
  const size_t keys_max = span == Span::kAny ? kScanKeysMax : kTopKeysMax;
  for (SpaceSaving& list : tops) list.limit(keys_max);
}

void Summary::add(const Event& event) {
  State& state = *state_;
  state.add_trait({.outcome = event.outcome,
                   .transport = event.transport,
                   .ad = event.ad,
                   .rcode = event.rcode,
                   .list = event.list,
                   .upstream = event.upstream},
                  1);
  state.add_client(event.client, 1);
  state.types.add(event.qtype, 1);
  state.durations.add(event.duration_us);
  state.add_name(event.qname, 1, event.outcome == Outcome::kBlocked ? 1 : 0);
  if (!state.series.empty()) {
    const size_t bucket = state.bucket_of(event.time_ms);
    ++state.series[bucket].by_outcome[static_cast<size_t>(event.outcome)];
  }
  state.limit_tops();
}

SegmentUses::SegmentUses(const SegmentReader& segment, size_t series_size)
    : questions(segment.question_count()),
      clients(segment.client_count()),
      traits(segment.trait_count()),
      series(series_size) {
  for (size_t i = 0; i < traits.size(); ++i) outcomes.push_back(segment.trait(i).outcome);
}

void Summary::State::add_own(const SegmentChunk& chunk, std::span<const uint32_t> events) {
  const bool has_traits = chunk.columns.has(Column::kTraits);
  if (chunk.columns.has(Column::kQuestions)) {
    for (const uint32_t i : events) {
      const bool blocked = has_traits && uses->outcomes[chunk.traits[i]] == Outcome::kBlocked;
      uses->questions[chunk.questions[i]] += blocked ? SegmentUses::kBlockedUse : SegmentUses::kUse;
    }
  }
  if (chunk.columns.has(Column::kClients)) {
    for (const uint32_t i : events) ++uses->clients[chunk.clients[i]];
  }
  if (chunk.columns.has(Column::kDurations)) {
    for (const uint32_t i : events) uses->durations.add(chunk.durations_us[i]);
  }
  if (has_traits) {
    for (const uint32_t i : events) ++uses->traits[chunk.traits[i]];
    if (chunk.columns.has(Column::kTimes) && !series.empty()) add_series(chunk, events);
  }
}

// Events follow each other in one bucket for long.
void Summary::State::add_series(const SegmentChunk& chunk, std::span<const uint32_t> events) {
  OutcomeCounts* bucket = nullptr;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  for (const uint32_t i : events) {
    const int64_t time_ms = chunk.times_ms[i];
    if (time_ms < begin_ms || time_ms >= end_ms) {
      const size_t index = bucket_of(time_ms);
      bucket = &uses->series[index];
      begin_ms = start_ms + static_cast<int64_t>(index) * bucket_ms();
      end_ms = begin_ms + bucket_ms();
    }
    ++bucket->by_outcome[static_cast<size_t>(uses->outcomes[chunk.traits[i]])];
  }
}

namespace {

struct NameUses {
  uint32_t all = 0;
  uint32_t blocked = 0;
  bool is_whole = true;  // no other page may have uses of it
};

// Calls page(page, uses of its questions) for the pages that are in use: others may not be loaded.
template <class Page>
void for_each_page(const SegmentReader& segment, std::span<const uint64_t> questions, Page page) {
  for (size_t first = 0; first < questions.size(); first += kPageQuestions) {
    const auto uses = questions.subspan(first, std::min(kPageQuestions, questions.size() - first));
    const auto is_used = [](uint64_t use) { return use != 0; };
    if (std::any_of(uses.begin(), uses.end(), is_used)) {
      page(segment.page(first / kPageQuestions), uses);
    }
  }
}

// Of the pages that are in use, name by name.
std::vector<NameUses> uses_of_names(const SegmentReader& segment,
                                    std::span<const uint64_t> questions) {
  std::vector<NameUses> names;
  for_each_page(segment, questions, [&](const QuestionPage& page, std::span<const uint64_t> uses) {
    const size_t begin = names.size();
    names.resize(begin + page.names().size());
    names[begin].is_whole = names.back().is_whole = false;
    for (size_t i = 0; i < uses.size(); ++i) {
      NameUses& name = names[begin + page.name_of(i)];
      name.all += static_cast<uint32_t>(uses[i]);
      name.blocked += static_cast<uint32_t>(uses[i] >> 32);
    }
  });
  return names;
}

// With fewer uses a name is not among the `keys_max` that a list keeps, unless it is there already;
// 0 if the list keeps all.
uint32_t least_uses_kept(std::span<const NameUses> names, size_t keys_max) {
  std::vector<uint32_t> uses;
  uses.reserve(names.size());
  for (const NameUses& name : names) {
    if (name.all > 0 && name.is_whole) uses.push_back(name.all);
  }
  if (uses.size() <= 2 * keys_max) return 0;
  const auto last = uses.begin() + static_cast<ptrdiff_t>(keys_max) - 1;
  std::nth_element(uses.begin(), last, uses.end(), std::greater());
  return *last;
}

}  // namespace

void Summary::State::add_names(const SegmentReader& segment) {
  if (uses->questions.empty()) return;
  const std::vector<NameUses> by_name = uses_of_names(segment, uses->questions);
  // Where many segments are added; a rollup has few, and prunes its list.
  const bool listed = span == Span::kAny && tops_kept.contains(Top::kNames);
  const bool pruned = span != Span::kAny && tops_kept.contains(Top::kNames);
  const uint32_t least = pruned ? least_uses_kept(by_name, kTopKeysMax) : 0;
  name_order.begin(top(Top::kNames));
  const NameUses* next = by_name.data();
  for_each_page(segment, uses->questions, [&](const QuestionPage& page, auto of_questions) {
    for (size_t i = 0; i < of_questions.size(); ++i) {
      types.add(page.qtype(i), static_cast<uint32_t>(of_questions[i]));
    }
    page.names().for_each([&](size_t, std::string_view name, size_t) {
      const NameUses& used = *next++;
      if (used.all == 0) return;
      if (listed && !name.empty()) {
        add_listed_name(name, used.all, used.blocked);
      } else if (used.all >= least || !used.is_whole) {
        add_name(name, used.all, used.blocked);
      } else {
        add_rare_name(name, used.all, used.blocked);
      }
    });
  });
}

// A dictionary may hold entries that none of the events uses.
void Summary::State::add_shared(const SegmentReader& segment) {
  for (size_t i = 0; i < uses->traits.size(); ++i) {
    if (uses->traits[i] > 0) add_trait(segment.trait(i), uses->traits[i]);
  }
  for (size_t i = 0; i < uses->clients.size(); ++i) {
    if (uses->clients[i] > 0) add_client(segment.client(i), uses->clients[i]);
  }
  add_names(segment);
  durations.merge(uses->durations);
  for (size_t i = 0; i < series.size(); ++i) series[i].add(uses->series[i]);
  limit_tops();
}

void Summary::add(const SegmentReader& segment, const SegmentChunk& chunk,
                  std::span<const uint32_t> events) {
  State& state = *state_;
  if (!state.uses) state.uses.emplace(segment, state.series.size());
  state.add_own(chunk, events);
}

void Summary::finish(const SegmentReader& segment, std::span<const uint8_t> questions) {
  if (!state_->uses) return;
  std::vector<uint64_t>& counted = state_->uses->questions;
  for (size_t i = 0; i < questions.size(); ++i) counted[i] *= questions[i];
  state_->add_shared(segment);
  state_->uses.reset();
}

void Summary::discard() { state_->uses.reset(); }

void Summary::merge(const Summary& other) {
  State& state = *state_;
  const State& from = *other.state_;
  state.counts.add(from.counts);
  for (size_t i = 0; i < kTransportCount; ++i) state.transports[i] += from.transports[i];
  state.types.merge(from.types);
  state.rcodes.merge(from.rcodes);
  state.durations.merge(from.durations);
  state.names.merge(from.names);
  state.clients.merge(from.clients);
  for (size_t i = 0; i < kTopLists; ++i) {
    if (!state.keeps(i)) continue;
    WEIR_CHECK(from.keeps(i));
    state.tops[i].merge(from.tops[i]);
  }
  if (state.series.empty()) return;
  for (size_t i = 0; i < from.series.size(); ++i) {
    const int64_t time_ms = from.start_ms + static_cast<int64_t>(i) * from.bucket_ms();
    state.series[state.bucket_of(time_ms)].add(from.series[i]);
  }
}

bool Summary::empty() const { return state_->counts.total() == 0; }
const OutcomeCounts& Summary::counts() const { return state_->counts; }
uint64_t Summary::unique_names() const { return state_->names.estimate(); }
uint64_t Summary::unique_clients() const { return state_->clients.estimate(); }

bool Summary::latency(Latency* out) const {
  const Histogram& durations = state_->durations;
  const uint64_t total = durations.total();
  if (total == 0) return false;
  // The smallest value that at least `percent` of the events do not exceed.
  const auto percentile = [&](uint64_t percent) {
    return durations.value_at_rank(total / 100 * percent + (total % 100 * percent + 99) / 100);
  };
  *out = {.mean = durations.sum() / total,
          .p50 = percentile(50),
          .p95 = percentile(95),
          .p99 = percentile(99)};
  return true;
}

std::vector<TopEntry> Summary::top(Top which, size_t limit) const {
  std::vector<TopEntry> entries;
  if (which == Top::kTypes) {
    for (const auto& [type, count] : types()) {
      entries.push_back({type == kOther ? "other" : qtype_text(type), count, 0});
    }
    sort_entries(&entries, limit);
    return entries;
  }
  const SpaceSaving& list = state_->top(which);
  if (which != Top::kClients) return list.top(limit);
  // Their order by text differs from that by key, so all are made text before the cut.
  entries = list.top(list.size());
  for (TopEntry& entry : entries) entry.key = client_key_text(entry.key);
  sort_entries(&entries, limit);
  return entries;
}

uint64_t Summary::top_floor(Top which) const {
  return which == Top::kTypes ? 0 : state_->top(which).floor();
}

std::vector<std::pair<uint16_t, uint64_t>> Summary::types() const { return state_->types.list(); }
std::vector<std::pair<uint16_t, uint64_t>> Summary::rcodes() const { return state_->rcodes.list(); }
std::array<uint64_t, kTransportCount> Summary::transports() const { return state_->transports; }

const OutcomeCounts& Summary::series(size_t i) const { return state_->series[i]; }
size_t Summary::series_size() const { return state_->series.size(); }

}  // namespace weir
