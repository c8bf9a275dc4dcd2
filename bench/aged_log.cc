// aged_log: makes a data directory whose log has old events, for soak.py: so that a server which is
// started on it has something to clean up.
//
// EVENTS in all, in one hour on each of DAYS days, the last of them between one and two days ago:
// retention_days of 1, 2, … DAYS + 1 leaves none, one, … all of these hours.
//
//   aged_log DATA_DIR EVENTS DAYS
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "bench_folder.h"
#include "bench_names.h"
#include "native/runtime/clock.h"
#include "native/store/log_storage.h"
#include "support/event_generator.h"

namespace weir::bench {
namespace {

// As fast as the writer takes them, and no faster: a full buffer would drop events.
void store(LogStorage& storage, const Event& event) {
  while (storage.log().stats().held > kBufferEventsMax / 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  require(storage.store(event));
}

void fill(const std::string& data_dir, int64_t events, int64_t days) {
  QueryLogOptions options;
  options.data_dir = data_dir;
  options.buffer_events = kBufferEventsMax;
  options.retention_days = days + 1;
  auto opened = LogStorage::open(options);
  require(opened.status());
  LogStorage storage = std::move(opened).value();
  EventGenerator generator({.names = popular_names()});
  const int64_t newest_ms = (wall_clock_ms() - kDayMs / 2) / kHourMs * kHourMs;
  const int64_t each = events / days;
  for (int64_t day = days; day > 0; --day) {
    for (int64_t i = 0; i < each; ++i) {
      Event event = generator.next();
      event.time_ms = newest_ms - day * kDayMs + i * kHourMs / each;
      store(storage, event);
    }
  }
  require(storage.close(60'000));
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::warn);
  const int64_t events = argc == 4 ? std::atoll(argv[2]) : 0;
  const int64_t days = argc == 4 ? std::atoll(argv[3]) : 0;
  if (events < days || days < 1) {
    std::fprintf(stderr, "usage: %s DATA_DIR EVENTS DAYS\n", argv[0]);
    return 2;
  }
  weir::bench::fill(argv[1], events, days);
  return 0;
}
