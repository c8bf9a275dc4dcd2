// The vector `api`: an answer of the API over a database in memory, made from a seed.
#include <vector>

#include "bytes.h"
#include "support/event_generator.h"
#include "support/log_writer.h"
#include "support/memory_executor.h"
#include "vector_kinds.h"
#include "weir/api.h"

namespace weir {
namespace {

constexpr uint32_t kEventsMax = 100'000;

// Two sites, three hours of one and one of the other, half of it rolled up.
void fill(Executor& executor, EventGenerator& home, EventGenerator& office, uint32_t count) {
  LogWriter writer(&executor);
  for (EventGenerator* site : {&home, &office}) {
    std::vector<Event> events(count);
    for (Event& event : events) event = site->next();
    const int64_t log_no = writer.add_log(site == &home ? "home" : "office");
    writer.append(log_no, events, 700);
    writer.append_gap(log_no, 5);
    writer.roll(log_no, count / 2);
  }
}

EventGenerator::Options workload(uint64_t seed, uint64_t events_per_second) {
  EventGenerator::Options options;
  options.seed = seed;
  options.start_ms = kVectorStartMs;
  options.events_per_second = events_per_second;
  return options;
}

}  // namespace

Bytes answer_api(ByteView input) {
  ByteReader in(input);
  const uint64_t seed = in.u64();
  const uint32_t count = in.u32();
  if (!in.ok() || count > kEventsMax) return {};
  EventGenerator home(workload(seed, 1));
  EventGenerator office(workload(seed + 1, 3));
  MemoryExecutor executor;
  fill(executor, home, office, count);

  ApiRequest request;
  request.method = "GET";
  request.target = in.take_text(in.remaining());
  request.now_ms = kVectorStartMs + int64_t{4} * 3'600'000;
  request.trusted = true;
  Bytes answer;
  ByteWriter out(answer);
  const auto operation = api(std::move(request));
  const Status status = run_operation(*operation, executor, [&](const Emit& emit) {
    if (emit.head) out.u32(static_cast<uint32_t>(emit.head->status));
    out.text(emit.bytes);
  });
  return status.ok() ? answer : Bytes{};
}

}  // namespace weir
