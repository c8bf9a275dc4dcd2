// DnsServer: the DNS front end. Answers over UDP and TCP from local records, block lists, the cache
// and upstreams, and offers one Event per answered query.
//
// N threads, each with its own sockets on the same ports (SO_REUSEPORT), share one cache and
// nothing else on the hot path. Policy (lists, local records, upstreams, privacy) is an immutable
// snapshot that reload() replaces while queries go on. A message without a readable question
// (malformed, or an opcode other than QUERY) is counted in weir_dns_malformed_total and makes no
// event.
//
// It does not validate DNSSEC, recurse, or speak DoT and DoH.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>
#include <vector>

#include "native/dns/options.h"
#include "native/runtime/event_sink.h"
#include "weir/status.h"

namespace weir {

// Thread-compatible, but Collect() may be called from any thread at any time.
class DnsServer : public prometheus::Collectable {
 public:
  // One sink per thread, dns_thread_count(options) of them; each is called from one thread only and
  // outlives this.
  DnsServer(DnsOptions options, std::vector<EventSink*> sinks);
  ~DnsServer() override;  // stop()

  // Reads the lists, binds every address and starts the threads; after a failure nothing runs. The
  // status names what is at fault: the option, the file, or the address and port.
  Status start();

  // Applies all reloadable options, or nothing when the status is not ok. Reads files on the
  // calling thread; queries meanwhile see the old policy. Returns the names of the changed options
  // that take effect at the next start only.
  Result<std::vector<std::string>> reload(DnsOptions options);

  // Takes no new queries, answers those in flight for at most `upstream_deadline_ms`, joins the
  // threads. May be repeated.
  void stop();

  // Where it listens, as "address:port", in the order of options.listen; tells the port that the
  // kernel chose for port 0. Empty before start().
  std::vector<std::string> listening() const;

  // The weir_dns_* families.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
