// The builder cuts the text into lines, counts what each of them is, and fills the table; the set
// is the table and the counts. What a line means is rule_line.h's, how names are found
// rule_table.h's business.
//
// Only the current line is held, up to its bound: a list of any size passes through in pieces.
#include "weir/rules.h"

#include "rule_line.h"
#include "rule_table.h"

namespace weir {

using internal::RuleKind;
using internal::RuleTable;

struct RuleSet::State {
  RuleTable table;
  std::vector<ListStats> lists;
};

RuleSet::RuleSet() : state_(std::make_unique<State>()) {}
RuleSet::~RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;

std::optional<uint8_t> RuleSet::match(const DnsName& name) const {
  return state_->table.match(name);
}

const std::vector<ListStats>& RuleSet::lists() const { return state_->lists; }

uint64_t RuleSet::rule_count() const {
  uint64_t count = 0;
  for (const ListStats& list : state_->lists) count += list.rules;
  return count;
}

size_t RuleSet::memory_bytes() const { return sizeof(State) + state_->table.memory_bytes(); }

struct RuleSetBuilder::State {
  explicit State(size_t max) : names_max(max) {}

  void take_line();  // counts and inserts what `line` says, and begins the next one
  void take_piece(std::string_view piece);
  void end_list();  // a last line need not end in a line feed
  void insert(RuleKind kind, const DnsName& name);
  ListStats& list() { return set.state_->lists.back(); }

  RuleSet set;
  size_t names_max;
  std::string line;  // what has been read of it, at most kRuleLineBytesMax
  bool line_too_long = false;
  Status status;  // the first failure; nothing is inserted after it
};

void RuleSetBuilder::State::insert(RuleKind kind, const DnsName& name) {
  RuleTable& table = set.state_->table;
  const auto number = static_cast<uint8_t>(set.state_->lists.size() - 1);
  // A rule with two effects, of which one is new, decides something.
  bool fresh = false;
  if (kind != RuleKind::kBelow) fresh = table.insert(name, RuleTable::Scope::kExact, number);
  if (kind != RuleKind::kExact) fresh |= table.insert(name, RuleTable::Scope::kBelow, number);
  ++(fresh ? list().rules : list().duplicates);
  if (table.size() > names_max) status = Status(Code::kTooLarge, "the lists have too many names");
}

void RuleSetBuilder::State::take_line() {
  // Some editors begin a file with it; nowhere else would it make a name.
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string_view text = line;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  internal::RuleLine rules(text);
  RuleKind kind;
  DnsName name;
  if (line_too_long) ++list().rejected;
  while (!line_too_long && status.ok() && rules.next(&kind, &name)) {
    if (kind == RuleKind::kIgnored) {
      ++list().ignored;
    } else if (kind == RuleKind::kRejected) {
      ++list().rejected;
    } else {
      insert(kind, name);
    }
  }
  line.clear();
  line_too_long = false;
}

void RuleSetBuilder::State::take_piece(std::string_view piece) {
  line_too_long = line_too_long || piece.size() > kRuleLineBytesMax - line.size();
  if (!line_too_long) line += piece;  // else the rest of the line passes unread
}

void RuleSetBuilder::State::end_list() {
  if (!line.empty() || line_too_long) take_line();
}

RuleSetBuilder::RuleSetBuilder(size_t names_max) : state_(std::make_unique<State>(names_max)) {}
RuleSetBuilder::~RuleSetBuilder() = default;

Status RuleSetBuilder::begin_list(std::string_view name) {
  state_->end_list();
  WEIR_TRY(state_->status);
  std::vector<ListStats>& lists = state_->set.state_->lists;
  if (lists.size() == kListsMax) {
    return state_->status = Status(Code::kTooLarge, "there are too many lists");
  }
  lists.push_back({.name = std::string(name)});
  return {};
}

Status RuleSetBuilder::add_text(std::string_view text) {
  WEIR_CHECK(!state_->set.state_->lists.empty());
  while (!text.empty() && state_->status.ok()) {
    const size_t end = text.find('\n');
    state_->take_piece(text.substr(0, end));
    if (end == std::string_view::npos) break;
    state_->take_line();
    text.remove_prefix(end + 1);
  }
  return state_->status;
}

Result<RuleSet> RuleSetBuilder::build() {
  state_->end_list();
  WEIR_TRY(state_->status);
  state_->set.state_->table.shrink();
  return std::move(state_->set);
}

}  // namespace weir
