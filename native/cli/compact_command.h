// compact: makes the database as small as it gets, and prints what that did.
#pragma once

#include <string>

#include "native/cli/command_line.h"
#include "native/cli/print.h"

namespace weir {

// A line, or one JSON object.
int run_compact_command(const CommandLine& line, const std::string& data_dir, const Print& out,
                        const Print& error);

}  // namespace weir
