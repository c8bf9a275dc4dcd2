// log_append: how many events per second go into SQLite, what do they cost there, in time and
// bytes?
//
// Question: the writer's way (BenchLog: segments, rollups, ledger, merges) against the classic one,
// in the same run, on the same file system, with the same pragmas (WAL, synchronous=FULL). Rival:
// RowTable.
//
//   bulk     a backlog of a day, 1 M and 10 M events: only sizes cut batches; the rate by quarters;
//            rollups and merges of an hour are made when the next one begins (the writer, by whose
//            clock such a day takes some seconds, would make most of them at the end)
//   steady   10,000 events/s for 1,000 s, a flush every 5 s: the CPU of all of it, merging included
//   home     a quiet home for a day: one event/s of 3,000 names, 20 clients, a flush every 5 s
//
// Load: EventGenerator (tests/support), made outside of the measured time: Zipf(1.0) over the names
// of shared/data/top-domains.txt where it is present, otherwise over 20,000 made names; 50 clients.
// Bytes are those of the whole file, free pages too.
//
//   log_append [--smoke] [--json]
#include <array>
#include <span>
#include <string>
#include <vector>

#include "bench_log.h"
#include "bench_names.h"
#include "bench_report.h"
#include "native/runtime/heap.h"
#include "row_table.h"
#include "support/event_generator.h"

namespace weir::bench {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kStartMs = 1'790'000'000'000 / kDayMs * kDayMs;
constexpr size_t kQuarters = 4;

EventGenerator::Options load(uint64_t events_per_second) {
  EventGenerator::Options options;
  options.names = popular_names();
  options.events_per_second = events_per_second;
  options.start_ms = kStartMs;
  return options;
}

// Calls `take` with `count` events of a generator, some at a time; `watch` runs only while it does.
template <class Take>
void feed(EventGenerator& generator, uint64_t count, Stopwatch* watch, Take take) {
  std::vector<Event> events;
  for (uint64_t fed = 0; fed < count; fed += events.size()) {
    events.resize(std::min<uint64_t>(BenchLog::kDrainEventsMax, count - fed));
    for (Event& event : events) event = generator.next();
    watch->start();
    take(std::span<const Event>(events));
    watch->stop();
  }
}

// As feed(), into a log whose writer finds `drain` events at a time.
void feed_log(EventGenerator& generator, uint64_t count, size_t drain, Stopwatch* watch,
              BenchLog* log) {
  feed(generator, count, watch, [&](std::span<const Event> events) {
    while (!events.empty()) {
      const size_t found = std::min(drain, events.size());
      log->add(events.first(found));
      events = events.subspan(found);
    }
  });
}

// Per event, in the file.
double bytes_per(uint64_t bytes, uint64_t events) {
  return static_cast<double>(bytes) / static_cast<double>(events);
}

struct Rival {
  double per_second = 0;
  double bytes = 0;
};

Rival measure_rows(const EventGenerator::Options& options, uint64_t count) {
  const Folder folder;
  const std::string path = folder.file("rows.db");
  SqliteDatabase database = open_database(path);
  RowTable table(database);
  EventGenerator generator(options);
  Stopwatch watch;
  feed(generator, count, &watch, [&](std::span<const Event> events) {
    for (const Event& event : events) table.add(event);
  });
  watch.start();
  table.finish();
  const uint64_t bytes = file_bytes(database, path);
  watch.stop();
  return {static_cast<double>(count) / watch.wall_seconds(), bytes_per(bytes, count)};
}

void bulk(const BenchReport& report, const std::string& name, uint64_t count) {
  const EventGenerator::Options options = load(count * 1000 / kDayMs + 1);
  EventGenerator generator(options);
  BenchLog log(kStartMs, BenchLog::Pace::kBacklog);
  Stopwatch whole;
  std::array<double, kQuarters> quarter_seconds{};
  for (double& seconds : quarter_seconds) {
    const double before = whole.wall_seconds();
    feed_log(generator, count / kQuarters, BenchLog::kDrainEventsMax, &whole, &log);
    seconds = whole.wall_seconds() - before;
  }
  whole.start();
  log.finish();
  const uint64_t level1 = log.bytes();
  whole.stop();
  log.merge_level2();
  // Last, since ten minutes of it leave a machine that others share slower than it found it.
  const Rival rival = measure_rows(options, count);
  report.row(name + ", rate", static_cast<double>(count) / whole.wall_seconds(), "events/s",
             kRowTableName, rival.per_second);
  report.row(name + ", rate of the last quarter", 1 / quarter_seconds.back(), "1/s",
             "the first quarter", 1 / quarter_seconds.front());
  report.row(name + ", commit p99", log.commit_ms(0.99), "ms");
  report.row(name + ", level 1", bytes_per(level1, count), "B/event", kRowTableName, rival.bytes);
  report.row(name + ", level 2", bytes_per(log.bytes(), count), "B/event", kRowTableName,
             rival.bytes);
}

void steady(const BenchReport& report, uint64_t per_second, uint64_t count) {
  EventGenerator generator(load(per_second));
  BenchLog log(kStartMs, BenchLog::Pace::kLive);
  Stopwatch watch;
  constexpr uint64_t kDrainsPerSecond = 1000 / LogWriter::kDrainIntervalMs;
  feed_log(generator, count, per_second / kDrainsPerSecond, &watch, &log);
  watch.start();
  log.finish();
  watch.stop();
  const double load_seconds = static_cast<double>(count) / static_cast<double>(per_second);
  report.row("steady, CPU", 100 * watch.cpu_seconds() / load_seconds, "% of a core");
  report.row("steady", bytes_per(log.bytes(), count), "B/event");
}

void home(const BenchReport& report, uint64_t count) {
  EventGenerator::Options options = load(1);
  options.names.clear();
  options.made_names = 3000;
  options.clients = 20;
  const Rival rival = measure_rows(options, count);
  EventGenerator generator(options);
  BenchLog log(kStartMs, BenchLog::Pace::kLive);
  Stopwatch watch;
  feed_log(generator, count, 1, &watch, &log);
  log.finish();
  log.merge_day();
  report.row("quiet home", bytes_per(log.bytes(), count), "B/event", kRowTableName, rival.bytes);
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  weir::keep_freed_memory();  // as the binary does
  const BenchReport report("log_append", argc, argv);
  bulk(report, "bulk 1 M", report.smoke() ? 40'000 : 1'000'000);
  if (!report.smoke()) bulk(report, "bulk 10 M", 10'000'000);
  steady(report, 10'000, report.smoke() ? 50'000 : 10'000'000);
  home(report, report.smoke() ? 7200 : 86'400);
  return 0;
}
