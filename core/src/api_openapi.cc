// The OpenAPI document. Paths and parameters come from the tables that the API itself runs on; the
// schemas of the answers stand here, and a test holds real answers against them.
#include "api_endpoint.h"

namespace weir {
namespace {

// Types of members: count, time, text and flag, "?" behind it where it may be null; the name of a
// schema, "[]" behind it for a list.
struct Member {
  std::string_view name;
  std::string_view type;
};

constexpr Member kOutcomes[] = {{"forwarded", "count"}, {"cached", "count"},  {"stale", "count"},
                                {"local", "count"},     {"blocked", "count"}, {"refused", "count"},
                                {"failed", "count"}};
constexpr Member kUnreadable[] = {{"segments", "count"}, {"rollups", "count"}};
constexpr Member kLatency[] = {
    {"mean", "count?"}, {"p50", "count?"}, {"p95", "count?"}, {"p99", "count?"}};
constexpr Member kStatistics[] = {{"since", "time"},           {"until", "time"},
                                  {"total", "count"},          {"outcomes", "Outcomes"},
                                  {"unique_domains", "count"}, {"unique_clients", "count"},
                                  {"latency_us", "Latency"},   {"unreadable", "Unreadable"}};
constexpr Member kSeries[] = {{"since", "time"},
                              {"until", "time"},
                              {"step", "text"},
                              {"points", "Point[]"},
                              {"unreadable", "Unreadable"}};
constexpr Member kPoint[] = {{"time", "time"}, {"total", "count"}, {"outcomes", "Outcomes"}};
constexpr Member kTop[] = {
    {"since", "time"}, {"until", "time"}, {"items", "Item[]"}, {"unreadable", "Unreadable"}};
constexpr Member kItem[] = {{"key", "text"}, {"count", "count"}, {"error", "count"}};
constexpr Member kQueries[] = {
    {"queries", "Query[]"}, {"cursor", "text?"}, {"partial", "flag"}, {"unreadable", "Unreadable"}};
constexpr Member kQuery[] = {{"id", "text"},      {"time", "time"},         {"client", "text?"},
                             {"domain", "text"},  {"type", "text"},         {"rcode", "text"},
                             {"outcome", "text"}, {"duration_us", "count"}, {"upstream", "text?"},
                             {"list", "text?"},   {"site", "text?"}};
constexpr Member kLedger[] = {{"offered", "count"},   {"stored", "count"},
                              {"spooled", "count"},   {"in_flight", "count"},
                              {"collapsed", "count"}, {"dropped", "Dropped"},
                              {"expired", "Expired"}, {"acked", "count?"},
                              {"unclean", "flag"},    {"unreadable_logs", "count"}};
constexpr Member kDropped[] = {{"buffer_full", "count"},
                               {"data", "count"},
                               {"crash", "count"},
                               {"shutdown", "count"},
                               {"disabled", "count"}};
constexpr Member kExpired[] = {{"retention", "count"}, {"budget", "count"}, {"corrupt", "count"}};
constexpr Member kTops[] = {{"domains", "Item[]"},   {"blocked", "Item[]"}, {"clients", "Item[]"},
                            {"upstreams", "Item[]"}, {"lists", "Item[]"},   {"types", "Item[]"}};
constexpr Member kOverview[] = {
    {"statistics", "Statistics"}, {"timeseries", "Series"}, {"top", "Tops"}, {"ledger", "Ledger"}};
constexpr Member kProblem[] = {
    {"type", "text"}, {"status", "count"}, {"code", "text"}, {"detail", "text"}};

struct Schema {
  std::string_view name;
  std::string_view description;
  std::span<const Member> members;  // all of them are always there
  std::span<const Member> optional = {};
};
constexpr Member kProblemOptional[] = {{"param", "text"}};
constexpr Schema kSchemas[] = {
    {"Outcomes", "Events by outcome.", kOutcomes},
    {"Unreadable", "What is missing because stored bytes fail their checks.", kUnreadable},
    {"Latency", "Microseconds; null where there are no queries.", kLatency},
    {"Statistics", "What since and until cover, to the minute.", kStatistics},
    {"Series", "Every bucket of the window.", kSeries},
    {"Point", "The bucket that begins at this time.", kPoint},
    {"Top", "By count, then by key.", kTop},
    {"Item", "The true count lies between count - error and count.", kItem},
    {"Queries", "A page; the cursor is null at the end.", kQueries},
    {"Query", "One answered query.", kQuery},
    {"Ledger", "offered = stored + spooled + in_flight + collapsed + all dropped.", kLedger},
    {"Dropped", "By reason.", kDropped},
    {"Expired", "Removed or damaged after it was stored, by reason.", kExpired},
    {"Tops", "The ten most frequent of each kind.", kTops},
    {"Overview", "What a dashboard shows first.", kOverview},
    {"Problem", "RFC 9457.", kProblem, kProblemOptional},
};

void write_reference(std::string_view kind, std::string_view name, JsonWriter* json) {
  std::string target = "#/components/";
  target.append(kind).append("/").append(name);
  json->begin_object().key("$ref").string(target).end_object();
}

// A basic type, and null besides if `nullable`.
void write_basic(std::string_view type, bool nullable, JsonWriter* json) {
  const bool is_count = type == "count";
  const std::string_view name = is_count ? "integer" : type == "flag" ? "boolean" : "string";
  json->begin_object().key("type");
  if (nullable) {
    json->begin_array().string(name).string("null").end_array();
  } else {
    json->string(name);
  }
  if (is_count) json->key("minimum").integer(0);
  if (type == "time") json->key("format").string("date-time");
  json->end_object();
}

void write_type(std::string_view type, JsonWriter* json) {
  const bool nullable = type.ends_with("?");
  if (nullable) type.remove_suffix(1);
  if (type.ends_with("[]")) {
    json->begin_object().key("type").string("array").key("items");
    write_type(type.substr(0, type.size() - 2), json);
    json->end_object();
  } else if (type[0] >= 'A' && type[0] <= 'Z') {
    write_reference("schemas", type, json);
  } else {
    write_basic(type, nullable, json);
  }
}

void write_schema(const Schema& schema, JsonWriter* json) {
  json->key(schema.name).begin_object().key("type").string("object");
  json->key("description").string(schema.description);
  json->key("required").begin_array();
  for (const Member& member : schema.members) json->string(member.name);
  json->end_array().key("properties").begin_object();
  for (const auto& members : {schema.members, schema.optional}) {
    for (const Member& member : members) {
      json->key(member.name);
      write_type(member.type, json);
    }
  }
  json->end_object().end_object();
}

void write_response(std::string_view status, std::string_view description,
                    std::string_view content_type, std::string_view schema, JsonWriter* json) {
  json->key(status).begin_object().key("description").string(description);
  json->key("content").begin_object().key(content_type).begin_object().key("schema");
  if (schema.empty()) {
    json->raw(R"({"type":"object"})");
  } else {
    write_reference("schemas", schema, json);
  }
  json->end_object().end_object().end_object();
}

void write_route(const ApiRoute& route, JsonWriter* json) {
  json->key(route.path).begin_object().key("get").begin_object();
  json->key("operationId").string(route.name).key("summary").string(route.summary);
  if (route.is_public) json->key("security").begin_array().end_array();
  json->key("parameters").begin_array();
  const std::span<const ParameterSpec> specs = parameter_specs();
  for (size_t i = 0; i < specs.size(); ++i) {
    if ((route.parameters >> i & 1) != 0) write_reference("parameters", specs[i].name, json);
  }
  json->end_array().key("responses").begin_object();
  write_response("200", "The answer.", "application/json", route.schema, json);
  write_response("default", "A problem.", "application/problem+json", "Problem", json);
  json->end_object().end_object().end_object();
}

void write_parameter(const ParameterSpec& spec, JsonWriter* json) {
  json->key(spec.name).begin_object();
  json->key("name").string(spec.name).key("in").string("query");
  json->key("description").string(spec.meaning);
  if (!spec.example.empty()) json->key("example").string(spec.example);
  json->key("schema");
  if (spec.repeatable) {
    json->begin_object().key("type").string("array").key("items").raw(spec.schema).end_object();
  } else {
    json->raw(spec.schema);
  }
  json->end_object();
}

void write_components(JsonWriter* json) {
  json->begin_object().key("parameters").begin_object();
  for (const ParameterSpec& spec : parameter_specs()) write_parameter(spec, json);
  json->end_object().key("schemas").begin_object();
  for (const Schema& schema : kSchemas) write_schema(schema, json);
  json->end_object().key("securitySchemes");
  json->raw(R"({"token":{"type":"http","scheme":"bearer"}})").end_object();
}

}  // namespace

std::string openapi_document() {
  std::string out;
  JsonWriter json(&out);
  json.begin_object().key("openapi").string("3.1.0");
  json.key("info").raw(R"({"title":"Weir","version":"1"})");
  json.key("security").raw(R"([{"token":[]}])");
  json.key("paths").begin_object();
  for (const ApiRoute& route : api_routes()) write_route(route, &json);
  json.end_object().key("components");
  write_components(&json);
  json.end_object();
  return out;
}

}  // namespace weir
