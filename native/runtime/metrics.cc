// Collection: rare (every few seconds) and allowed to allocate, so that counting is neither.
//
// Threads are read one after the other while they go on counting: a collected sum may lie between
// two moments, but each counter is whole, and none ever goes back.
#include "native/runtime/metrics.h"

#include <algorithm>
#include <limits>

namespace weir {
namespace {

constexpr double kMicrosPerSecond = 1e6;

}  // namespace

void DurationHistogram::observe(uint32_t duration_us) {
  const auto bound = std::ranges::lower_bound(kBoundsUs, duration_us);
  buckets_[static_cast<size_t>(bound - kBoundsUs.begin())].add();
  sum_us_.add(duration_us);
}

void DurationSum::add(const DurationHistogram& histogram) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += histogram.buckets_[i].value();
  sum_us_ += histogram.sum_us_.value();
}

prometheus::ClientMetric DurationSum::metric() const {
  prometheus::ClientMetric metric;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    cumulative += buckets_[i];
    const bool last = i == DurationHistogram::kBoundsUs.size();
    metric.histogram.bucket.push_back(
        {cumulative, last ? std::numeric_limits<double>::infinity()
                          : DurationHistogram::kBoundsUs[i] / kMicrosPerSecond});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = static_cast<double>(sum_us_) / kMicrosPerSecond;
  return metric;
}

MetricFamilyBuilder::MetricFamilyBuilder(std::string name, std::string help,
                                         prometheus::MetricType type) {
  family_.name = std::move(name);
  family_.help = std::move(help);
  family_.type = type;
}

MetricFamilyBuilder& MetricFamilyBuilder::add(const MetricLabels& labels, uint64_t value) {
  prometheus::ClientMetric metric;
  metric.counter.value = static_cast<double>(value);
  metric.gauge.value = static_cast<double>(value);
  return add(labels, std::move(metric));
}

MetricFamilyBuilder& MetricFamilyBuilder::add(const MetricLabels& labels,
                                              prometheus::ClientMetric metric) {
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  family_.metric.push_back(std::move(metric));
  return *this;
}

}  // namespace weir
