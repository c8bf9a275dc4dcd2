#include "api_json.h"

#include "weir/dns_message.h"

namespace weir {
namespace {

void write_window(int64_t since_ms, int64_t until_ms, JsonWriter* json) {
  json->key("since").string(rfc3339_text(since_ms));
  json->key("until").string(rfc3339_text(until_ms));
}

// What was left out. Always there, so that nobody takes a missing member for a clean answer.
void write_unreadable(const Unreadable& unreadable, JsonWriter* json) {
  json->key("unreadable").begin_object();
  json->key("segments").unsigned_integer(unreadable.segments);
  json->key("rollups").unsigned_integer(unreadable.rollups);
  json->end_object();
}

void write_counts(const OutcomeCounts& counts, JsonWriter* json) {
  json->key("total").unsigned_integer(counts.total());
  json->key("outcomes").begin_object();
  for (size_t i = 0; i < kOutcomeCount; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    json->key(outcome_name(outcome)).unsigned_integer(counts[outcome]);
  }
  json->end_object();
}

void write_latency(const Summary& summary, JsonWriter* json) {
  Latency latency;
  const bool known = summary.latency(&latency);
  auto member = [&](std::string_view name, uint64_t value) {
    json->key(name);
    known ? json->unsigned_integer(value) : json->null();
  };
  json->key("latency_us").begin_object();
  member("mean", latency.mean);
  member("p50", latency.p50);
  member("p95", latency.p95);
  member("p99", latency.p99);
  json->end_object();
}

void write_text_or_null(std::string_view name, std::string_view text, JsonWriter* json) {
  json->key(name);
  text.empty() ? json->null() : json->string(text);
}

void write_found(const FoundEvent& found, JsonWriter* json) {
  const Event& event = found.event;
  json->begin_object();
  json->key("id").string(log_id_text(found.log) + "-" + std::to_string(found.n));
  json->key("time").string(rfc3339_text(event.time_ms));
  write_text_or_null("client", client_text(event.client), json);
  json->key("domain").string(event.qname);
  json->key("type").string(qtype_text(event.qtype));
  json->key("rcode").string(rcode_text(event.rcode));
  json->key("outcome").string(outcome_name(event.outcome));
  json->key("duration_us").unsigned_integer(event.duration_us);
  write_text_or_null("upstream", event.upstream, json);
  write_text_or_null("list", event.list, json);
  write_text_or_null("site", found.site, json);
  json->end_object();
}

std::string_view step_text(int64_t step_ms) {
  if (step_ms == kMinuteMs) return "1m";
  if (step_ms == kHourMs) return "1h";
  return step_ms == kDayMs ? "1d" : "5m";
}

}  // namespace

void write_statistics(const StatisticsResult& result, JsonWriter* json) {
  json->begin_object();
  write_window(result.since_ms, result.until_ms, json);
  write_counts(result.counts, json);
  json->key("unique_domains").unsigned_integer(result.summary.unique_names());
  json->key("unique_clients").unsigned_integer(result.summary.unique_clients());
  write_latency(result.summary, json);
  write_unreadable(result.unreadable, json);
  json->end_object();
}

void write_series(const SeriesResult& result, JsonWriter* json) {
  json->begin_object();
  write_window(result.since_ms, result.until_ms, json);
  json->key("step").string(step_text(result.step_ms));
  json->key("points").begin_array();
  for (const SeriesPoint& point : result.points) {
    json->begin_object().key("time").string(rfc3339_text(point.time_ms));
    write_counts(point.counts, json);
    json->end_object();
  }
  json->end_array();
  write_unreadable(result.unreadable, json);
  json->end_object();
}

void write_top_items(const std::vector<TopEntry>& items, JsonWriter* json) {
  json->begin_array();
  for (const TopEntry& item : items) {
    json->begin_object().key("key").string(item.key);
    json->key("count").unsigned_integer(item.count);
    json->key("error").unsigned_integer(item.error).end_object();
  }
  json->end_array();
}

void write_top(const TopResult& result, JsonWriter* json) {
  json->begin_object();
  write_window(result.since_ms, result.until_ms, json);
  json->key("items");
  write_top_items(result.items, json);
  write_unreadable(result.unreadable, json);
  json->end_object();
}

void write_queries(const QueriesResult& result, JsonWriter* json) {
  json->begin_object().key("queries").begin_array();
  for (const FoundEvent& found : result.events) write_found(found, json);
  json->end_array();
  write_text_or_null("cursor", result.cursor, json);
  json->key("partial").boolean(result.partial);
  write_unreadable(result.unreadable, json);
  json->end_object();
}

void write_ledger(const Ledger& ledger, JsonWriter* json) {
  json->begin_object();
  json->key("offered").unsigned_integer(ledger.offered);
  json->key("stored").unsigned_integer(ledger.stored);
  json->key("spooled").unsigned_integer(ledger.spooled);
  json->key("in_flight").unsigned_integer(ledger.in_flight);
  json->key("collapsed").unsigned_integer(ledger.collapsed);
  json->key("dropped").begin_object();
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    json->key(drop_reason_name(static_cast<DropReason>(i))).unsigned_integer(ledger.dropped[i]);
  }
  json->end_object().key("expired").begin_object();
  json->key("retention").unsigned_integer(ledger.expired_retention);
  json->key("budget").unsigned_integer(ledger.expired_budget);
  json->key("corrupt").unsigned_integer(ledger.expired_corrupt);
  json->end_object().key("acked");
  ledger.acked ? json->unsigned_integer(*ledger.acked) : json->null();
  json->key("unclean").boolean(ledger.unclean);
  json->key("unreadable_logs").unsigned_integer(ledger.unreadable_logs);
  json->end_object();
}

}  // namespace weir
