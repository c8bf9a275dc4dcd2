#include "native/runtime/metrics.h"

#include <prometheus/text_serializer.h>

#include "catch.h"

namespace weir {
namespace {

uint64_t cumulative(const prometheus::ClientMetric& metric, double bound) {
  for (const auto& bucket : metric.histogram.bucket) {
    if (bucket.upper_bound == bound) return bucket.cumulative_count;
  }
  return ~uint64_t{0};
}

TEST_CASE("a duration on a bucket's bound belongs to that bucket, one past it to the next") {
  DurationHistogram histogram;
  histogram.observe(1'000);
  histogram.observe(1'001);
  DurationSum sum;
  sum.add(histogram);
  const prometheus::ClientMetric metric = sum.metric();
  CHECK(cumulative(metric, 0.0005) == 0);
  CHECK(cumulative(metric, 0.001) == 1);
  CHECK(cumulative(metric, 0.0025) == 2);
}

TEST_CASE("histograms of threads add up and nothing is above the last bucket") {
  DurationHistogram first;
  DurationHistogram second;
  first.observe(0);
  second.observe(UINT32_MAX);
  DurationSum sum;
  sum.add(first);
  sum.add(second);
  const prometheus::ClientMetric metric = sum.metric();
  CHECK(metric.histogram.sample_count == 2);
  CHECK(metric.histogram.bucket.back().cumulative_count == 2);
  CHECK(cumulative(metric, 5.0) == 1);
  CHECK(metric.histogram.sample_sum == 4294967295 / 1e6);
}

TEST_CASE("a family is serialised with its labels") {
  const prometheus::MetricFamily family =
      MetricFamilyBuilder("weir_test_total", "Help.", prometheus::MetricType::Counter)
          .add({{"kind", "a"}}, 3)
          .add({}, 4)
          .build();
  const std::string text = prometheus::TextSerializer().Serialize({family});
  CHECK(text.find("weir_test_total{kind=\"a\"} 3") != std::string::npos);
  CHECK(text.find("weir_test_total 4") != std::string::npos);
}

}  // namespace
}  // namespace weir
