// The parameters of the API's routes: one table says their names, meaning and how their values are
// read. The parser and the OpenAPI document are both made from it, so that they cannot differ.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "weir/query.h"

namespace weir {

// What a request asks, checked.
struct ApiParameters {
  Filter filter;  // since_ms < until_ms
  size_t limit = kQueryLimitDefault;
  std::string cursor;
  int64_t step_ms = kHourMs;
  Summary::Top by = Summary::Top::kNames;
  // The ends of the window as given; parse_parameters() makes the filter's window of them.
  std::optional<int64_t> since_ms, until_ms;
};

// A set of parameters, one bit each in the order of parameter_specs().
using ParameterSet = uint32_t;
enum Parameter : ParameterSet {
  kSince = 1 << 0,
  kUntil = 1 << 1,
  kSite = 1 << 2,
  kDomain = 1 << 3,
  kContains = 1 << 4,
  kClient = 1 << 5,
  kType = 1 << 6,
  kRcode = 1 << 7,
  kOutcome = 1 << 8,
  kList = 1 << 9,
  kUpstream = 1 << 10,
  kLimit = 1 << 11,
  kCursor = 1 << 12,
  kStep = 1 << 13,
  kBy = 1 << 14,
};
inline constexpr ParameterSet kWindow = kSince | kUntil | kSite;
inline constexpr ParameterSet kFilters =
    kDomain | kContains | kClient | kType | kRcode | kOutcome | kList | kUpstream;

struct ParameterSpec {
  std::string_view name;
  bool repeatable;           // several values are alternatives
  std::string_view schema;   // JSON Schema of one value
  std::string_view meaning;  // a sentence for the OpenAPI document
  std::string_view example;  // a value that is valid
  // Checks `value` and stores it. `now_ms` is what durations count back from.
  Status (*set)(std::string_view value, int64_t now_ms, ApiParameters* out);
};
std::span<const ParameterSpec> parameter_specs();

// Why a request is refused.
struct ParameterFault {
  std::string_view code;  // "unknown_parameter" or "bad_value"
  std::string parameter;
  std::string detail;
};
// Reads a query string of which only `allowed` parameters may be given. Nothing on success.
std::optional<ParameterFault> parse_parameters(std::string_view query_string, ParameterSet allowed,
                                               int64_t now_ms, ApiParameters* out);

}  // namespace weir
