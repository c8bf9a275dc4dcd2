// Maps the configuration to the options of the parts, and holds them together.
#include "native/serve.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <filesystem>

#include "native/dns/block_lists.h"
#include "native/dns/server.h"
#include "native/forward/forwarder.h"
#include "native/http/server.h"
#include "native/runtime/random.h"
#include "native/store/query_log.h"
#include "native/store/startup_check.h"

namespace weir {
namespace {

constexpr const char* kLocalSite = "local";       // of a log that is not forwarded
constexpr const char* kInlineHandoff = "inline";  // as query_log.handoff has it
constexpr const char* kGentleFlash = "gentle";    // as query_log.flash has it
constexpr const char* kMarksName = "forward.marks";

std::string site_of(const Config& config) {
  return config.forward ? config.forward->site : kLocalSite;
}

PrivacyMode privacy_of(const std::string& name) {
  if (name == "truncated") return PrivacyMode::kTruncated;
  if (name == "pseudonym") return PrivacyMode::kPseudonym;
  return name == "none" ? PrivacyMode::kNone : PrivacyMode::kFull;
}

DnsOptions dns_options(const Config& config) {
  DnsOptions options;
  options.listen = config.dns.listen;
  options.threads = config.dns.threads;
  options.cache_bytes_max = config.cache.bytes_max;
  options.upstreams = config.upstreams;
  options.cache_ttl_min_s = config.cache.ttl_s_min;
  options.cache_ttl_max_s = config.cache.ttl_s_max;
  for (const ListConfig& list : config.blocking.lists)
    options.block_lists.push_back({list.name, list.source});
  bool null_ip = config.blocking.answer == BlockingConfig::Answer::kNullIp;
  options.blocked_answer = null_ip ? BlockedAnswer::kNullIp : BlockedAnswer::kNxDomain;
  options.blocked_ttl_s = config.blocking.ttl_s;
  for (const RecordConfig& record : config.local_records)
    options.local_records.push_back({record.name, record.type, record.content, record.ttl_s});
  options.privacy = privacy_of(config.query_log.privacy);
  return options;
}

FlushIntervals flush_intervals(const QueryLogConfig& config) {
  if (!config.adaptive_flush) return FlushIntervals::always(config.flush_interval_ms);
  return {.configured_ms = config.flush_interval_ms, .quiet_ms = config.flush_interval_ms_max};
}

// `producers`: one sink for each DNS thread.
QueryLogOptions log_options(const Config& config, size_t producers) {
  QueryLogOptions options;
  options.data_dir = config.data_dir;
  options.site = site_of(config);
  options.enabled = config.query_log.enabled;
  options.inline_handoff = config.query_log.handoff == kInlineHandoff;
  options.producers = producers;
  options.buffer_events = static_cast<size_t>(config.query_log.buffer_events_max);
  options.flush_intervals = flush_intervals(config.query_log);
  options.bytes_max = config.query_log.bytes_max.value_or(0);
  options.gentle = config.query_log.flash == kGentleFlash;
  options.flood_repeats_max = static_cast<uint32_t>(config.query_log.flood_repeats_max);
  options.retention_days = config.query_log.retention_days;
  options.rollup_days = config.query_log.rollup_days;
  options.forwarding = config.forward.has_value();
  if (config.forward) options.spool_days = config.forward->spool_days;
  return options;
}

ForwarderOptions forwarder_options(const std::string& data_dir, const ForwardConfig& forward) {
  ForwarderOptions options;
  options.http.base_url = forward.url;
  options.http.token = forward.token;
  options.http.headers = forward.headers;
  options.site = forward.site;
  options.sender.interval_ms = forward.interval_ms;
  options.sender.jitter_seed = RandomSource().next<uint64_t>();
  options.marks_path = (std::filesystem::path(data_dir) / kMarksName).string();
  return options;
}

// The forwarder reads the log by operations and asks the log itself for what only a writer can do.
std::unique_ptr<LogSource> log_source(QueryLog& log) {
  LogWriterHooks hooks;
  hooks.database_number = [&log] { return log.database_number(); };
  hooks.current_log_no = [&log] { return log.position().log_no; };
  hooks.fork = [&log](int64_t log_no, uint64_t from) {
    return log.fork_log(log_no, from).status();
  };
  return operation_log_source(log.runner(), std::move(hooks));
}

// spdlog's names are ours but for this one.
void set_log_level(const std::string& name) {
  spdlog::set_level(name == "warning" ? spdlog::level::warn : spdlog::level::from_str(name));
}

std::string joined(const std::vector<std::string>& texts, const std::string& prefix) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + prefix + text;
  return out;
}

}  // namespace

Status check_serving(const Config& config) {
  const DnsOptions options = dns_options(config);
  WEIR_TRY(check_dns_options(options));
  return load_block_lists(options.block_lists).status();
}

// Destroyed from the last to the first: who uses another part is declared after it.
struct Serving::Parts {
  Status start(const Config& config);
  HttpServices services(const Config& config);
  void stop();

  std::atomic<bool> answers_dns{false};
  std::unique_ptr<QueryLog> log;
  std::unique_ptr<Forwarder> forwarder;  // null without `forward`
  std::unique_ptr<DnsServer> dns;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<StartupCheck> check;  // null after a stop in good order
};

Status Serving::Parts::start(const Config& config) {
  const DnsOptions options = dns_options(config);
  WEIR_TRY(check_dns_options(options));
  const size_t threads = dns_thread_count(options);
  WEIR_ASSIGN(log, QueryLog::open(log_options(config, threads)));
  if (config.forward) {  // before the first event: see Forwarder::start
    WEIR_ASSIGN(forwarder, Forwarder::start(forwarder_options(config.data_dir, *config.forward),
                                            log_source(*log)));
  }
  std::vector<EventSink*> sinks;
  for (size_t i = 0; i < threads; ++i) sinks.push_back(&log->sink(i));
  dns = std::make_unique<DnsServer>(options, std::move(sinks));
  http = std::make_unique<HttpServer>(
      HttpOptions{.listen = config.http.listen, .hosts = config.http.hosts}, services(config));
  WEIR_TRY(http->start());  // before DNS: until DNS is answered, /readyz says so
  WEIR_TRY(dns->start());
  answers_dns = true;
  if (!log->ended_in_order()) check = std::make_unique<StartupCheck>(log->runner());
  return {};
}

// What HTTP shows of the others. They outlive the server: see the order of the members.
HttpServices Serving::Parts::services(const Config& config) {
  HttpServices services;
  services.runner = &log->runner();
  services.ledger = [this] { return log->ledger(); };
  services.ready = [this] {
    return answers_dns ? Status() : Status(Code::kUnavailable, "DNS is not answered");
  };
  services.metrics = {dns.get(), &log->metrics()};
  if (forwarder) services.metrics.push_back(forwarder.get());
  services.own_site = site_of(config);
  return services;
}

// Parts that were never started have nothing to stop.
void Serving::Parts::stop() {
  answers_dns = false;
  check.reset();
  if (dns) dns->stop();
  if (forwarder) forwarder->stop();
  if (log) {
    if (Status status = log->stop(); !status.ok())
      spdlog::error("the query log did not stop in order: {}", status.message());
  }
  if (http) http->stop();
}

Serving::Serving(Config config) : config_(std::move(config)) {}

Serving::~Serving() { stop(); }

Status Serving::start() {
  set_log_level(config_.log_level);
  parts_ = std::make_unique<Parts>();
  Status status = parts_->start(config_);
  if (!status.ok()) stop();
  return status;
}

Result<std::vector<std::string>> Serving::reload(const Config& next) {
  // The front end goes first: it alone can refuse (a list that cannot be read).
  WEIR_TRY(parts_->dns->reload(dns_options(next)).status());
  QueryLog& log = *parts_->log;
  log.set_enabled(next.query_log.enabled);
  log.set_inline_handoff(next.query_log.handoff == kInlineHandoff);
  log.set_flush_intervals(flush_intervals(next.query_log));
  log.set_retention_days(next.query_log.retention_days);
  set_log_level(next.log_level);
  return keys_that_need_restart(config_, next);
}

void Serving::stop() {
  if (!parts_) return;
  parts_->stop();
  parts_.reset();
}

std::string Serving::addresses() const {
  return "dns " + joined(parts_->dns->listening(), "") + ", " +
         joined(parts_->http->listening(), "http://");
}

}  // namespace weir
