// Everything is computed when it is asked for; between two scrapes metrics cost the writer two
// histogram updates per commit and one per drain, and producers nothing. A scrape costs the
// question for the ledger.
#include "native/store/log_metrics.h"

#include <algorithm>
#include <limits>

namespace weir {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily single(const char* name, const char* help, MetricType type, uint64_t value) {
  return MetricFamilyBuilder(name, help, type).add({}, value).build();
}

// Of a buffer of 10,000 to 200,000 events, in powers of four.
prometheus::Histogram::BucketBoundaries event_bounds() {
  return {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536};
}

void add_storage(const LogMetrics::Reading& reading, std::vector<MetricFamily>* families) {
  const QueryLogStats& stats = reading.stats;
  const auto counter = [&](const char* name, const char* help, uint64_t value) {
    families->push_back(single(name, help, MetricType::Counter, value));
  };
  const auto gauge = [&](const char* name, const char* help, uint64_t value) {
    families->push_back(single(name, help, MetricType::Gauge, value));
  };
  counter("weir_storage_commits_total", "Batches committed", stats.batches);
  counter("weir_storage_retries_total", "Commits that the environment refused", stats.retries);
  counter("weir_storage_halvings_total", "Batches refused for their data", stats.halvings);
  counter("weir_storage_corrupt_events_total", "Stored events that cannot be read",
          stats.corrupt_events);
  counter("weir_storage_merged_segments_total", "Segments put together into larger ones",
          stats.merged_segments);
  counter("weir_storage_merge_read_bytes_total", "Bytes of the segments that were merged",
          stats.merge_read_bytes);
  counter("weir_storage_merge_written_bytes_total", "Bytes of the segments made of them",
          stats.merge_written_bytes);
  counter("weir_storage_written_bytes_total", "Written to the disk by commits and checkpoints",
          stats.written_bytes);
  gauge("weir_storage_written_bytes_per_day", "The same, as a mean of the last days",
        stats.written_bytes_per_day);
  gauge("weir_storage_budget_bytes", "What database and WAL may take, 0 without a bound",
        stats.budget_bytes);
  gauge("weir_storage_free_bytes", "Of the database file, in pages that hold nothing",
        stats.free_bytes);
  gauge("weir_storage_pressure",
        "Of the byte budget: 0 none, 1 repeats are folded, 2 allowed queries are thinned, 3 the "
        "oldest segments go",
        static_cast<uint64_t>(stats.pressure));
  gauge("weir_storage_damaged_databases", "Set aside and not salvaged yet",
        stats.waiting_databases);
  gauge("weir_storage_circuit_open", "1 while writes are refused because the database fails",
        stats.circuit_open ? 1 : 0);
  gauge("weir_storage_database_bytes", "Size of the database file", reading.database_bytes);
  gauge("weir_storage_wal_bytes", "Size of the write-ahead log", reading.wal_bytes);
}

MetricFamily dropped_family(const Ledger& ledger) {
  MetricFamilyBuilder dropped("weir_dropped_queries_total",
                              "Events that were not stored, by reason", MetricType::Counter);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    dropped.add({{"reason", std::string(drop_reason_name(static_cast<DropReason>(i)))}},
                ledger.dropped[i]);
  }
  return dropped.build();
}

// A gauge: what a damaged database held is taken back when it is salvaged.
MetricFamily expired_family(const Ledger& ledger) {
  return MetricFamilyBuilder("weir_expired_queries", "Stored events that are gone, by reason",
                             MetricType::Gauge)
      .add({{"reason", "retention"}}, ledger.expired_retention)
      .add({{"reason", "budget"}}, ledger.expired_budget)
      .add({{"reason", "corrupt"}}, ledger.expired_corrupt)
      .build();
}

// All of one reading, so that what is offered is the sum of the others, but for what has expired:
// that was stored before.
void add_ledger(const LogMetrics::Reading& reading, std::vector<MetricFamily>* families) {
  const Ledger& ledger = reading.ledger;
  families->push_back(single("weir_offered_queries_total", "Events handed to the log",
                             MetricType::Counter, ledger.offered));
  families->push_back(single("weir_storage_events_total", "Events committed to the database",
                             MetricType::Counter, ledger.stored));
  families->push_back(single("weir_query_buffer_size", "Events offered and not yet committed",
                             MetricType::Gauge, ledger.in_flight));
  families->push_back(single("weir_collapsed_queries_total", "Events folded into counts",
                             MetricType::Counter, ledger.collapsed));
  families->push_back(dropped_family(ledger));
  if (!reading.database_read) return;
  families->push_back(expired_family(ledger));
  families->push_back(
      single("weir_ledger_unclean",
             "1 since power or a database was lost: too few may be counted as offered",
             MetricType::Gauge, ledger.unclean ? 1 : 0));
}

}  // namespace

LogMetrics::LogMetrics(std::function<Reading()> read)
    : read_(std::move(read)), size_(event_bounds()), depth_(event_bounds()) {}

void LogMetrics::on_flush(uint64_t events, int64_t duration_us) {
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  duration_.observe(static_cast<uint32_t>(std::clamp<int64_t>(duration_us, 0, kMost)));
  size_.Observe(static_cast<double>(events));
}

std::vector<MetricFamily> LogMetrics::Collect() const {
  const Reading reading = read_();
  std::vector<MetricFamily> families;
  add_ledger(reading, &families);
  families.push_back(single("weir_query_buffer_capacity", "Events that may wait for their commit",
                            MetricType::Gauge, reading.stats.capacity));
  DurationSum duration;
  duration.add(duration_);
  families.push_back(MetricFamilyBuilder("weir_batch_flush_duration_seconds",
                                         "Duration of an attempt to commit", MetricType::Histogram)
                         .add({}, duration.metric())
                         .build());
  families.push_back(MetricFamilyBuilder("weir_batch_flush_size", "Events of an attempt to commit",
                                         MetricType::Histogram)
                         .add({}, size_.Collect())
                         .build());
  families.push_back(MetricFamilyBuilder("weir_writer_queue_depth",
                                         "Events that a drain of the writer found waiting",
                                         MetricType::Histogram)
                         .add({}, depth_.Collect())
                         .build());
  add_storage(reading, &families);
  return families;
}

}  // namespace weir
