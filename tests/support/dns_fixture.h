// DnsFixture: a DnsServer on a port of the loopback, with a recording sink and its counters.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "native/dns/server.h"
#include "native/runtime/metrics.h"
#include "support/dns_client.h"
#include "support/recording_sink.h"
#include "support/scripted_upstream.h"

namespace weir {

class DnsFixture {
 public:
  DnsFixture() {
    options.listen = {"127.0.0.1:0"};
    options.threads = 1;
    options.cache_bytes_max = kCacheBytesMin;
  }

  // Starts the server with `options`, which a test has completed.
  void start(const std::vector<std::string>& upstreams) {
    options.upstreams = upstreams;
    server = std::make_unique<DnsServer>(options,
                                         std::vector<EventSink*>(dns_thread_count(options), &sink));
    const Status started = server->start();
    INFO(started.message());
    REQUIRE(started.ok());
    address = server->listening().at(0);
  }

  // Asks over UDP from a new port.
  DnsResponse ask(std::string_view name, const QueryOptions& query = {}) {
    raw = UdpClient(address).ask(make_query(name, query)).value();
    return read_dns_response(raw).value();
  }

  // The value of a counter or gauge, summed over the metrics that carry all of `labels`.
  uint64_t metric(const std::string& name, const MetricLabels& labels = {}) const {
    double sum = 0;
    for (const prometheus::MetricFamily& family : server->Collect()) {
      if (family.name != name) continue;
      for (const prometheus::ClientMetric& one : family.metric) {
        if (carries(one, labels)) sum += one.counter.value;
      }
    }
    return static_cast<uint64_t>(sum);
  }

  // True as soon as the metric has that value; false if it never gets it.
  bool reaches(const std::string& name, uint64_t value, const MetricLabels& labels = {}) const {
    for (int i = 0; i < 2000; ++i) {
      if (metric(name, labels) == value) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  DnsOptions options;
  RecordingSink sink;
  std::unique_ptr<DnsServer> server;
  std::string address;
  Bytes raw;  // the last answer to ask()

 private:
  static bool carries(const prometheus::ClientMetric& metric, const MetricLabels& labels) {
    return std::ranges::all_of(labels, [&](const auto& label) {
      return std::ranges::count(metric.label,
                                prometheus::ClientMetric::Label{label.first, label.second}) == 1;
    });
  }
};

}  // namespace weir
