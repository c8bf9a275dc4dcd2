// Pages of /api/v1/queries, for the commands that read more than one.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "native/store/sqlite.h"

namespace weir {

// Newest first.
struct QueryPage {
  nlohmann::ordered_json queries;
  std::string cursor;     // to the next page; empty at the end
  bool complete = false;  // false: a segment could not be read
};
// kInvalid where the API calls the request wrong, with the API's words.
Result<QueryPage> read_query_page(SqliteDatabase& database, const std::string& target);

// The target with one more parameter, which is encoded already.
std::string with_parameter(const std::string& target, const std::string& parameter);

}  // namespace weir
