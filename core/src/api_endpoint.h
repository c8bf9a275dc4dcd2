// Endpoints: what each route of the API reads and how it writes it.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "api_parameters.h"
#include "weir/api.h"
#include "weir/json.h"

namespace weir {

// One request that is being answered.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // What to read next; null when all is read. The operation must not outlive the endpoint.
  virtual OperationPtr next_reading() = 0;
  // The answer's one JSON value.
  virtual void write(JsonWriter* json) const = 0;
  // Whether the answer lacks segments that fail their checks.
  virtual bool met_damage() const { return false; }
};

struct ApiRoute {
  std::string_view path;
  std::string_view name;     // of the operation in the OpenAPI document
  std::string_view summary;  // a sentence for it
  std::string_view schema;   // of the answer, by name; empty: any object
  ParameterSet parameters = 0;
  bool is_public = false;              // answered without a token
  std::string_view parameter_of_size;  // to blame when an answer would be too large
  std::unique_ptr<Endpoint> (*make)(const ApiRequest& request, ApiParameters parameters) = nullptr;
};
std::span<const ApiRoute> api_routes();

// The OpenAPI 3.1 document of those routes, parameters and schemas.
std::string openapi_document();

}  // namespace weir
