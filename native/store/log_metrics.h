// LogMetrics: the query log's metrics, under the names of the documents (REQUIREMENTS 002-09 …).
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/histogram.h>

#include <functional>

#include "native/runtime/metrics.h"
#include "native/store/query_log.h"

namespace weir {

class LogMetrics final : public prometheus::Collectable {
 public:
  // What is asked at each collection.
  struct Reading {
    QueryLogStats stats;
    Ledger ledger;
    bool database_read = false;  // or nothing is known of expired and unclean
    uint64_t database_bytes = 0;
    uint64_t wal_bytes = 0;
  };
  explicit LogMetrics(std::function<Reading()> read);

  // The writer thread reports each attempt to commit.
  void on_flush(uint64_t events, int64_t duration_us);
  // And what each of its drains finds in the rings.
  void on_drain(uint64_t waiting) { depth_.Observe(static_cast<double>(waiting)); }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::function<Reading()> read_;
  DurationHistogram duration_;
  prometheus::Histogram size_;
  prometheus::Histogram depth_;
};

}  // namespace weir
