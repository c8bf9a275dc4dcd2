// A worker begins to stop by reading nothing more and then looks every few milliseconds whether
// anybody still waits: stopping is rare, and counting down at each answer would be on the hot path.
#include "native/dns/worker.h"

#include <string>

#include "native/runtime/thread_name.h"

namespace weir {
namespace {

constexpr auto kStopPoll = std::chrono::milliseconds(2);

}  // namespace

Worker::Worker(unsigned number, const DnsOptions& options, DnsCache& cache, Recorder recorder,
               const PrivacyFilter& privacy)
    : number_(number),
      keep_running_(io_.get_executor()),
      resolver_(io_, cache, recorder, privacy),
      tcp_(io_, resolver_, options),
      stop_timer_(io_) {}

void Worker::add_udp(UniqueFd socket) {
  udp_.push_back(std::make_unique<UdpListener>(io_, std::move(socket), resolver_));
}

void Worker::add_tcp(UniqueFd socket, sa_family_t family) { tcp_.add(std::move(socket), family); }

void Worker::set_policy(std::shared_ptr<const Policy> policy) {
  resolver_.set_policy(std::move(policy));
}

void Worker::start() {
  for (const auto& listener : udp_) listener->start();
  thread_ = std::thread([this] {
    set_thread_name("weir-dns-" + std::to_string(number_));
    io_.run();
  });
}

void Worker::begin_stop(uint32_t grace_ms) {
  post([this, grace_ms] {
    stop_by_us_ = monotonic_us() + int64_t{grace_ms} * 1000;
    for (const auto& listener : udp_) listener->stop_reading();
    tcp_.stop_reading();
    end_when_idle();
  });
}

void Worker::end_when_idle() {
  const bool idle = resolver_.pending() == 0 && tcp_.session_count() == 0;
  if (idle || monotonic_us() >= stop_by_us_) return io_.stop();
  stop_timer_.expires_after(kStopPoll);
  stop_timer_.async_wait([this](const error_code&) { end_when_idle(); });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace weir
