// store_latency: how long does a caller of store() wait, and how long until its event is durable?
//
// Question: LogStorage::store() with a completion, 5,000 events/s, flushed every 50 ms
// (REQUIREMENTS 003-06, 003-21): the microseconds that store() takes, and the milliseconds from its
// start to the completion, which tells that the event is committed with synchronous=FULL. Rival: a
// row and a transaction for each event (RowTable), whose caller waits until it is durable.
//
//   store_latency [--smoke] [--json]
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "bench_folder.h"
#include "bench_report.h"
#include "native/runtime/clock.h"
#include "native/runtime/heap.h"
#include "native/store/log_storage.h"
#include "row_table.h"
#include "support/event_generator.h"

namespace weir::bench {
namespace {

constexpr int64_t kFlushMs = 50;
constexpr size_t kStepEvents = 50;
constexpr auto kStep = std::chrono::milliseconds(10);

using BenchClock = std::chrono::steady_clock;

double microseconds(BenchClock::duration span) {
  return std::chrono::duration<double, std::micro>(span).count();
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.at(static_cast<size_t>(share * static_cast<double>(values.size() - 1)));
}

struct Waits {
  std::vector<double> taken_us;    // until store() had returned
  std::vector<double> durable_us;  // until the event was durable
};

Waits measure_storage(EventGenerator& generator, size_t count) {
  const Folder folder;
  QueryLogOptions options;
  options.data_dir = folder.file("data");
  options.flush_intervals = FlushIntervals::always(kFlushMs);
  auto opened = LogStorage::open(options);
  require(opened.status());
  LogStorage storage = std::move(opened).value();
  Waits waits;
  waits.taken_us.resize(count);
  waits.durable_us.resize(count);
  auto due = BenchClock::now();
  for (size_t i = 0; i < count; ++i) {
    if (i % kStepEvents == 0) std::this_thread::sleep_until(due += kStep);
    Event event = generator.next();
    event.time_ms = wall_clock_ms();
    const auto begin = BenchClock::now();
    double* const durable_us = &waits.durable_us[i];
    require(storage.store(event, [begin, durable_us](const Result<EventId>& id) {
      require(id.status());
      *durable_us = microseconds(BenchClock::now() - begin);
    }));
    waits.taken_us[i] = microseconds(BenchClock::now() - begin);
  }
  require(storage.close());  // completions have been called after this
  return waits;
}

std::vector<double> measure_rows(EventGenerator& generator, size_t count) {
  const Folder folder;
  SqliteDatabase database = open_database(folder.file("rows.db"));
  RowTable table(database);
  std::vector<double> durable_us;
  for (size_t i = 0; i < count; ++i) {
    const Event event = generator.next();
    const auto begin = BenchClock::now();
    table.add(event);
    table.finish();
    durable_us.push_back(microseconds(BenchClock::now() - begin));
  }
  return durable_us;
}

void run(const BenchReport& report) {
  constexpr const char* kRival = "text rows, 4 indexes, one by one";
  EventGenerator generator;
  const Waits ours = measure_storage(generator, report.smoke() ? 1'000 : 50'000);
  const std::vector<double> rival = measure_rows(generator, report.smoke() ? 20 : 1'000);
  for (const auto& [name, share] : {std::pair("p50", 0.5), std::pair("p99", 0.99)}) {
    const double rival_us = quantile(rival, share);
    report.row(std::string("store() ") + name, quantile(ours.taken_us, share), "us", kRival,
               rival_us);
    report.row(std::string("durable ") + name, quantile(ours.durable_us, share) / 1000, "ms",
               kRival, rival_us / 1000);
  }
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::keep_freed_memory();  // as the binary does
  spdlog::set_level(spdlog::level::warn);
  weir::bench::run(weir::bench::BenchReport("store_latency", argc, argv));
  return 0;
}
