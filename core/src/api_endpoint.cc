#include "api_endpoint.h"

#include <algorithm>
#include <utility>

#include "api_json.h"

namespace weir {
namespace {

constexpr size_t kOverviewTopItems = 10;

// An endpoint that one reading of a Result answers.
template <class Result>
class OneReading final : public Endpoint {
 public:
  using Find = OperationPtr (*)(const ApiRequest& request, ApiParameters parameters,
                                Result* result);
  using Write = void (*)(const Result& result, JsonWriter* json);

  OneReading(const ApiRequest& request, ApiParameters parameters, Find find, Write writer)
      : reading_(find(request, std::move(parameters), &result_)), write_(writer) {}

  OperationPtr next_reading() override { return std::move(reading_); }
  void write(JsonWriter* json) const override { write_(result_, json); }
  bool met_damage() const override {
    if constexpr (requires { result_.unreadable; }) return result_.unreadable.any();
    return false;
  }

 private:
  Result result_;
  OperationPtr reading_;
  Write write_;
};

template <class Result>
std::unique_ptr<Endpoint> one_reading(const ApiRequest& request, ApiParameters parameters,
                                      typename OneReading<Result>::Find find,
                                      typename OneReading<Result>::Write write) {
  return std::make_unique<OneReading<Result>>(request, std::move(parameters), find, write);
}

std::unique_ptr<Endpoint> stats(const ApiRequest& request, ApiParameters parameters) {
  return one_reading<StatisticsResult>(
      request, std::move(parameters),
      [](const ApiRequest& asked, ApiParameters with, StatisticsResult* result) {
        return find_statistics(std::move(with.filter), asked.budget, result);
      },
      write_statistics);
}

std::unique_ptr<Endpoint> timeseries(const ApiRequest& request, ApiParameters parameters) {
  return one_reading<SeriesResult>(
      request, std::move(parameters),
      [](const ApiRequest& asked, ApiParameters with, SeriesResult* result) {
        return find_series(std::move(with.filter), with.step_ms, asked.budget, result);
      },
      write_series);
}

std::unique_ptr<Endpoint> top(const ApiRequest& request, ApiParameters parameters) {
  return one_reading<TopResult>(
      request, std::move(parameters),
      [](const ApiRequest& asked, ApiParameters with, TopResult* result) {
        return find_top(std::move(with.filter), with.by, with.limit, asked.budget, result);
      },
      write_top);
}

std::unique_ptr<Endpoint> queries(const ApiRequest& request, ApiParameters parameters) {
  return one_reading<QueriesResult>(
      request, std::move(parameters),
      [](const ApiRequest& asked, ApiParameters with, QueriesResult* result) {
        return find_queries(std::move(with.filter), with.limit, std::move(with.cursor),
                            asked.budget, result);
      },
      write_queries);
}

// The live ledger is of the local log only.
bool live_ledger_answers(const ApiRequest& request, const std::vector<std::string>& sites) {
  return request.ledger && std::all_of(sites.begin(), sites.end(), [&](const std::string& site) {
           return site == request.own_site;
         });
}

OperationPtr read_ledger(const ApiRequest& request, std::vector<std::string> sites,
                         Ledger* result) {
  if (!live_ledger_answers(request, sites)) return find_ledger(std::move(sites), result);
  *result = *request.ledger;
  return nullptr;
}

std::unique_ptr<Endpoint> ledger(const ApiRequest& request, ApiParameters parameters) {
  return one_reading<Ledger>(
      request, std::move(parameters),
      [](const ApiRequest& asked, ApiParameters with, Ledger* result) {
        return read_ledger(asked, std::move(with.filter.sites), result);
      },
      write_ledger);
}

class Overview final : public Endpoint {
 public:
  Overview(const ApiRequest& request, ApiParameters parameters)
      : ledger_reading_(read_ledger(request, parameters.filter.sites, &ledger_)),
        window_reading_(find_overview(std::move(parameters.filter), parameters.step_ms,
                                      request.budget, &statistics_, &series_)) {}

  OperationPtr next_reading() override {
    return window_reading_ ? std::move(window_reading_) : std::move(ledger_reading_);
  }

  void write(JsonWriter* json) const override {
    json->begin_object().key("statistics");
    write_statistics(statistics_, json);
    json->key("timeseries");
    write_series(series_, json);
    json->key("top").begin_object();
    write_tops(json);
    json->end_object().key("ledger");
    write_ledger(ledger_, json);
    json->end_object();
  }
  bool met_damage() const override { return statistics_.unreadable.any(); }

 private:
  void write_tops(JsonWriter* json) const {
    struct Kind {
      std::string_view name;
      Summary::Top top;
    };
    constexpr Kind kKinds[] = {
        {"domains", Summary::Top::kNames},   {"blocked", Summary::Top::kBlockedNames},
        {"clients", Summary::Top::kClients}, {"upstreams", Summary::Top::kUpstreams},
        {"lists", Summary::Top::kLists},     {"types", Summary::Top::kTypes}};
    for (const Kind& kind : kKinds) {
      json->key(kind.name);
      write_top_items(statistics_.summary.top(kind.top, kOverviewTopItems), json);
    }
  }

  StatisticsResult statistics_;
  SeriesResult series_;
  Ledger ledger_;
  OperationPtr ledger_reading_, window_reading_;
};

std::unique_ptr<Endpoint> overview(const ApiRequest& request, ApiParameters parameters) {
  return std::make_unique<Overview>(request, std::move(parameters));
}

class OpenApi final : public Endpoint {
 public:
  OperationPtr next_reading() override { return nullptr; }
  void write(JsonWriter* json) const override { json->raw(openapi_document()); }
};

std::unique_ptr<Endpoint> openapi(const ApiRequest&, ApiParameters) {
  return std::make_unique<OpenApi>();
}

constexpr ApiRoute kRoutes[] = {
    {"/api/v1/overview", "overview", "What a dashboard shows first, in one answer.", "Overview",
     kWindow | kStep, false, "step", overview},
    {"/api/v1/queries", "queries", "The queries that match, newest first.", "Queries",
     kWindow | kFilters | kLimit | kCursor, false, "site", queries},
    {"/api/v1/stats", "stats", "Totals, distinct counts and latency of a window.", "Statistics",
     kWindow | kFilters, false, "", stats},
    {"/api/v1/stats/timeseries", "timeseries", "Counts by time, every bucket of the window.",
     "Series", kWindow | kFilters | kStep, false, "step", timeseries},
    {"/api/v1/stats/top", "top", "The most frequent values of one kind.", "Top",
     kWindow | kFilters | kBy | kLimit, false, "", top},
    {"/api/v1/ledger", "ledger", "What became of every query offered to the log.", "Ledger", kSite,
     false, "", ledger},
    {"/api/v1/openapi.json", "openapi", "This document.", "", 0, true, "", openapi},
};

}  // namespace

std::span<const ApiRoute> api_routes() { return kRoutes; }

}  // namespace weir
