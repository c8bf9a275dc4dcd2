// Config: everything that the user may set, read from one YAML file.
//
// The file is read as a whole: every error is reported, not the first only, each with file, line
// and column, what was found and what was expected. Nothing is guessed: an unknown key is an error,
// and so is a feature that this version has not. docs/configuration.md describes every key.
//
// Scalars may hold ${NAME} and ${NAME:-default} (environment); relative paths are relative to the
// folder of the file, so that the same file means the same data from every working directory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/limits.h"
#include "weir/status.h"

namespace weir {

struct ListConfig {
  std::string name;
  std::string source;  // a path
  bool operator==(const ListConfig&) const = default;
};

struct RecordConfig {
  std::string name;
  std::string type;
  std::string content;
  uint32_t ttl_s = 300;
  bool operator==(const RecordConfig&) const = default;
};

struct DnsConfig {
  std::vector<std::string> listen{"127.0.0.1:5300"};  // each for UDP and TCP
  unsigned threads = 0;                               // 0: auto
  bool operator==(const DnsConfig&) const = default;
};

struct BlockingConfig {
  enum class Answer : uint8_t { kNullIp, kNxDomain };
  std::vector<ListConfig> lists;
  Answer answer = Answer::kNullIp;
  uint32_t ttl_s = 60;
  bool operator==(const BlockingConfig&) const = default;
};

struct CacheConfig {
  uint64_t bytes_max = 32 << 20;
  uint32_t ttl_s_min = 0;
  uint32_t ttl_s_max = 86'400;
  bool operator==(const CacheConfig&) const = default;
};

struct HttpConfig {
  std::vector<std::string> listen{"127.0.0.1:8053"};
  std::vector<std::string> hosts;  // names besides IP literals and localhost in the Host header
  bool operator==(const HttpConfig&) const = default;
};

struct QueryLogConfig {
  bool enabled = true;
  std::string backend = "sqlite";
  std::string handoff = "ring";  // ring | inline
  int64_t buffer_events_max = kBufferEventsDefault;
  int64_t flush_interval_ms = kFlushIntervalMsDefault;
  int64_t flush_interval_ms_max = kFlushIntervalMsDefault;  // flush_interval_ms if it is not given
  bool adaptive_flush = true;
  int64_t retention_days = 7;
  int64_t rollup_days = 1825;
  std::optional<uint64_t> bytes_max;
  std::string flash = "normal";  // normal | gentle
  int64_t flood_repeats_max = 10'000;
  std::string privacy = "full";  // full | truncated | pseudonym | none
  bool operator==(const QueryLogConfig&) const = default;
};

struct ForwardConfig {
  std::string url;  // without a final slash
  std::string site;
  std::string token;  // secret
  int64_t interval_ms = 60'000;
  int64_t spool_days = 35;
  std::map<std::string, std::string> headers;  // values are secret
  bool operator==(const ForwardConfig&) const = default;
};

struct Config {
  std::string data_dir = "./data";
  std::string log_level = "info";  // error | warning | info | debug
  DnsConfig dns;
  std::vector<std::string> upstreams;  // "udp://192.0.2.53:53", "tcp://…", in this order
  BlockingConfig blocking;
  CacheConfig cache;
  std::vector<RecordConfig> local_records;
  HttpConfig http;
  QueryLogConfig query_log;
  std::optional<ForwardConfig> forward;
  bool operator==(const Config&) const = default;
};

// `config` is usable if `errors` is empty. Errors are in the order of the file.
struct ConfigResult {
  Config config;
  std::vector<std::string> errors;    // "file:line:column: what was found, what was expected"
  std::vector<std::string> warnings;  // in the same form; the file is accepted
};

// Looks a variable up; nothing if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

// Parses `text`, which was read from `file` (used for messages and relative paths). Reads no file.
ConfigResult parse_config(std::string_view text, const std::string& file, const Environment& env);

// Reads `file` and fills in the upstreams of `resolv_conf` where none are given. An empty `file`
// means all defaults.
ConfigResult load_config(const std::string& file, const Environment& env = process_environment,
                         const std::string& resolv_conf = "/etc/resolv.conf");

// Only data_dir, for commands that need nothing else: errors elsewhere in the file, such as a token
// that is not in this shell's environment, do not matter. The message of a failure is like one of
// ConfigResult::errors.
Result<std::string> configured_data_dir(const std::string& file,
                                        const Environment& env = process_environment);

// The effective configuration as JSON, secrets masked.
std::string config_json(const Config& config);
// The same as YAML, for people.
std::string config_yaml(const Config& config);

// Keys that differ between the two and are only read at start ("dns.listen").
std::vector<std::string> keys_that_need_restart(const Config& running, const Config& next);

}  // namespace weir
