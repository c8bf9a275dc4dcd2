// Answers of the API as text for people. Times are UTC, and the text says so.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// Precondition of all: `json` is an answer of the route with status 200.
std::string render_queries(std::string_view json);
std::string render_stats(std::string_view json);
std::string render_ledger(std::string_view json);
std::string render_top(std::string_view json);

// The detail of a problem document, and the parameter at fault as an option.
std::string render_problem(std::string_view json);

}  // namespace weir
