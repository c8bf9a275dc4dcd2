// queries: one row per event, in the order of ids.
#include <algorithm>

#include "native/sql/log_tables.h"
#include "native/sql/scan.h"
#include "native/sql/value.h"
#include "weir/dns_message.h"
#include "weir/json.h"

namespace weir {
namespace {

// In the order of the declaration.
enum QueryColumn : int {
  kId,
  kTimestamp,
  kClientIp,
  kDomain,
  kQueryType,
  kResponseCode,
  kBlocked,
  kCached,
  kResponseTimeMs,
  kUpstream,
  kOutcome,
  kRcode,
  kList,
  kTransport,
  kAd,
  kResponseSize,
  kDurationUs,
  kTimeMs,
  kSite,
  kLogNo,
  kN,
};

constexpr char kDeclaration[] =
    "CREATE TABLE x(id INTEGER, timestamp TEXT, client_ip TEXT, domain TEXT, query_type TEXT, "
    "response_code INTEGER, blocked INTEGER, cached INTEGER, response_time_ms REAL, "
    "upstream TEXT, outcome TEXT, rcode TEXT, list TEXT, transport TEXT, ad INTEGER, "
    "response_size INTEGER, duration_us INTEGER, time_ms INTEGER, site TEXT, log_no INTEGER, "
    "n INTEGER)";

bool uses(int column, Comparison comparison) {
  switch (column) {
    case -1:
    case kId:
    case kTimestamp:
    case kTimeMs:
      return comparison != Comparison::kLike;
    case kDomain:
      return comparison == Comparison::kEqual || comparison == Comparison::kLike;
    case kClientIp:
    case kQueryType:
    case kResponseCode:
    case kBlocked:
    case kCached:
    case kUpstream:
    case kOutcome:
    case kList:
    case kSite:
      return comparison == Comparison::kEqual;
    default:
      return false;
  }
}

// The WHERE clause as what a scan can do with it.
class QueryPlan {
 public:
  explicit QueryPlan(const Plan& plan) {
    request_.filter = filter_for_all();
    request_.descending = plan.descending;
    for (const Constraint& constraint : plan.constraints) take(constraint);
  }

  // Nothing if no event can match.
  std::optional<ScanRequest> request() {
    if (never_ || ids_.empty() || times_.empty()) return std::nullopt;
    request_.first_id = ids_.first;
    request_.last_id = ids_.last;
    Filter& filter = request_.filter;
    filter.since_ms = std::max(filter.since_ms, times_.first);
    if (times_.last < filter.until_ms) filter.until_ms = times_.last + 1;
    return std::move(request_);
  }

 private:
  void take(const Constraint& constraint) {
    sqlite3_value* const value = constraint.value;
    switch (constraint.column) {
      case -1:
      case kId:
        return ids_.take(constraint.comparison, value);
      case kTimeMs:
        return times_.take(constraint.comparison, value);
      case kTimestamp:
        return times_.take_time(constraint.comparison, value);
      case kResponseCode:
        return take_number(value, &request_.filter.rcodes);
      case kBlocked:
        return take_flag(value, {Outcome::kBlocked});
      case kCached:
        return take_flag(value, {Outcome::kCached, Outcome::kStale});
      default:
        return take_text(constraint);
    }
  }

  // A filter's alternatives are any of them, the terms of a WHERE clause all of them: of two terms
  // for one field the scan uses the first.
  template <class T>
  static void add(T value, std::vector<T>* alternatives) {
    if (alternatives->empty()) alternatives->push_back(std::move(value));
  }

  void take_text(const Constraint& constraint) {
    Filter& filter = request_.filter;
    if (is_null(constraint.value)) {
      never_ = true;
      return;
    }
    const std::string text(text_of(constraint.value));
    if (text.empty()) return;
    if (constraint.comparison == Comparison::kLike) {
      if (const std::string literal = like_literal(text); !literal.empty()) {
        add(literal, &filter.contains);
      }
      return;
    }
    switch (constraint.column) {
      case kDomain:
        return add(text, &filter.domains);
      case kUpstream:
        return add(text, &filter.upstreams);
      case kList:
        return add(text, &filter.lists);
      case kSite:
        return add(text, &filter.sites);
      default:
        return take_word(constraint.column, text);
    }
  }

  // A word of a closed set: what is not in it is in no row.
  void take_word(int column, const std::string& text) {
    Filter& filter = request_.filter;
    if (column == kClientIp) {
      const Result<Client> client = parse_client(text);
      never_ = never_ || !client.ok();
      if (client.ok()) {
        add({*client, static_cast<uint8_t>(client->size() * 8)}, &filter.clients);
      }
    } else if (column == kOutcome) {
      const Result<Outcome> outcome = parse_outcome(text);
      never_ = never_ || !outcome.ok();
      if (outcome.ok()) add(*outcome, &filter.outcomes);
    } else if (column == kQueryType) {
      const Result<uint16_t> type = parse_qtype(text);
      never_ = never_ || !type.ok();
      if (type.ok()) add(*type, &filter.types);
    }
  }

  void take_number(sqlite3_value* value, std::vector<uint16_t>* numbers) {
    IntegerRange range;
    range.take(Comparison::kEqual, value);
    never_ = never_ || range.empty();
    if (range.first == range.last && range.first >= 0 && range.first <= kRcodeMax) {
      add(static_cast<uint16_t>(range.first), numbers);
    }
  }

  void take_flag(sqlite3_value* value, std::vector<Outcome> outcomes) {
    IntegerRange range;
    range.take(Comparison::kEqual, value);
    never_ = never_ || range.empty();
    if (range.first != 1 || range.last != 1) return;
    if (request_.filter.outcomes.empty()) request_.filter.outcomes = std::move(outcomes);
  }

  ScanRequest request_;
  IntegerRange ids_;
  IntegerRange times_;
  bool never_ = false;
};

class QueriesCursor final : public TableCursor {
 public:
  QueriesCursor(Executor& executor, TableWork& work) : scan_(executor, work) {}

  Status filter(const Plan& plan) override {
    std::optional<ScanRequest> request = QueryPlan(plan).request();
    if (!request) request = ScanRequest{.first_id = 1, .last_id = 0};
    return scan_.begin(*std::move(request));
  }
  Status next() override { return scan_.next(); }
  bool at_end() const override { return scan_.at_end(); }
  int64_t rowid() const override { return scan_.at().id(); }

  void column(sqlite3_context* context, int column) override {
    const Event& event = scan_.at().event();
    switch (column) {
      case kId:
        return sqlite3_result_int64(context, rowid());
      case kTimestamp:
        return result_text(context, rfc3339_text(event.time_ms));
      case kClientIp:
        return result_text(context, client_text(event.client));
      case kDomain:
        return result_text(context, event.qname);
      case kQueryType:
        return result_text(context, qtype_text(event.qtype));
      case kResponseTimeMs:
        return result_milliseconds(context, event.duration_us);
      case kUpstream:
        return result_text(context, event.upstream);
      case kOutcome:
        return result_text(context, outcome_name(event.outcome));
      case kRcode:
        return result_text(context, rcode_text(event.rcode));
      case kList:
        return result_text(context, event.list);
      case kTransport:
        return result_text(context, transport_name(event.transport));
      case kSite:
        return result_text(context, scan_.at().log().site);
      default:
        return result_integer(context, number(column));
    }
  }

 private:
  uint64_t number(int column) const {
    const Event& event = scan_.at().event();
    switch (column) {
      case kResponseCode:
        return event.rcode;
      case kBlocked:
        return event.outcome == Outcome::kBlocked ? 1 : 0;
      case kCached:
        return event.outcome == Outcome::kCached || event.outcome == Outcome::kStale ? 1 : 0;
      case kAd:
        return event.ad ? 1 : 0;
      case kResponseSize:
        return event.response_size;
      case kDurationUs:
        return event.duration_us;
      case kTimeMs:
        return static_cast<uint64_t>(event.time_ms);
      case kLogNo:
        return static_cast<uint64_t>(scan_.at().log().log_no);
      default:  // kN
        return static_cast<uint64_t>(rowid()) & kEventNumberMax;
    }
  }

  TableScan scan_;
};

}  // namespace

int register_queries(sqlite3* connection, const std::shared_ptr<TableWork>& work) {
  const TableShape shape{
      .name = "queries", .declaration = kDeclaration, .order_column = kId, .uses = uses};
  return register_table(
      connection, shape,
      [](Executor& executor, TableWork& meter) -> std::unique_ptr<TableCursor> {
        return std::make_unique<QueriesCursor>(executor, meter);
      },
      work);
}

}  // namespace weir
