// Counting, and how counts become prometheus metric families.
//
// Counters are made for one writing thread each and any number of readers: adding is a plain load
// and store, no locked instruction. Who collects adds up the threads. Names and labels exist only
// at collection.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir {

// add() from one thread, value() from any.
class ThreadCounter {
 public:
  void add(uint64_t amount = 1) { value_.store(value() + amount, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Durations in buckets that cover 50 µs to 5 s; the last bucket is everything above. observe() from
// one thread.
class DurationHistogram {
 public:
  static constexpr std::array<uint32_t, 16> kBoundsUs = {
      50,     100,    250,     500,     1'000,   2'500,     5'000,     10'000,
      25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000};

  void observe(uint32_t duration_us);

 private:
  friend class DurationSum;
  std::array<ThreadCounter, kBoundsUs.size() + 1> buckets_;
  ThreadCounter sum_us_;
};

// Adds up histograms of several threads; thread-compatible, made for one collection.
class DurationSum {
 public:
  void add(const DurationHistogram& histogram);
  prometheus::ClientMetric metric() const;  // in seconds

 private:
  std::array<uint64_t, DurationHistogram::kBoundsUs.size() + 1> buckets_{};
  uint64_t sum_us_ = 0;
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// A family in the making. Values are exact up to 2^53.
class MetricFamilyBuilder {
 public:
  MetricFamilyBuilder(std::string name, std::string help, prometheus::MetricType type);

  // For counters and gauges.
  MetricFamilyBuilder& add(const MetricLabels& labels, uint64_t value);
  MetricFamilyBuilder& add(const MetricLabels& labels, prometheus::ClientMetric metric);
  // A copy, so that a builder may go on.
  prometheus::MetricFamily build() const { return family_; }

 private:
  prometheus::MetricFamily family_;
};

}  // namespace weir
