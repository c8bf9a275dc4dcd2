// Answers of the API as text for people. Times are UTC, and the text says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

// Precondition of all: `json` is an answer of the route with status 200.
std::string render_queries(std::string_view json);
std::string render_query_line(std::string_view json);  // one element of `queries`
std::string render_stats(std::string_view json);
std::string render_ledger(std::string_view json);
std::string render_top(std::string_view json);

// What the log has written to the disk today (noted once an hour), and a day.
std::string render_disk_writes(uint64_t today_bytes, uint64_t bytes_per_day);

// The detail of a problem document, and the parameter at fault as an option.
std::string render_problem(std::string_view json);

}  // namespace weir
