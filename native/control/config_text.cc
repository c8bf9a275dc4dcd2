// The effective configuration as text: JSON by the core's writer, YAML made of the same JSON.
#include <yaml-cpp/yaml.h>

#include "native/control/config.h"
#include "native/control/units.h"
#include "weir/json.h"

namespace weir {
namespace {

constexpr std::string_view kMask = "********";  // of one length: not even that is told

void put_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

// Keys as in the file, values in the units that the file takes: the output is a configuration
// again.
void put_dns(JsonWriter& json, const DnsConfig& dns) {
  json.key("dns").begin_object();
  put_texts(json, "listen", dns.listen);
  json.key("threads");
  if (dns.threads == 0) {
    json.string("auto");
  } else {
    json.integer(dns.threads);
  }
  json.end_object();
}

void put_blocking(JsonWriter& json, const BlockingConfig& blocking) {
  json.key("blocking").begin_object().key("lists").begin_array();
  for (const ListConfig& list : blocking.lists)
    json.begin_object()
        .key("name")
        .string(list.name)
        .key("source")
        .string(list.source)
        .end_object();
  bool null_ip = blocking.answer == BlockingConfig::Answer::kNullIp;
  json.end_array().key("answer").string(null_ip ? "null_ip" : "nxdomain");
  json.key("ttl").integer(blocking.ttl_s).end_object();
}

void put_records(JsonWriter& json, const std::vector<RecordConfig>& records) {
  json.key("local_records").begin_array();
  for (const RecordConfig& record : records) {
    json.begin_object().key("name").string(record.name).key("type").string(record.type);
    json.key("content").string(record.content).key("ttl").integer(record.ttl_s).end_object();
  }
  json.end_array();
}

void put_query_log(JsonWriter& json, const QueryLogConfig& log) {
  json.key("query_log").begin_object();
  json.key("enabled").boolean(log.enabled).key("backend").string(log.backend);
  json.key("handoff").string(log.handoff);
  json.key("buffer_size").integer(log.buffer_events_max);
  json.key("flush_interval").string(duration_text(log.flush_interval_ms));
  json.key("flush_interval_max").string(duration_text(log.flush_interval_ms_max));
  json.key("adaptive_flush").boolean(log.adaptive_flush);
  json.key("retention_days").integer(log.retention_days);
  json.key("rollup_days").integer(log.rollup_days);
  if (log.bytes_max) json.key("max_bytes").string(size_text(*log.bytes_max));
  json.key("flash").string(log.flash);
  json.key("flood_repeats").integer(log.flood_repeats_max);
  json.key("privacy").string(log.privacy).end_object();
}

void put_forward(JsonWriter& json, const std::optional<ForwardConfig>& forward) {
  if (!forward) return;
  json.key("forward")
      .begin_object()
      .key("url")
      .string(forward->url)
      .key("site")
      .string(forward->site);
  json.key("token").string(kMask);
  json.key("interval").string(duration_text(forward->interval_ms));
  json.key("spool_days").integer(forward->spool_days);
  json.key("headers").begin_object();
  for (const auto& [name, value] : forward->headers) json.key(name).string(kMask);
  json.end_object().end_object();
}

// Lists and maps one entry per line; empty ones stay [] and {}.
void set_block_style(YAML::Node node) {
  if (!node.IsMap() && !node.IsSequence()) return;
  if (node.size() > 0) node.SetStyle(YAML::EmitterStyle::Block);
  for (auto item : node) set_block_style(node.IsMap() ? item.second : YAML::Node(item));
}

}  // namespace

std::string config_json(const Config& config) {
  std::string out;
  JsonWriter json(&out);
  json.begin_object().key("data_dir").string(config.data_dir);
  json.key("log_level").string(config.log_level);
  put_dns(json, config.dns);
  put_texts(json, "upstreams", config.upstreams);
  put_blocking(json, config.blocking);
  json.key("cache").begin_object().key("max_bytes").string(size_text(config.cache.bytes_max));
  json.key("min_ttl").integer(config.cache.ttl_s_min);
  json.key("max_ttl").integer(config.cache.ttl_s_max).end_object();
  put_records(json, config.local_records);
  json.key("http").begin_object();
  put_texts(json, "listen", config.http.listen);
  put_texts(json, "hosts", config.http.hosts);
  json.end_object();
  put_query_log(json, config.query_log);
  put_forward(json, config.forward);
  json.end_object();
  return out;
}

// YAML is a superset of JSON, so one writer is enough; only the style changes.
std::string config_yaml(const Config& config) {
  YAML::Node node = YAML::Load(config_json(config));
  set_block_style(node);
  return YAML::Dump(node) + "\n";
}

}  // namespace weir
