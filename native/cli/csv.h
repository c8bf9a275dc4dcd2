// A cell of CSV (RFC 4180; our lines end with a line feed alone).
#pragma once

#include <string>

namespace weir {

// Quoted where it has to be.
std::string csv_cell(const std::string& text);

}  // namespace weir
