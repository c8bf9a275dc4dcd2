// The names that benches ask for: those of shared/data/top-domains.txt where it is present, most
// popular first; else none, and the generator makes its own.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "support/shared_data.h"

namespace weir::bench {

inline std::vector<std::string> popular_names() {
  std::vector<std::string> names;
  std::istringstream lines(test::read_shared_data("top-domains.txt").value_or(""));
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

}  // namespace weir::bench
