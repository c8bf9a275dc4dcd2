// The answers of the API, byte for byte, and held against its own OpenAPI document.
#include <nlohmann/json.hpp>

#include "bytes.h"
#include "support/api_fixture.h"
#include "support/golden.h"

namespace weir {
namespace {

using Json = nlohmann::json;

struct Case {
  const char* file;
  const char* target;
};

constexpr Case kCases[] = {
    {"api/stats.json", "/api/v1/stats?since=2024-10-04T05:00:00Z"},
    {"api/stats_empty.json", "/api/v1/stats?since=1m"},
    {"api/stats_filtered.json", "/api/v1/stats?since=1d&domain=*.com&outcome=cached"},
    {"api/timeseries.json", "/api/v1/stats/timeseries?since=2024-10-04T05:07:00Z&until=1h&step=1h"},
    {"api/top.json", "/api/v1/stats/top?limit=5"},
    {"api/top_types.json", "/api/v1/stats/top?by=type"},
    {"api/queries.json", "/api/v1/queries?limit=7&site=home"},
    {"api/queries_filtered.json", "/api/v1/queries?limit=3&outcome=blocked&client=10.0.0.0/8"},
    {"api/ledger.json", "/api/v1/ledger"},
    {"api/overview.json", "/api/v1/overview?since=4h"},
    {"api/problem.json", "/api/v1/stats?frobnicate=%22"},
    {"api/openapi.json", "/api/v1/openapi.json"},
};

// Whether a value is of the type that a schema names.
bool is_of_type(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_number_integer();
  if (type == "boolean") return value.is_boolean();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

// The part of JSON Schema that the document uses. Where there are properties, no others may be.
class Validator {
 public:
  explicit Validator(const Json& document) : document_(document) {}

  bool accepts(const Json& schema, const Json& value) const {
    if (schema.contains("$ref")) {
      const auto target = schema["$ref"].get<std::string>().substr(1);
      return accepts(document_.at(Json::json_pointer(target)), value);
    }
    return has_type(schema["type"], value) && has_members(schema, value) &&
           has_items(schema, value);
  }

 private:
  static bool has_type(const Json& type, const Json& value) {
    if (type.is_string()) return is_of_type(value, type);
    return std::any_of(type.begin(), type.end(),
                       [&](const Json& one) { return is_of_type(value, one); });
  }
  bool has_members(const Json& schema, const Json& value) const {
    if (!value.is_object()) return true;
    for (const Json& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>())) return false;
    }
    if (!schema.contains("properties") && !schema.contains("additionalProperties")) return true;
    for (const auto& [name, member] : value.items()) {
      const Json properties = schema.value("properties", Json::object());
      const bool known = properties.contains(name);
      if (!known && !schema.contains("additionalProperties")) return false;
      if (!accepts(known ? properties[name] : schema["additionalProperties"], member)) return false;
    }
    return true;
  }
  bool has_items(const Json& schema, const Json& value) const {
    return !value.is_array() || std::all_of(value.begin(), value.end(), [&](const Json& item) {
      return accepts(schema["items"], item);
    });
  }

  const Json& document_;
};

Json schema_of(const Json& document, std::string_view target, int status) {
  const std::string path(target.substr(0, target.find('?')));
  const Json& responses = document["paths"][path]["get"]["responses"];
  const bool good = status == 200;
  return responses[good ? "200" : "default"]["content"]
                  [good ? "application/json" : "application/problem+json"]["schema"];
}

TEST_CASE_METHOD(ApiFixture, "answers are the golden files") {
  for (const Case& one : kCases) check_golden(one.file, as_bytes(ask(one.target).body));
}

TEST_CASE_METHOD(ApiFixture, "answers are as the OpenAPI document says") {
  const Json document = Json::parse(ask("/api/v1/openapi.json").body);
  const Validator validator(document);
  for (const Case& one : kCases) {
    const Answer answer = ask(one.target);
    CAPTURE(one.target);
    CHECK(validator.accepts(schema_of(document, one.target, answer.status),
                            Json::parse(answer.body)));
  }
}

TEST_CASE_METHOD(ApiFixture, "the validator can refuse") {
  const Json document = Json::parse(ask("/api/v1/openapi.json").body);
  const Validator validator(document);
  const Json schema = schema_of(document, "/api/v1/stats", 200);
  const Json good = Json::parse(ask("/api/v1/stats").body);
  for (const auto& [name, value] : good.items()) {
    Json bad = good;
    bad.erase(name);
    CHECK_FALSE(validator.accepts(schema, bad));
    bad[name] = Json::array({1});
    CHECK_FALSE(validator.accepts(schema, bad));
  }
  Json more = good;
  more["more"] = 1;
  CHECK_FALSE(validator.accepts(schema, more));
}

TEST_CASE_METHOD(ApiFixture, "every documented route and parameter is answered") {
  const Json document = Json::parse(ask("/api/v1/openapi.json").body);
  for (const auto& [path, item] : document["paths"].items()) {
    CHECK(ask(path).status == 200);
    for (const Json& reference : item["get"]["parameters"]) {
      const auto pointer = reference["$ref"].get<std::string>().substr(1);
      const Json& parameter = document.at(Json::json_pointer(pointer));
      if (!parameter.contains("example")) continue;  // a cursor comes from an answer
      request_.now_ms = 1'800'000'000'000;           // after every example's time
      std::string target = path + "?" + parameter["name"].get<std::string>() + "=";
      for (const char c : parameter["example"].get<std::string>()) {
        target += c == '/' ? "%2F" : std::string(1, c);
      }
      CAPTURE(target);
      CHECK(ask(target).status == 200);
    }
  }
}

}  // namespace
}  // namespace weir
