// Small files that are read and replaced as a whole, so that there is never half of one.
#pragma once

#include <string>

#include "weir/status.h"

namespace weir {

// Empty if there is none; kUnavailable if it cannot be read, and then it may well be there.
Result<std::string> read_small_file(const std::string& path);

// Writes a new file beside the old one, which takes its name when it is on the disk.
Status replace_small_file(const std::string& path, const std::string& text);

}  // namespace weir
