// statistics: one row per UTC hour that has events, from rollups and the tail behind them.
//
// Counts come from one series over all asked hours. Distinct counts and latencies come from each
// hour's sketches, which are read only if a statement wants those columns.
#include <algorithm>
#include <utility>

#include "native/sql/log_tables.h"
#include "native/sql/value.h"
#include "weir/json.h"
#include "weir/query.h"

namespace weir {
namespace {

// In the order of the declaration.
enum StatisticsColumn : int {
  kHour,
  kTotal,
  kBlocked,
  kCached,
  kAvgResponseTimeMs,
  kUniqueDomains,
  kUniqueClients,
  kP50,
  kP95,
  kP99,
  kForwarded,
  kStale,
  kLocal,
  kRefused,
  kFailed,
  kHourStart,
};

constexpr char kDeclaration[] =
    "CREATE TABLE x(hour TEXT, total INTEGER, blocked INTEGER, cached INTEGER, "
    "avg_response_time_ms REAL, unique_domains INTEGER, unique_clients INTEGER, "
    "p50_response_time_ms REAL, p95_response_time_ms REAL, p99_response_time_ms REAL, "
    "forwarded INTEGER, stale INTEGER, local INTEGER, refused INTEGER, failed INTEGER, "
    "hour_ms INTEGER)";
constexpr uint64_t kSketchColumns = uint64_t{1} << kAvgResponseTimeMs |
                                    uint64_t{1} << kUniqueDomains | uint64_t{1} << kUniqueClients |
                                    uint64_t{1} << kP50 | uint64_t{1} << kP95 | uint64_t{1} << kP99;

// SQL asks on purpose; its own bounds are rows and events (TableWork).
constexpr QueryBudget kBudget = {
    .events = UINT64_MAX, .bytes = UINT64_MAX, .statements = 1'000'000};
constexpr int64_t kHoursPerSeries = static_cast<int64_t>(kSeriesPointsMax) - 1;

bool uses(int column, Comparison comparison) {
  return (column == kHour || column == kHourStart) && comparison != Comparison::kLike;
}

class StatisticsCursor final : public TableCursor {
 public:
  StatisticsCursor(Executor& executor, TableWork& work) : executor_(executor), work_(work) {}

  Status filter(const Plan& plan) override {
    points_.clear();
    at_ = 0;
    wants_sketch_ = (plan.columns_used & kSketchColumns) != 0;
    IntegerRange starts;
    for (const Constraint& constraint : plan.constraints) {
      const auto take = constraint.column == kHour ? &IntegerRange::take_time : &IntegerRange::take;
      (starts.*take)(constraint.comparison, constraint.value);
    }
    Extent extent;
    auto reading = find_extent(&extent);
    WEIR_TRY(run_operation(*reading, executor_));
    if (extent.empty() || starts.empty()) return {};
    next_ms_ = std::max(extent.oldest_ms, starts.first) / kHourMs * kHourMs;
    last_ms_ = std::min(extent.newest_ms, starts.last);
    return go_on();
  }

  Status next() override {
    ++at_;
    return go_on();
  }

  bool at_end() const override { return at_ == points_.size(); }
  int64_t rowid() const override { return points_[at_].time_ms / kHourMs; }

  void column(sqlite3_context* context, int column) override {
    const SeriesPoint& point = points_[at_];
    switch (column) {
      case kHour:
        return result_text(context, rfc3339_text(point.time_ms));
      case kHourStart:
        return sqlite3_result_int64(context, point.time_ms);
      case kTotal:
        return result_integer(context, point.counts.total());
      case kCached:
        return result_integer(context,
                              point.counts[Outcome::kCached] + point.counts[Outcome::kStale]);
      case kUniqueDomains:
        return result_integer(context, sketch_.unique_names());
      case kUniqueClients:
        return result_integer(context, sketch_.unique_clients());
      case kAvgResponseTimeMs:
      case kP50:
      case kP95:
      case kP99:
        return latency(context, column);
      default:
        return result_integer(context, point.counts[outcome_of(column)]);
    }
  }

 private:
  static Outcome outcome_of(int column) {
    switch (column) {
      case kForwarded:
        return Outcome::kForwarded;
      case kStale:
        return Outcome::kStale;
      case kLocal:
        return Outcome::kLocal;
      case kRefused:
        return Outcome::kRefused;
      case kFailed:
        return Outcome::kFailed;
      default:
        return Outcome::kBlocked;
    }
  }

  void latency(sqlite3_context* context, int column) const {
    Latency latency;
    if (!sketch_.latency(&latency)) return;
    const uint64_t values[] = {latency.p50, latency.p95, latency.p99};
    result_milliseconds(context,
                        column == kAvgResponseTimeMs ? latency.mean : values[column - kP50]);
  }

  // To the next hour with events, from at_ on.
  Status go_on() {
    while (true) {
      while (!at_end() && points_[at_].counts.total() == 0) ++at_;
      if (!at_end()) return read_sketch();
      if (next_ms_ > last_ms_) return {};
      WEIR_TRY(read_points());
    }
  }

  Status read_points() {
    Filter filter;
    filter.since_ms = next_ms_;
    filter.until_ms = std::min(next_ms_ + kHoursPerSeries * kHourMs, last_ms_ + 1);
    next_ms_ = filter.until_ms;
    SeriesResult series;
    // Whole hours, so that a row never shows a part of one.
    filter.until_ms = (filter.until_ms + kHourMs - 1) / kHourMs * kHourMs;
    auto finding = find_series(filter, kHourMs, kBudget, &series);
    WEIR_TRY(run_operation(*finding, executor_));
    points_ = std::move(series.points);
    at_ = 0;
    return work_.spend(points_.size());
  }

  Status read_sketch() {
    if (!wants_sketch_) return {};
    Filter filter;
    filter.since_ms = points_[at_].time_ms;
    filter.until_ms = filter.since_ms + kHourMs;
    StatisticsResult result;
    auto finding = find_statistics(filter, kBudget, &result);
    WEIR_TRY(run_operation(*finding, executor_));
    sketch_ = std::move(result.summary);
    return {};
  }

  Executor& executor_;
  TableWork& work_;
  bool wants_sketch_ = false;
  int64_t next_ms_ = 0;  // where the next series begins
  int64_t last_ms_ = -1;
  std::vector<SeriesPoint> points_;
  size_t at_ = 0;
  Summary sketch_;  // of the hour at_
};

}  // namespace

int register_statistics(sqlite3* connection, const std::shared_ptr<TableWork>& work) {
  const TableShape shape{
      .name = "statistics", .declaration = kDeclaration, .order_column = -2, .uses = uses};
  return register_table(
      connection, shape,
      [](Executor& executor, TableWork& meter) -> std::unique_ptr<TableCursor> {
        return std::make_unique<StatisticsCursor>(executor, meter);
      },
      work);
}

}  // namespace weir
