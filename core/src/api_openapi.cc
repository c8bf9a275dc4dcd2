// The OpenAPI document. Paths and parameters come from the tables that the API itself runs on; the
// schemas of the answers stand here, and a test holds real answers against them.
#include "api_endpoint.h"

namespace weir {
namespace {

struct Schema {
  std::string_view name;
  std::string_view json;
};

// What the schemas have in common.
#define WEIR_COUNT R"({"type":"integer","minimum":0})"
#define WEIR_TIME R"({"type":"string","format":"date-time"})"
#define WEIR_TEXT_OR_NULL R"({"type":["string","null"]})"
#define WEIR_REFERENCE(name) R"({"$ref":"#/components/schemas/)" name R"("})"
#define WEIR_LIST_OF(name) R"({"type":"array","items":)" WEIR_REFERENCE(name) "}"

constexpr Schema kSchemas[] = {
    {"Outcomes",
     R"({"type":"object","description":"Events by outcome; every outcome is there.",)"
     R"("required":["forwarded","cached","stale","local","blocked","refused","failed"],)"
     R"("properties":{"forwarded":)" WEIR_COUNT R"(,"cached":)" WEIR_COUNT R"(,"stale":)" WEIR_COUNT
     R"(,"local":)" WEIR_COUNT R"(,"blocked":)" WEIR_COUNT R"(,"refused":)" WEIR_COUNT
     R"(,"failed":)" WEIR_COUNT "}}"},
    {"Unreadable",
     R"({"type":"object","description":"What the answer had to do without, because stored bytes )"
     R"(fail their checks: segments whose events are missing, rollups whose sketches are.",)"
     R"("required":["segments","rollups"],"properties":{"segments":)" WEIR_COUNT
     R"(,"rollups":)" WEIR_COUNT "}}"},
    {"Statistics",
     R"({"type":"object","required":["since","until","total","outcomes","unique_domains",)"
     R"("unique_clients","latency_us","unreadable"],"properties":{"since":)" WEIR_TIME
     R"(,"until":)" WEIR_TIME R"(,"total":)" WEIR_COUNT R"(,"outcomes":)" WEIR_REFERENCE(
         "Outcomes") R"(,"unique_domains":)" WEIR_COUNT R"(,"unique_clients":)" WEIR_COUNT
                     R"(,"latency_us":)" WEIR_REFERENCE(
                         "Latency") R"(,"unreadable":)" WEIR_REFERENCE("Unreadable") "}}"},
    {"Latency",
     R"({"type":"object","description":"Microseconds; null where there are no queries.",)"
     R"("required":["mean","p50","p95","p99"],"additionalProperties":)"
     R"({"type":["integer","null"],"minimum":0}})"},
    {"Series", R"({"type":"object","required":["since","until","step","points","unreadable"],)"
               R"("properties":{"since":)" WEIR_TIME R"(,"until":)" WEIR_TIME
               R"(,"step":{"type":"string"},"points":)" WEIR_LIST_OF(
                   "Point") R"(,"unreadable":)" WEIR_REFERENCE("Unreadable") "}}"},
    {"Point",
     R"({"type":"object","required":["time","total","outcomes"],"properties":{"time":)" WEIR_TIME
     R"(,"total":)" WEIR_COUNT R"(,"outcomes":)" WEIR_REFERENCE("Outcomes") "}}"},
    {"Top",
     R"({"type":"object","required":["since","until","items","unreadable"],)"
     R"("properties":{"since":)" WEIR_TIME R"(,"until":)" WEIR_TIME
     R"(,"items":)" WEIR_LIST_OF("Item") R"(,"unreadable":)" WEIR_REFERENCE("Unreadable") "}}"},
    {"Item",
     R"({"type":"object","description":"The true count lies between count - error and count.",)"
     R"("required":["key","count","error"],"properties":{"key":{"type":"string"},"count":)" WEIR_COUNT
     R"(,"error":)" WEIR_COUNT "}}"},
    {"Queries", R"({"type":"object","required":["queries","cursor","partial","unreadable"],)"
                R"("properties":{"queries":)" WEIR_LIST_OF(
                    "Query") R"(,"cursor":)" WEIR_TEXT_OR_NULL
                             R"(,"partial":{"type":"boolean"},"unreadable":)" WEIR_REFERENCE(
                                 "Unreadable") "}}"},
    {"Query",
     R"({"type":"object","required":["id","time","client","domain","type","rcode","outcome",)"
     R"("duration_us","upstream","list","site"],"properties":{"id":{"type":"string"},"time":)" WEIR_TIME
     R"(,"client":)" WEIR_TEXT_OR_NULL
     R"(,"domain":{"type":"string"},"type":{"type":"string"},"rcode":{"type":"string"},)"
     R"("outcome":{"type":"string"},"duration_us":)" WEIR_COUNT R"(,"upstream":)" WEIR_TEXT_OR_NULL
     R"(,"list":)" WEIR_TEXT_OR_NULL R"(,"site":)" WEIR_TEXT_OR_NULL "}}"},
    {"Ledger",
     R"({"type":"object","description":"offered = stored + spooled + in_flight + collapsed + )"
     R"(the sum of dropped.","required":["offered","stored","spooled","in_flight","collapsed",)"
     R"("dropped","expired","acked","unclean","unreadable_logs"],"properties":{"offered":)" WEIR_COUNT
     R"(,"stored":)" WEIR_COUNT R"(,"spooled":)" WEIR_COUNT R"(,"in_flight":)" WEIR_COUNT
     R"(,"collapsed":)" WEIR_COUNT
     R"(,"dropped":{"type":"object","additionalProperties":)" WEIR_COUNT
     R"(},"expired":{"type":"object","additionalProperties":)" WEIR_COUNT
     R"(},"acked":{"type":["integer","null"],"minimum":0},"unclean":{"type":"boolean"},)"
     R"("unreadable_logs":)" WEIR_COUNT "}}"},
    {"Overview",
     R"({"type":"object","required":["statistics","timeseries","top","ledger"],)"
     R"("properties":{"statistics":)" WEIR_REFERENCE("Statistics") R"(,"timeseries":)" WEIR_REFERENCE(
         "Series") R"(,"top":{"type":"object","required":["domains","blocked","clients","upstreams","lists",)"
                   R"("types"],"additionalProperties":)" WEIR_LIST_OF(
                       "Item") R"(},"ledger":)" WEIR_REFERENCE("Ledger") "}}"},
    {"Problem",
     R"({"type":"object","description":"RFC 9457.","required":["type","status","code",)"
     R"("detail"],"properties":{"type":{"type":"string"},"status":{"type":"integer"},)"
     R"("code":{"type":"string"},"detail":{"type":"string"},"param":{"type":"string"}}})"},
};

#undef WEIR_COUNT
#undef WEIR_TIME
#undef WEIR_TEXT_OR_NULL
#undef WEIR_REFERENCE
#undef WEIR_LIST_OF

void write_reference(std::string_view kind, std::string_view name, JsonWriter* json) {
  std::string target = "#/components/";
  target.append(kind).append("/").append(name);
  json->begin_object().key("$ref").string(target).end_object();
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
  for (const Schema& schema : kSchemas) json->key(schema.name).raw(schema.json);
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
