// The schema of the configuration file: one function per section, one line per key.
//
// A reader of a section gets its node and fills its struct; YamlReader finds unknown keys and keeps
// the complaints. What DESIGN plans and this version has not (tls:// upstreams, lists from a URL,
// other backends) is named in the complaint, so that nobody looks for a spelling mistake. The
// bounds are those of limits.h and of dns/options.h, which checks again what it is handed.
#include "native/control/config.h"

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "native/control/resolv_conf.h"
#include "native/control/units.h"
#include "native/control/yaml_reader.h"
#include "native/runtime/socket_address.h"
#include "weir/access.h"
#include "weir/dns_message.h"
#include "weir/dns_name.h"

namespace weir {
namespace {

constexpr uint64_t kMib = 1 << 20;
constexpr int64_t kSecondMs = 1000;
constexpr int64_t kDaysMax = 36'500;
constexpr int64_t kFloodRepeatsMax = 1'000'000;
constexpr int64_t kFlushIntervalMsMax = 60'000;
constexpr uint16_t kDnsPort = 53;

// What the readers of all sections share: who keeps the complaints, and where paths begin.
struct Schema {
  YamlReader& reader;
  std::filesystem::path folder;

  std::string path_from(const std::string& text) const {
    return (folder / text).lexically_normal().string();
  }
};

// A text that may not be empty; `out` keeps its value otherwise.
void read_text(Schema& schema, const YamlValue& value, size_t bytes_max, std::string* out) {
  std::string expected = "a text of 1 to " + std::to_string(bytes_max) + " bytes";
  auto text = schema.reader.text(value, expected);
  if (!text) return;
  if (text->empty() || text->size() > bytes_max) return schema.reader.unexpected(value, expected);
  *out = *text;
}

void read_path(Schema& schema, const YamlValue& value, std::string* out) {
  std::string text;
  read_text(schema, value, PATH_MAX, &text);
  if (!text.empty()) *out = schema.path_from(text);
}

// Complains about keys that a map must have and has not.
void require(Schema& schema, const YamlValue& value, const std::set<std::string>& found,
             std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    if (!found.contains(std::string(name)))
      schema.reader.error(value, "found no key " + std::string(name) + ", expected it here");
  }
}

// The addresses in their canonical text. Where `not_loopback` is not empty, any other address than
// loopback is refused with it.
void read_listen(Schema& schema, const YamlValue& value, std::string_view not_loopback,
                 std::vector<std::string>* out) {
  out->clear();
  schema.reader.list(value, kListenersMax, [&](const YamlValue& item) {
    constexpr std::string_view kExpected = "an address like 127.0.0.1:5300 or [::1]:5300";
    auto text = schema.reader.text(item, kExpected);
    if (!text) return;
    Result<SocketAddress> address = SocketAddress::parse(*text, 0);
    if (!address.ok()) return schema.reader.unexpected(item, kExpected);
    if (!not_loopback.empty() && !address->is_loopback())
      return schema.reader.unexpected(item, not_loopback);
    out->push_back(address->text());
  });
  if (value.node.IsSequence() && value.node.size() == 0)
    schema.reader.error(value, "found an empty list, expected at least one address");
}

void read_threads(Schema& schema, const YamlValue& value, unsigned* threads) {
  const std::string expected = "auto or a whole number from 1 to " + std::to_string(kDnsThreadsMax);
  auto text = schema.reader.text(value, expected);
  if (!text) return;
  bool is_auto = *text == "auto";
  Result<int64_t> number = is_auto ? Result<int64_t>(0) : parse_integer(*text);
  if (!number.ok() || *number > kDnsThreadsMax || (*number == 0 && !is_auto))
    return schema.reader.unexpected(value, expected);
  *threads = static_cast<unsigned>(*number);
}

void read_dns(Schema& schema, const YamlValue& value, DnsConfig* dns) {
  schema.reader.map(
      value, {{"listen", [&](const YamlValue& v) { read_listen(schema, v, "", &dns->listen); }},
              {"threads", [&](const YamlValue& v) { read_threads(schema, v, &dns->threads); }}});
}

// Texts stay as written: events and metrics name an upstream by them.
void read_upstreams(Schema& schema, const YamlValue& value, std::vector<std::string>* out) {
  schema.reader.list(value, kUpstreamsMax, [&](const YamlValue& item) {
    constexpr std::string_view kExpected = "udp://ADDRESS[:PORT] or tcp://ADDRESS[:PORT]";
    auto text = schema.reader.text(item, kExpected);
    if (!text) return;
    if (text->starts_with("tls://") || text->starts_with("https://")) {
      return schema.reader.unexpected(
          item, std::string(kExpected) + "; tls:// and https:// are not in this version");
    }
    bool known = text->starts_with("udp://") || text->starts_with("tcp://");
    if (!known || !SocketAddress::parse(text->substr(6), kDnsPort).ok())
      return schema.reader.unexpected(item, kExpected);
    out->push_back(*text);
  });
}

// A scheme is looked for first: as a path, "https://x" would become "https:/x".
void read_source(Schema& schema, const YamlValue& value, std::string* source) {
  auto text = schema.reader.text(value, "the path of a file");
  if (text && text->find("://") != std::string::npos) {
    return schema.reader.unexpected(value,
                                    "the path of a file; lists from a URL are not in this version");
  }
  read_path(schema, value, source);
}

// Events name the deciding list, so two lists of one name could not be told apart.
void read_list(Schema& schema, const YamlValue& value, std::vector<ListConfig>* lists) {
  ListConfig list;
  auto found = schema.reader.map(
      value, {{"name",
               [&](const YamlValue& v) { read_text(schema, v, kEventStringBytesMax, &list.name); }},
              {"source", [&](const YamlValue& v) { read_source(schema, v, &list.source); }}});
  require(schema, value, found, {"name", "source"});
  for (const ListConfig& other : *lists) {
    if (other.name == list.name && !list.name.empty())
      schema.reader.error(value, "found a second list of that name, expected another name");
  }
  lists->push_back(std::move(list));
}

void read_blocking(Schema& schema, const YamlValue& value, BlockingConfig* blocking) {
  std::string answer = "null_ip";
  schema.reader.map(
      value,
      {{"lists",
        [&](const YamlValue& v) {
          schema.reader.list(v, kListsMax, [&](const YamlValue& item) {
            read_list(schema, item, &blocking->lists);
          });
        }},
       {"answer",
        [&](const YamlValue& v) { schema.reader.choice(v, {"null_ip", "nxdomain"}, &answer); }},
       {"ttl", [&](const YamlValue& v) { schema.reader.ttl_s(v, &blocking->ttl_s); }}});
  blocking->answer =
      answer == "nxdomain" ? BlockingConfig::Answer::kNxDomain : BlockingConfig::Answer::kNullIp;
}

void read_cache(Schema& schema, const YamlValue& value, CacheConfig* cache) {
  YamlReader& reader = schema.reader;
  reader.map(value, {{"max_bytes",
                      [&](const YamlValue& v) {
                        reader.size_bytes(v, kCacheBytesMin, kCacheBytesMax, &cache->bytes_max);
                      }},
                     {"min_ttl", [&](const YamlValue& v) { reader.ttl_s(v, &cache->ttl_s_min); }},
                     {"max_ttl", [&](const YamlValue& v) { reader.ttl_s(v, &cache->ttl_s_max); }}});
  if (cache->ttl_s_min > cache->ttl_s_max)
    reader.error(value, "found a min_ttl above max_ttl, expected it at most as long");
}

// The core knows names, types and record data; its reason follows what was found.
void check_record(Schema& schema, const YamlValue& value, const RecordConfig& record) {
  if (auto name = DnsName::parse(record.name); !name.ok())
    schema.reader.error(value, "name: " + name.status().message() + ", expected a domain name");
  Result<uint16_t> type = parse_qtype(record.type);
  if (!type.ok()) {
    schema.reader.error(value, "type: " + type.status().message() + ", expected a record type");
  } else if (auto rdata = parse_rdata(*type, record.content); !rdata.ok()) {
    schema.reader.error(value, "content: " + rdata.status().message() + ", expected data of type " +
                                   qtype_text(*type));
  }
}

void read_record(Schema& schema, const YamlValue& value, std::vector<RecordConfig>* records) {
  RecordConfig record;
  constexpr size_t kFieldBytesMax = kNameTextBytesMax;
  auto found = schema.reader.map(
      value,
      {{"name", [&](const YamlValue& v) { read_text(schema, v, kFieldBytesMax, &record.name); }},
       {"type", [&](const YamlValue& v) { read_text(schema, v, kFieldBytesMax, &record.type); }},
       {"content",
        [&](const YamlValue& v) { read_text(schema, v, kFieldBytesMax, &record.content); }},
       {"ttl", [&](const YamlValue& v) { schema.reader.ttl_s(v, &record.ttl_s); }}});
  require(schema, value, found, {"name", "type", "content"});
  if (record.name.empty() || record.type.empty() || record.content.empty()) return;
  check_record(schema, value, record);
  records->push_back(std::move(record));
}

void read_http(Schema& schema, const YamlValue& value, HttpConfig* http) {
  constexpr std::string_view kLoopbackOnly =
      "a loopback address: this version has no log-in, so it serves only its own machine";
  auto read_hosts = [&](const YamlValue& v) {
    schema.reader.list(v, kHttpHostsMax, [&](const YamlValue& item) {
      read_text(schema, item, kNameTextBytesMax, &http->hosts.emplace_back());
    });
  };
  schema.reader.map(
      value, {{"listen",
               [&](const YamlValue& v) { read_listen(schema, v, kLoopbackOnly, &http->listen); }},
              {"hosts", read_hosts}});
}

// Other backends exist in plans and in other programs' files: say that there is one.
void read_backend(Schema& schema, const YamlValue& value, std::string* backend) {
  constexpr std::string_view kExpected = "sqlite, the only backend of this version";
  auto text = schema.reader.text(value, kExpected);
  if (!text) return;
  if (*text != "sqlite") return schema.reader.unexpected(value, kExpected);
  *backend = *text;
}

void read_flush_interval(Schema& schema, const YamlValue& value, int64_t* milliseconds) {
  schema.reader.duration_ms(value, kFlushIntervalMsFast, kFlushIntervalMsMax, milliseconds);
}

void read_query_log(Schema& schema, const YamlValue& value, QueryLogConfig* log) {
  YamlReader& reader = schema.reader;
  log->flush_interval_ms_max = 0;  // not given
  reader.map(
      value,
      {{"enabled", [&](const YamlValue& v) { reader.boolean(v, &log->enabled); }},
       {"backend", [&](const YamlValue& v) { read_backend(schema, v, &log->backend); }},
       {"handoff",
        [&](const YamlValue& v) { reader.choice(v, {"ring", "inline"}, &log->handoff); }},
       {"buffer_size",
        [&](const YamlValue& v) {
          reader.integer(v, kBufferEventsMin, kBufferEventsMax, &log->buffer_events_max);
        }},
       {"flush_interval",
        [&](const YamlValue& v) { read_flush_interval(schema, v, &log->flush_interval_ms); }},
       {"flush_interval_max",
        [&](const YamlValue& v) { read_flush_interval(schema, v, &log->flush_interval_ms_max); }},
       {"adaptive_flush", [&](const YamlValue& v) { reader.boolean(v, &log->adaptive_flush); }},
       {"retention_days",
        [&](const YamlValue& v) { reader.integer(v, 1, kDaysMax, &log->retention_days); }},
       {"rollup_days",
        [&](const YamlValue& v) { reader.integer(v, 1, kDaysMax, &log->rollup_days); }},
       {"max_bytes",
        [&](const YamlValue& v) {
          reader.size_bytes(v, 16 * kMib, kMib << 20, &log->bytes_max.emplace(0));
        }},
       {"flash", [&](const YamlValue& v) { reader.choice(v, {"normal", "gentle"}, &log->flash); }},
       {"flood_repeats",
        [&](const YamlValue& v) {
          reader.integer(v, 0, kFloodRepeatsMax, &log->flood_repeats_max);
        }},
       {"privacy", [&](const YamlValue& v) {
          reader.choice(v, {"full", "truncated", "pseudonym", "none"}, &log->privacy);
        }}});
  if (log->flush_interval_ms_max == 0) log->flush_interval_ms_max = log->flush_interval_ms;
  if (log->flush_interval_ms_max < log->flush_interval_ms) {
    reader.error(value,
                 "found a flush_interval_max below flush_interval, expected it at least as long");
  }
}

// `authority` is what stands between // and the path of an http:// URL.
bool is_on_this_machine(std::string_view authority) {
  Result<SocketAddress> address = SocketAddress::parse(authority, 80);
  if (address.ok()) return address->is_loopback();
  return authority.substr(0, authority.find(':')) == "localhost";
}

// No user, query or fragment: the forwarder appends its paths to this, and sends the token with it.
void read_url(Schema& schema, const YamlValue& value, std::string* url) {
  constexpr std::string_view kExpected = "a URL like https://weir.example.workers.dev";
  auto text = schema.reader.text(value, kExpected);
  if (!text) return;
  bool https = text->starts_with("https://");
  bool plain = text->starts_with("http://");
  std::string_view rest = std::string_view(*text).substr(https ? 8 : plain ? 7 : text->size());
  std::string_view authority = rest.substr(0, rest.find('/'));
  bool malformed = rest.find_first_of("?#@ \\") != std::string_view::npos;
  if (authority.empty() || malformed) return schema.reader.unexpected(value, kExpected);
  if (plain && !is_on_this_machine(authority)) {
    return schema.reader.unexpected(
        value, "https://: plain http would show the token; it is for loopback addresses only");
  }
  *url = text->substr(0, text->find_last_not_of('/') + 1);
}

// A site is a segment of the ingest path and stands in scopes ("ingest:home").
void read_site(Schema& schema, const YamlValue& value, std::string* site) {
  constexpr std::string_view kExpected =
      "1 to 64 of a-z 0-9 . _ -, of which the first is a letter or digit";
  auto text = schema.reader.text(value, kExpected);
  if (!text) return;
  if (!check_site(*text).ok()) return schema.reader.unexpected(value, kExpected);
  *site = *text;
}

void read_header(Schema& schema, const YamlValue& key, const YamlValue& value,
                 ForwardConfig* forward) {
  const std::string& name = key.node.Scalar();
  constexpr std::string_view kToken =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
  if (name.empty() || name.find_first_not_of(kToken) != std::string::npos)
    return schema.reader.unexpected(key, "the name of an HTTP header field (RFC 9110 5.1)");
  schema.reader.secret(value, &forward->headers[name]);
}

void read_forward(Schema& schema, const YamlValue& value, std::optional<ForwardConfig>* out) {
  if (value.node.IsNull()) return;
  YamlReader& reader = schema.reader;
  ForwardConfig forward;
  auto found = reader.map(
      value,
      {{"url", [&](const YamlValue& v) { read_url(schema, v, &forward.url); }},
       {"site", [&](const YamlValue& v) { read_site(schema, v, &forward.site); }},
       {"token", [&](const YamlValue& v) { reader.secret(v, &forward.token); }},
       {"interval",
        [&](const YamlValue& v) {
          reader.duration_ms(v, kForwardIntervalMsMin, kForwardIntervalMsMax, &forward.interval_ms);
        }},
       {"spool_days",
        [&](const YamlValue& v) { reader.integer(v, 1, kDaysMax, &forward.spool_days); }},
       {"headers", [&](const YamlValue& v) {
          reader.free_map(v, kForwardHeadersMax, [&](const YamlValue& key, const YamlValue& field) {
            read_header(schema, key, field, &forward);
          });
        }}});
  require(schema, value, found, {"url", "site", "token"});
  *out = std::move(forward);
}

// The whole file. A section that is null ("dns:" and nothing more) has its defaults.
void read_top(Schema& schema, const YamlValue& top, Config* config) {
  YamlReader& reader = schema.reader;
  reader.map(
      top,
      {{"data_dir", [&](const YamlValue& v) { read_path(schema, v, &config->data_dir); }},
       {"log_level",
        [&](const YamlValue& v) {
          reader.choice(v, {"error", "warning", "info", "debug"}, &config->log_level);
        }},
       {"dns", [&](const YamlValue& v) { read_dns(schema, v, &config->dns); }},
       {"upstreams", [&](const YamlValue& v) { read_upstreams(schema, v, &config->upstreams); }},
       {"blocking", [&](const YamlValue& v) { read_blocking(schema, v, &config->blocking); }},
       {"cache", [&](const YamlValue& v) { read_cache(schema, v, &config->cache); }},
       {"local_records",
        [&](const YamlValue& v) {
          reader.list(v, kLocalRecordsMax, [&](const YamlValue& item) {
            read_record(schema, item, &config->local_records);
          });
        }},
       {"http", [&](const YamlValue& v) { read_http(schema, v, &config->http); }},
       {"query_log", [&](const YamlValue& v) { read_query_log(schema, v, &config->query_log); }},
       {"forward", [&](const YamlValue& v) { read_forward(schema, v, &config->forward); }}});
}

Result<std::string> read_config_file(const std::string& file) {
  auto failed = [&file](Code code, const char* found) {
    return Status(code, file + ": " + found + ", expected a YAML file");
  };
  std::error_code ignored;  // a file that cannot be looked at cannot be opened either
  bool regular = !std::filesystem::is_directory(file, ignored);
  std::ifstream in(file, std::ios::binary);
  if (!in || !regular) return failed(Code::kNotFound, "cannot be read");
  std::string text(kConfigBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kConfigBytesMax) return failed(Code::kTooLarge, "is larger than 1 MiB");
  return text;
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

ConfigResult parse_config(std::string_view text, const std::string& file, const Environment& env) {
  ConfigResult result;
  YamlReader reader(file, env);
  Schema schema{reader, std::filesystem::path(file).parent_path()};
  if (auto top = reader.parse(text)) {
    result.config.data_dir = schema.path_from(result.config.data_dir);
    read_top(schema, *top, &result.config);
  }
  result.errors = reader.take_errors();
  return result;
}

Result<std::string> configured_data_dir(const std::string& file, const Environment& env) {
  std::string data_dir = Config().data_dir;
  if (file.empty()) return data_dir;
  WEIR_ASSIGN(std::string text, read_config_file(file));
  YamlReader reader(file, env);
  Schema schema{reader, std::filesystem::path(file).parent_path()};
  data_dir = schema.path_from(data_dir);
  std::optional<YamlValue> top = reader.parse(text);
  if (top && top->node.IsMap()) {
    if (YAML::Node node = top->node["data_dir"]) read_path(schema, {node, "data_dir"}, &data_dir);
  }
  std::vector<std::string> errors = reader.take_errors();
  if (!errors.empty()) return Status(Code::kInvalid, errors.front());
  return data_dir;
}

ConfigResult load_config(const std::string& file, const Environment& env,
                         const std::string& resolv_conf) {
  ConfigResult result;
  if (!file.empty()) {
    Result<std::string> text = read_config_file(file);
    if (!text.ok()) {
      result.errors.push_back(text.status().message());
      return result;
    }
    result = parse_config(*text, file, env);
  }
  if (!result.errors.empty() || !result.config.upstreams.empty()) return result;
  result.config.upstreams = system_upstreams(resolv_conf, result.config.dns.listen);
  if (result.config.upstreams.empty()) {
    result.errors.push_back((file.empty() ? "defaults" : file) +
                            ": upstreams: found none, and no usable nameserver in " + resolv_conf +
                            ", expected at least one");
  }
  return result;
}

}  // namespace weir
