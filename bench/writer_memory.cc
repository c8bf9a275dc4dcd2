// writer_memory: how much memory does the write side of the log take?
//
// Question: the growth of the process, from before the log is opened to its peak, in MiB: rings,
// batcher, segments being encoded and checked, rollups and merges, SQLite with its page cache. The
// rival does the same work the classic way: a std::deque of rows of std::strings under a mutex,
// bounded by as many events, and a thread that writes them into RowTable.
//
//   steady      10,000 events/s
//   saturation  two producers as fast as they can, so that the buffer is full and events are
//               dropped (their share is a row of its own)
//
// How it is measured: each case runs in a process of its own. Its resident memory is read before
// anything is opened (VmRSS), the kernel's high-water mark is reset there (5 to clear_refs, see
// proc(5)) and read at the end (VmHWM). So everything counts, also what the allocator keeps and the
// files that SQLite maps. The rings are in it: at most 128 bytes for each event of the buffer and
// producer, so 12.2 MiB, as much of them as was ever filled: nearly nothing at 10,000 events/s, all
// of them at saturation.
//
//   writer_memory [--smoke] [--json]
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench_folder.h"
#include "bench_report.h"
#include "native/runtime/clock.h"
#include "native/runtime/heap.h"
#include "native/store/query_log.h"
#include "row_table.h"
#include "support/event_generator.h"

namespace weir::bench {
namespace {

constexpr size_t kProducers = 2;
constexpr uint64_t kSteadyPerSecond = 10'000;
constexpr int kStepMs = 10;
constexpr size_t kDistinctEvents = 4096;

// A line of /proc/self/status, in MiB.
double status_mib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1)) / 1024;
  }
  require(Status(Code::kUnavailable, "/proc/self/status has no " + name));
  return 0;
}

void reset_peak() {
  std::ofstream clear("/proc/self/clear_refs");
  clear << 5 << std::flush;
  if (!clear) require(Status(Code::kUnavailable, "cannot write /proc/self/clear_refs"));
}

// A log that takes events from kProducers threads. Destroying it ends its writing.
class Log {
 public:
  virtual ~Log() = default;
  virtual void offer(size_t producer, const Event& event) = 0;
  virtual uint64_t dropped() = 0;
};

class OurLog final : public Log {
 public:
  OurLog() {
    QueryLogOptions options;
    options.data_dir = folder_.file("data");
    options.producers = kProducers;
    auto opened = QueryLog::open(options);
    require(opened.status());
    log_ = std::move(opened).value();
  }
  void offer(size_t producer, const Event& event) override { log_->sink(producer).offer(event); }
  uint64_t dropped() override {
    const auto ledger = log_->ledger();
    require(ledger.status());
    return ledger->dropped[static_cast<size_t>(DropReason::kBufferFull)];
  }

 private:
  Folder folder_;
  std::unique_ptr<QueryLog> log_;
};

class RivalLog final : public Log {
 public:
  RivalLog()
      : database_(open_database(folder_.file("rows.db"))),
        table_(database_),
        writer_([this] { write(); }) {}
  ~RivalLog() override {
    stopping_ = true;
    writer_.join();
  }
  void offer(size_t, const Event& event) override {
    const std::lock_guard lock(mutex_);
    if (rows_.size() >= kBufferEventsDefault) {
      ++dropped_;
      return;
    }
    rows_.push_back(
        {event, std::string(event.qname), std::string(event.list), std::string(event.upstream)});
  }
  uint64_t dropped() override { return dropped_; }

 private:
  struct Row {
    Event event;  // its strings are those beside it
    std::string qname, list, upstream;
  };

  void write() {
    while (!stopping_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kStepMs));
      std::deque<Row> rows;
      {
        const std::lock_guard lock(mutex_);
        rows.swap(rows_);
      }
      for (Row& row : rows) {
        row.event.qname = row.qname;
        row.event.list = row.list;
        row.event.upstream = row.upstream;
        table_.add(row.event);
        if (stopping_) return;
      }
    }
  }

  Folder folder_;
  SqliteDatabase database_;
  RowTable table_;
  std::mutex mutex_;
  std::deque<Row> rows_;
  std::atomic<uint64_t> dropped_{0};
  std::atomic<bool> stopping_{false};
  std::thread writer_;  // after what it uses
};

using BenchClock = std::chrono::steady_clock;

// One producer until `end`; `per_second` 0: as fast as it can. Answers how many it offered.
uint64_t produce(Log& log, size_t producer, std::vector<Event> events, uint64_t per_second,
                 BenchClock::time_point end) {
  const uint64_t step_events =
      per_second == 0 ? kDistinctEvents : per_second * kStepMs / 1000 / kProducers;
  uint64_t offered = 0;
  for (auto due = BenchClock::now(); BenchClock::now() < end;) {
    const int64_t now_ms = wall_clock_ms();
    for (uint64_t i = 0; i < step_events; ++i, ++offered) {
      Event& event = events[offered % kDistinctEvents];
      event.time_ms = now_ms;
      log.offer(producer, event);
    }
    if (per_second == 0) continue;
    due += std::chrono::milliseconds(kStepMs);
    std::this_thread::sleep_until(due);
  }
  return offered;
}

struct Measured {
  double peak_mib = 0;
  double dropped_share = 0;
};

Measured measure(const std::function<std::unique_ptr<Log>()>& make, uint64_t per_second,
                 int milliseconds) {
  EventGenerator generator;
  std::vector<Event> events(kDistinctEvents);
  for (Event& event : events) event = generator.next();
  const double before_mib = status_mib("VmRSS");
  reset_peak();
  const std::unique_ptr<Log> log = make();
  const auto end = BenchClock::now() + std::chrono::milliseconds(milliseconds);
  std::atomic<uint64_t> offered{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kProducers; ++i) {
    threads.emplace_back([&, i] { offered += produce(*log, i, events, per_second, end); });
  }
  for (std::thread& thread : threads) thread.join();
  Measured measured;
  measured.peak_mib = status_mib("VmHWM") - before_mib;
  measured.dropped_share = static_cast<double>(log->dropped()) / static_cast<double>(offered);
  return measured;
}

// In a process of its own, so that no case finds the memory of another one.
Measured measure_apart(const std::function<std::unique_ptr<Log>()>& make, uint64_t per_second,
                       int milliseconds) {
  int ends[2];
  if (::pipe(ends) != 0) require(Status(Code::kUnavailable, "pipe failed"));
  const pid_t child = ::fork();
  if (child < 0) require(Status(Code::kUnavailable, "fork failed"));
  Measured measured;
  if (child == 0) {
    measured = measure(make, per_second, milliseconds);
    const bool told = ::write(ends[1], &measured, sizeof(measured)) == sizeof(measured);
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  const bool heard = ::read(ends[0], &measured, sizeof(measured)) == sizeof(measured);
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0 || !heard) {
    require(Status(Code::kUnavailable, "a case has failed"));
  }
  return measured;
}

void run(const BenchReport& report) {
  constexpr const char* kRival = "deque of strings, text rows";
  const int milliseconds = report.smoke() ? 300 : 15'000;
  const auto ours = [] { return std::unique_ptr<Log>(std::make_unique<OurLog>()); };
  const auto rows = [] { return std::unique_ptr<Log>(std::make_unique<RivalLog>()); };
  for (const uint64_t per_second : {kSteadyPerSecond, uint64_t{0}}) {
    const std::string name = per_second > 0 ? "steady" : "saturation";
    const Measured rival = measure_apart(rows, per_second, milliseconds);
    const Measured weir = measure_apart(ours, per_second, milliseconds);
    report.row(name + ", peak", weir.peak_mib, "MiB", kRival, rival.peak_mib);
    report.row(name + ", dropped", 100 * weir.dropped_share, "%");
    report.row(name + ", dropped by the rival", 100 * rival.dropped_share, "%");
  }
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::keep_freed_memory();              // as the binary does
  spdlog::set_level(spdlog::level::off);  // a full buffer is what is asked for
  weir::bench::run(weir::bench::BenchReport("writer_memory", argc, argv));
  return 0;
}
