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
  std::vector<std::string> domains;   // exact name, or "*.x" for x and below; text form of event.h
  std::vector<std::string> contains;  // substring of the name's text form
  struct Prefix {
    Client client;     // v4, v6 or pseudonym
    uint8_t bits = 0;  // leading bits that must agree; all of them for a single client

    bool contains(const Client& other) const;
  };
  std::vector<Prefix> clients;
  std::vector<uint16_t> types;
  std::vector<uint16_t> rcodes;
  std::vector<Outcome> outcomes;
  std::vector<std::string> lists;
  std::vector<std::string> upstreams;

  // True if only times and sites are given, so that rollups can answer.
  bool only_time_and_site() const;
  // Everything but the sites, which are a property of the log.
  bool matches(const Event& event) const;
  // The parts of matches(): a scan decides once for each entry of a segment's dictionaries.
  bool matches_time(int64_t time_ms) const { return time_ms >= since_ms && time_ms < until_ms; }
  bool matches_name(std::string_view qname) const;
  bool matches_client(const Client& client) const;
  bool matches_type(uint16_t qtype) const;
  bool matches_answer(const Event& event) const;  // rcode, outcome, list and upstream
};

struct QueryBudget {
  uint64_t events = 2'000'000;  // decoded or scanned
  uint64_t bytes = 64 << 20;    // of blobs read
  uint64_t statements = 200;
  uint64_t reply_bytes = 4 << 20;  // blobs per group
};

// What an answer had to do without, because stored bytes fail their checks or are not at hand.
// Everything else is answered all the same.
struct Unreadable {
  uint64_t segments = 0;  // their events are missing, all or some
  uint64_t rollups = 0;   // their counts are there, their sketches are missing

  bool any() const { return segments > 0 || rollups > 0; }
  bool operator==(const Unreadable&) const = default;
};

// One event found. Strings are owned; the views of `event` point into them, so it moves but is not
// copied.
struct FoundEvent {
  LogId log;
  uint64_t n = 0;
  std::string site;
  std::unique_ptr<const char[]> strings;
  Event event;  // its views point into `strings`
};
struct QueriesResult {
  std::vector<FoundEvent> events;  // newest first within a log, by head time across logs
  std::string cursor;    // empty at the end; valid while the log grows, merges and expires
  bool partial = false;  // the budget ended before `limit` were found; only with a cursor
  Unreadable unreadable;
};
// Up to `limit` events. `cursor` from an earlier answer to the same filter goes on there, in the
// window of that answer whatever the filter's window is now; kInvalid if it is none. A walk gives
// every event of its window once that was there at its beginning, and if the window ends by then,
// no other. The budget ends a page only once it has got further, so that walks come to an end;
// the first event may cost more, a segment of each log. kTooLarge if so many logs take part that
// their positions do not fit a cursor: ask site by site.
OperationPtr find_queries(Filter filter, size_t limit, std::string cursor, QueryBudget budget,
                          QueriesResult* result);

// The statistics below have one window: the filter's, aligned outward to the minute. They agree
// with one snapshot of rollups and watermarks, also where they take several groups to read; the
// newest events may be of slightly different moments in different logs. kExhausted if the budget
// does not suffice; kUnavailable if the rollups moved on at every attempt.

struct StatisticsResult {
  int64_t since_ms = 0, until_ms = 0;  // what the counts cover
  OutcomeCounts counts;                // exact
  Summary summary;  // for its sketches: aligned outward to the hour if rollups answered
  Unreadable unreadable;
};
// The summary has no top lists.
OperationPtr find_statistics(Filter filter, QueryBudget budget, StatisticsResult* result);

struct SeriesPoint {
  int64_t time_ms = 0;  // a multiple of the step since 1970; the first may lie before `since`
  OutcomeCounts counts;
};
struct SeriesResult {
  int64_t since_ms = 0, until_ms = 0;
  int64_t step_ms = 0;
  std::vector<SeriesPoint> points;  // every bucket that the window touches, empty ones too
  Unreadable unreadable;
};
// step_ms is a minute, 5 minutes, an hour or a day. kTooLarge past kSeriesPointsMax points.
OperationPtr find_series(Filter filter, int64_t step_ms, QueryBudget budget, SeriesResult* result);

struct TopResult {
  int64_t since_ms = 0, until_ms = 0;  // what the items cover
  std::vector<TopEntry> items;
  Unreadable unreadable;
};
// Names of blocked queries come from rollups too: outcome blocked alone counts as no filter.
OperationPtr find_top(Filter filter, Summary::Top by, size_t limit, QueryBudget budget,
                      TopResult* result);

// Statistics, with all top lists, and series of one window in one reading, so that they agree with
// each other.
OperationPtr find_overview(Filter filter, int64_t step_ms, QueryBudget budget,
                           StatisticsResult* statistics, SeriesResult* series);

// The least and greatest time that statistics tell of: rollups to the hour, what is not in them to
// the millisecond.
struct Extent {
  int64_t oldest_ms = 0;
  int64_t newest_ms = -1;

  bool empty() const { return newest_ms < oldest_ms; }
};
OperationPtr find_extent(Extent* result);

// The ledger, summed over the logs of the sites.
struct Ledger {
  uint64_t offered = 0, stored = 0, spooled = 0, in_flight = 0, collapsed = 0;
  std::array<uint64_t, kDropReasonCount> dropped{};
  uint64_t expired_retention = 0, expired_budget = 0, expired_corrupt = 0;
  std::optional<uint64_t> acked;  // events the receiver has; nothing without a forwarder
  bool unclean = false;           // power or a database was lost: `offered` may be too low
  uint64_t unreadable_logs = 0;   // logs whose account is missing: their newest head is damaged

  // offered = stored + spooled + in_flight + collapsed + Σ dropped.
  bool balanced() const;
};
OperationPtr find_ledger(std::vector<std::string> sites, Ledger* result);

}  // namespace weir
