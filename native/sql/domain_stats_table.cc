// domain_stats: one row per name, counted exactly over the events that are kept.
//
// The optional arguments narrow the time: domain_stats(since, until), texts as in `timestamp` or
// milliseconds. Names are summed up in memory; an attack with more than kDomainsMax of them has to
// be looked at in shorter stretches, and the error says so.
#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "native/sql/log_tables.h"
#include "native/sql/scan.h"
#include "native/sql/value.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr size_t kDomainsMax = 1'000'000;  // some 150 MB

// In the order of the declaration.
enum DomainColumn : int {
  kDomain,
  kQueryCount,
  kLastQueried,
  kBlocked,
  kBlockedCount,
  kFirstQueried,
  kSince,
  kUntil,
};

constexpr char kDeclaration[] =
    "CREATE TABLE x(domain TEXT, query_count INTEGER, last_queried TEXT, blocked INTEGER, "
    "blocked_count INTEGER, first_queried TEXT, since HIDDEN, until HIDDEN)";

bool uses(int column, Comparison comparison) {
  if (column == kSince || column == kUntil) return comparison == Comparison::kEqual;
  return column == kDomain && (comparison == Comparison::kEqual || comparison == Comparison::kLike);
}

struct DomainCounts {
  uint64_t queries = 0;
  uint64_t blocked = 0;
  bool blocked_last = false;  // what became of the newest query
  int64_t first_ms = INT64_MAX;
  int64_t last_ms = INT64_MIN;

  void add(const Event& event) {
    const bool is_blocked = event.outcome == Outcome::kBlocked;
    ++queries;
    blocked += is_blocked ? 1 : 0;
    first_ms = std::min(first_ms, event.time_ms);
    if (event.time_ms >= last_ms) blocked_last = is_blocked;
    last_ms = std::max(last_ms, event.time_ms);
  }
};

class DomainStatsCursor final : public TableCursor {
 public:
  DomainStatsCursor(Executor& executor, TableWork& work) : scan_(executor, work) {}

  Status filter(const Plan& plan) override {
    domains_.clear();
    at_ = domains_.end();
    row_ = 0;
    ScanRequest request{.filter = filter_for_all()};
    since_ms_ = until_ms_ = -1;
    bool never = false;
    for (const Constraint& constraint : plan.constraints) {
      WEIR_TRY(take(constraint, &request.filter, &never));
    }
    if (!never) WEIR_TRY(sum_up(std::move(request)));
    at_ = domains_.begin();
    return {};
  }

  Status next() override {
    ++at_;
    ++row_;
    return {};
  }
  bool at_end() const override { return at_ == domains_.end(); }
  int64_t rowid() const override { return row_; }

  void column(sqlite3_context* context, int column) override {
    const auto& [domain, counts] = *at_;
    switch (column) {
      case kDomain:
        return result_text(context, domain);
      case kQueryCount:
        return result_integer(context, counts.queries);
      case kLastQueried:
        return result_text(context, rfc3339_text(counts.last_ms));
      case kBlocked:
        return result_integer(context, counts.blocked_last ? 1 : 0);
      case kBlockedCount:
        return result_integer(context, counts.blocked);
      case kFirstQueried:
        return result_text(context, rfc3339_text(counts.first_ms));
      case kSince:
        return result_argument(context, since_ms_);
      default:
        return result_argument(context, until_ms_);
    }
  }

 private:
  static void result_argument(sqlite3_context* context, int64_t time_ms) {
    if (time_ms >= 0) sqlite3_result_int64(context, time_ms);
  }

  static Result<int64_t> time_of(sqlite3_value* value) {
    if (sqlite3_value_type(value) == SQLITE_INTEGER) return sqlite3_value_int64(value);
    return parse_rfc3339(text_of(value));
  }

  Status take(const Constraint& constraint, Filter* filter, bool* never) {
    if (constraint.column == kSince || constraint.column == kUntil) {
      WEIR_ASSIGN(const int64_t time_ms, time_of(constraint.value));
      const bool is_since = constraint.column == kSince;
      (is_since ? filter->since_ms : filter->until_ms) = time_ms;
      (is_since ? since_ms_ : until_ms_) = time_ms;
      return {};
    }
    *never = *never || is_null(constraint.value);
    const std::string text(text_of(constraint.value));
    if (text.empty()) return {};
    const bool is_like = constraint.comparison == Comparison::kLike;
    const std::string wanted = is_like ? like_literal(text) : text;
    std::vector<std::string>& alternatives = is_like ? filter->contains : filter->domains;
    if (!wanted.empty() && alternatives.empty()) alternatives.push_back(wanted);
    return {};
  }

  Status sum_up(ScanRequest request) {
    WEIR_TRY(scan_.begin(std::move(request)));
    while (!scan_.at_end()) {
      const Event& event = scan_.at().event();
      domains_[std::string(event.qname)].add(event);
      if (domains_.size() > kDomainsMax) {
        return Status(Code::kTooLarge, "more than " + std::to_string(kDomainsMax) +
                                           " names: narrow the time by domain_stats(since, until)");
      }
      WEIR_TRY(scan_.next());
    }
    return {};
  }

  TableScan scan_;
  std::unordered_map<std::string, DomainCounts> domains_;
  std::unordered_map<std::string, DomainCounts>::const_iterator at_ = domains_.end();
  int64_t row_ = 0;
  int64_t since_ms_ = -1;
  int64_t until_ms_ = -1;
};

}  // namespace

int register_domain_stats(sqlite3* connection, const std::shared_ptr<TableWork>& work) {
  const TableShape shape{.name = "domain_stats",
                         .declaration = kDeclaration,
                         .order_column = -2,
                         .first_argument = kSince,
                         .uses = uses};
  return register_table(
      connection, shape,
      [](Executor& executor, TableWork& meter) -> std::unique_ptr<TableCursor> {
        return std::make_unique<DomainStatsCursor>(executor, meter);
      },
      work);
}

}  // namespace weir
