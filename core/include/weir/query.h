// Query engine: reads statistics from rollups and events from segments, as operations.
//
// Answers are values; api.h turns them into JSON. Budgets are work units (events decoded, bytes
// read), so that a Worker, whose clock stands still, and a native reader stop at the same place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/event.h"
#include "weir/log_store.h"
#include "weir/summary.h"

namespace weir {

// Every given field must match; the values of a repeated field are alternatives.
struct Filter {
  int64_t since_ms = 0;               // inclusive
  int64_t until_ms = 0;               // exclusive
  std::vector<std::string> sites;     // also bounds what may be read
  std::vector<std::string> domains;   // exact name, or "*.x" for x and below
  std::vector<std::string> contains;  // substring of the name's text form
  struct Prefix {
    Client client;
    uint8_t bits = 0;
  };  // a v4 or v6 prefix, or a pseudonym with all its bits
  std::vector<Prefix> clients;
  std::vector<uint16_t> types;
  std::vector<uint16_t> rcodes;
  std::vector<Outcome> outcomes;
  std::vector<std::string> lists;
  std::vector<std::string> upstreams;

  // True if only times and sites are given, so that rollups can answer.
  bool only_time_and_site() const;
  bool matches(const Event& event) const;
};

struct QueryBudget {
  uint64_t events = 2'000'000;  // decoded or scanned
  uint64_t bytes = 64 << 20;    // of segments read
  uint64_t statements = 200;
  uint64_t reply_bytes = 4 << 20;  // blobs per group
};

// One event found. Strings are owned.
struct FoundEvent {
  LogId log;
  uint64_t n = 0;
  std::string site;
  std::string qname, list, upstream;
  Event event;  // its views point into the strings above
};
struct QueriesResult {
  std::vector<FoundEvent> events;  // newest first within a log, by head time across logs
  std::string cursor;    // empty at the end; valid while the log grows, merges and expires
  bool partial = false;  // the budget ended before `limit` were found; only with a cursor
};
// Up to `limit` events. `cursor` from an earlier answer to the same filter goes on there; kInvalid
// if it is none.
OperationPtr find_queries(Filter filter, size_t limit, std::string cursor, QueryBudget budget,
                          QueriesResult* result);

struct StatisticsResult {
  int64_t since_ms = 0, until_ms = 0;  // what was covered
  Summary summary;  // counts exact to the minute, sketches aligned outward to the hour
};
// kExhausted if a filtered scan does not fit the budget.
OperationPtr find_statistics(Filter filter, QueryBudget budget, StatisticsResult* result);

struct SeriesPoint {
  int64_t time_ms = 0;
  OutcomeCounts counts;
};
struct SeriesResult {
  int64_t step_ms = 0;
  std::vector<SeriesPoint> points;  // every bucket of [since, until), empty ones too
};
// step_ms is a minute, 5 minutes, an hour or a day. kTooLarge past kSeriesPointsMax points.
OperationPtr find_series(Filter filter, int64_t step_ms, QueryBudget budget, SeriesResult* result);

struct TopResult {
  int64_t since_ms = 0, until_ms = 0;
  std::vector<TopEntry> items;
};
OperationPtr find_top(Filter filter, Summary::Top by, size_t limit, QueryBudget budget,
                      TopResult* result);

// The ledger, summed over the logs of the sites.
struct Ledger {
  uint64_t offered = 0, stored = 0, spooled = 0, in_flight = 0, collapsed = 0;
  std::array<uint64_t, kDropReasonCount> dropped{};
  uint64_t expired_retention = 0, expired_budget = 0, expired_corrupt = 0;
  std::optional<uint64_t> acked;  // events the receiver has; nothing without a forwarder
  bool unclean = false;

  // offered = stored + spooled + in_flight + collapsed + Σ dropped.
  bool balanced() const;
};
OperationPtr find_ledger(std::vector<std::string> sites, Ledger* result);

}  // namespace weir
