// Counts first, then the event: a thread without a log still has its metrics. The name becomes text
// here, on the stack, and only for queries that are logged.
#include "native/dns/recorder.h"

#include <algorithm>

namespace weir {

void Recorder::record(const Request& request, const Decision& decision, int64_t done_us, bool sent,
                      bool log) {
  const int64_t elapsed_us = done_us - request.arrival.monotonic_us;
  const auto duration_us = static_cast<uint32_t>(std::clamp<int64_t>(elapsed_us, 0, UINT32_MAX));
  const auto transport = static_cast<size_t>(request.transport);
  stats_->queries[transport][static_cast<size_t>(decision.outcome)].add();
  stats_->duration.observe(duration_us);
  if (!sent) stats_->send_failures.add();
  if (!log) return;
  std::array<char, kNameTextBytesMax> name;
  sink_->offer({.time_ms = request.arrival.wall_ms,
                .client = request.client,
                .transport = request.transport,
                .outcome = decision.outcome,
                .ad = decision.ad,
                .qtype = request.query.qtype,
                .rcode = decision.rcode,
                .duration_us = duration_us,
                .response_size = static_cast<uint32_t>(sent ? decision.response_bytes : 0),
                .qname = request.query.qname.text(name),
                .list = decision.list,
                .upstream = decision.upstream});
}

}  // namespace weir
